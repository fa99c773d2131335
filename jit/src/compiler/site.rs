//! What is placed behind the code: ways out of it, and edges that conditional branches take.
//!
//! What lives here: stubs, and where the code is left. What does not: the routines of the engine
//! that are called. Invariant: each way out has a call of its own, whose return address names it.

use core::mem::offset_of;

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_ops::Trap;
use wasmtier_vm::{BuiltinTable, NativeStubs, Status, VmCtx};
use wasmtier_x64::{Gpr, Mem, Width};

use super::edge::Moves;
use super::frame::context;
use super::indirect::Lookup;
use super::{Compiler, Visit};
use crate::compile::{Site, Start};

/// Code that is out of the way.
#[derive(Debug)]
pub(crate) enum Stub {
    /// Brings lanes into the state that a label wants.
    Edge { at: DynamicLabel, moves: Moves, to: DynamicLabel },
    /// Leaves by a trap.
    Trap { at: DynamicLabel, trap: Trap, offset: u64 },
    /// There is no room for the frame, or the guest is to stop.
    Refuse { at: DynamicLabel },
    /// An access to memory 0 was not within the length.
    OutOfBounds { exit: DynamicLabel, again: DynamicLabel, shared: bool, offset: u64 },
    /// A function in a table is not what was hoped for.
    Resolve(Lookup),
    /// A function of another instance.
    CallOther { at: DynamicLabel, back: DynamicLabel, offset: u64, callee_top: u32 },
    /// The distances of a jump table.
    Table { at: DynamicLabel, targets: Vec<DynamicLabel> },
}

/// Where the code is left.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    list: Vec<Site>,
    /// How many accesses to memory are among them.
    faults: usize,
    /// Where operators begin.
    pub(crate) starts: Vec<Start>,
}

impl Sites {
    pub(crate) fn take(&mut self, wanted: bool) -> Vec<Site> {
        let mut sites = core::mem::take(&mut self.list);
        if !wanted {
            return Vec::new();
        }
        sites.sort_by_key(|site| site.offset);
        sites
    }
}

/// A routine of the engine, through the table whose address is in a register.
pub(crate) fn native(table: Gpr, routine: usize) -> Mem {
    Mem::new(table, (offset_of!(BuiltinTable, native) + routine) as i32)
}

impl Compiler<'_> {
    /// Notes that the call which was just emitted is left, or calls.
    pub(crate) fn note_site(&mut self, wasm_offset: u64, callee_top: Option<u32>) {
        if self.options.sites {
            let offset = self.code.len() as u32;
            self.sites.list.push(Site { offset, wasm_offset, callee_top });
        }
    }

    /// Notes that the code of the operator at hand begins here.
    pub(crate) fn note_start(&mut self) {
        if self.options.sites {
            let start = Start { offset: self.code.len() as u32, wasm_offset: self.offset };
            self.sites.starts.push(start);
        }
    }

    /// Gives each trap that the operator at hand jumps to a stub of its own, and notes its accesses
    /// to memory.
    pub(crate) fn collect_traps(&mut self) {
        let offset = self.offset;
        for (trap, at) in self.exits.take_traps() {
            self.stubs.push(Stub::Trap { at, trap, offset });
        }
        if self.options.sites {
            for &fault in &self.exits.faults()[self.sites.faults..] {
                let offset = fault as u32;
                self.sites.list.push(Site { offset, wasm_offset: self.offset, callee_top: None });
            }
            self.sites.faults = self.exits.faults().len();
        }
    }

    /// Leaves by a trap.
    pub(crate) fn trap(&mut self, trap: Trap) -> Visit {
        self.settle_pending();
        let (at, offset) = (self.code.new_dynamic_label(), self.offset);
        self.code.jmp(at);
        self.stubs.push(Stub::Trap { at, trap, offset });
        self.reachable = false;
        self.after()
    }

    /// Loads the address of the table of routines.
    pub(crate) fn load_routines(&mut self, to: Gpr) {
        self.code.mov(Width::W64, to, context(offset_of!(VmCtx, builtins)));
    }

    /// Calls a routine by way of the scratch register.
    pub(crate) fn call_native(&mut self, routine: usize) {
        self.load_routines(Gpr::R11);
        self.code.call_to(native(Gpr::R11, routine));
    }

    /// Places all stubs here, behind the last operator.
    pub(crate) fn place_stubs(&mut self) {
        let mut leaves: Vec<(Trap, DynamicLabel)> = Vec::new();
        let mut tables = Vec::new();
        for stub in core::mem::take(&mut self.stubs) {
            match stub {
                Stub::Edge { at, moves, to } => {
                    self.code.dynamic_label(at);
                    self.emit_moves(moves);
                    self.code.jmp(to);
                }
                Stub::Trap { at, trap, offset } => {
                    self.code.dynamic_label(at);
                    self.leave(&mut leaves, trap, offset);
                }
                Stub::Refuse { at } => {
                    self.code.dynamic_label(at);
                    self.call_native(offset_of!(NativeStubs, refuse));
                }
                Stub::OutOfBounds { exit, again, shared, offset } => {
                    self.code.dynamic_label(exit);
                    if shared {
                        self.call_native(offset_of!(NativeStubs, out_of_bounds));
                        self.note_site(offset, None);
                        self.code.jmp(again);
                    } else {
                        self.leave(&mut leaves, Trap::MemoryOutOfBounds, offset);
                    }
                }
                Stub::Resolve(lookup) => self.resolve(&lookup),
                Stub::CallOther { at, back, offset, callee_top } => {
                    self.code.dynamic_label(at);
                    self.load_routines(Gpr::Rax);
                    self.code.call_to(native(Gpr::Rax, offset_of!(NativeStubs, call_other)));
                    self.note_site(offset, Some(callee_top));
                    self.code.jmp(back);
                }
                Stub::Table { at, targets } => tables.push((at, targets)),
            }
        }
        for (trap, label) in leaves {
            self.code.dynamic_label(label);
            self.code.mov_imm(Gpr::Rax, Status::trap(trap).to_bits());
            self.load_routines(Gpr::R11);
            self.code.jmp_to(native(Gpr::R11, offset_of!(NativeStubs, trap)));
        }
        // Behind all instructions, as constants are.
        for (at, targets) in tables {
            self.code.align_with_nops(4);
            self.code.dynamic_label(at);
            for (index, target) in targets.into_iter().enumerate() {
                self.code.table_entry(target, index);
            }
        }
    }

    /// A site of a trap: its call names it, and goes to where all sites of the same trap go.
    fn leave(&mut self, leaves: &mut Vec<(Trap, DynamicLabel)>, trap: Trap, offset: u64) {
        let label = match leaves.iter().find(|(known, _)| *known == trap) {
            Some((_, label)) => *label,
            None => {
                let label = self.code.new_dynamic_label();
                leaves.push((trap, label));
                label
            }
        };
        self.code.call(label);
        self.note_site(offset, None);
    }
}
