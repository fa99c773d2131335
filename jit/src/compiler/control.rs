//! Blocks.
//!
//! What lives here: how blocks begin and end. What does not: branches (`branch`), and the lanes on
//! edges (`edge`). Invariant: at a label, entries below the block are where they were when it
//! began; a single value of the label is in the result register of its kind, several are in their
//! slots.

use core::mem::offset_of;

use dynasmrt::DynamicLabel;
use wasmparser::BlockType;
use wasmtier_ops::Trap;
use wasmtier_vm::{FuncType, TypeIdx, ValType, VmCtx};
use wasmtier_x64::{Alu, Cond, Width};

use super::frame::context;
use super::lanes::State;
use super::register::{Register, Registers};
use super::site::Stub;
use super::value::{Kind, Value};
use super::{Compiler, Visit, val_type};
use crate::compile::CompileError;

/// The parameters and results of a block.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Signature {
    Empty,
    Result(ValType),
    Type(TypeIdx),
}

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum BlockKind {
    /// Branches to it return.
    Body,
    Block,
    Loop,
    /// The label of its `else` part, and the lanes there.
    If(DynamicLabel, State),
    Else,
}

/// An open block.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Control {
    pub(crate) kind: BlockKind,
    pub(crate) signature: Signature,
    /// Where branches to it go.
    pub(crate) label: DynamicLabel,
    /// Whether any does.
    pub(crate) used: bool,
    /// Whose lanes are those at the label, and what is in them, once decided.
    pub(crate) region: u32,
    pub(crate) state: Option<State>,
    /// How many entries lie below its parameters, and their height.
    pub(crate) base: usize,
    pub(crate) height: u32,
    /// Whose lanes are those behind it.
    pub(crate) outside: u32,
    /// The jump table that last went to it, and where that goes.
    pub(crate) table: u32,
    pub(crate) stub: DynamicLabel,
}

/// The types of a signature.
pub(crate) struct Types<'m> {
    func: Option<&'m FuncType>,
    single: [ValType; 1],
    has_single: bool,
}

impl Types<'_> {
    pub(crate) fn params(&self) -> &[ValType] {
        self.func.map_or(&[], FuncType::params)
    }

    pub(crate) fn results(&self) -> &[ValType] {
        match self.func {
            Some(func) => func.results(),
            None if self.has_single => &self.single,
            None => &[],
        }
    }
}

impl<'m> Compiler<'m> {
    /// The body as a block.
    pub(crate) fn open_body(&mut self) {
        let signature = Signature::Type(self.module.funcs[self.func.index()]);
        self.push_control(BlockKind::Body, signature, 0);
    }

    fn signature(ty: BlockType) -> Result<Signature, Box<CompileError>> {
        Ok(match ty {
            BlockType::Empty => Signature::Empty,
            BlockType::Type(ty) => {
                Signature::Result(val_type(ty).ok_or(CompileError::Unsupported { what: "gc" })?)
            }
            BlockType::FuncType(ty) => Signature::Type(TypeIdx(ty)),
        })
    }

    pub(crate) fn types(&self, signature: Signature) -> Types<'m> {
        let (func, single) = match signature {
            Signature::Empty => (None, None),
            Signature::Result(ty) => (None, Some(ty)),
            Signature::Type(ty) => (Some(&self.module.types[ty.index()]), None),
        };
        Types { func, single: [single.unwrap_or(ValType::I32)], has_single: single.is_some() }
    }

    /// Opens a block whose topmost `params` entries are its parameters.
    fn push_control(&mut self, kind: BlockKind, signature: Signature, params: usize) {
        let label = self.code.new_dynamic_label();
        let base = self.stack.len() - params;
        let height = self.stack.get(base).map_or(self.height, |entry| entry.height);
        self.controls.push(Control {
            kind,
            signature,
            label,
            used: false,
            region: self.state.region,
            state: None,
            base,
            height,
            outside: self.state.region,
            table: 0,
            stub: label,
        });
    }

    pub(crate) fn block(&mut self, ty: BlockType) -> Visit {
        let signature = Self::signature(ty)?;
        let params = self.types(signature).params().len();
        self.flush(params);
        self.push_control(BlockKind::Block, signature, params);
        self.after()
    }

    pub(crate) fn if_(&mut self, ty: BlockType) -> Visit {
        let signature = Self::signature(ty)?;
        let params = self.types(signature).params().len();
        self.settle_below(1);
        let condition = self.pop_condition();
        self.flush(params);
        let test = self.test(&condition);
        let other = self.code.new_dynamic_label();
        test.not().jump(&mut self.lowering(), other);
        let kind = BlockKind::If(other, self.state);
        self.push_control(kind, signature, params);
        self.after()
    }

    pub(crate) fn loop_(&mut self, ty: BlockType) -> Visit {
        let signature = Self::signature(ty)?;
        let params = self.types(signature).params().len();
        self.flush(params);
        let region = self.region_of_loop();
        let outside = self.state.region;
        self.change_region(region);
        self.fill_lanes();
        self.push_control(BlockKind::Loop, signature, params);
        let control = self.controls.last_mut().expect("a block was opened");
        control.state = Some(self.state);
        control.outside = outside;
        let label = control.label;
        self.code.align_with_nops(16);
        self.bind(label);
        self.note_loop();
        self.check_for_interrupt();
        self.after()
    }

    /// Notes that somebody may come here with all values in slots.
    fn note_loop(&mut self) {
        let (locals, lanes) = (&self.locals, &self.regions.lanes[self.state.region as usize]);
        let place = |lane: Register| locals[lanes.local[lane.index()] as usize].place(lane);
        let code_offset = self.code.len() as u32;
        self.loops.add(self.offset, code_offset, self.state.valid.map(place));
    }

    /// The lanes of the loop that begins here.
    fn region_of_loop(&mut self) -> u32 {
        // The prescan may have seen loops that cannot be reached.
        while self.scan.regions[self.next_region].offset != self.offset {
            self.next_region += 1;
        }
        self.regions.of_region[self.next_region]
    }

    /// Decides the state at the label of a loop, and brings the lanes into it.
    fn fill_lanes(&mut self) {
        let lanes = &self.regions.lanes[self.state.region as usize];
        let lasting = if lanes.calls { Registers::PRESERVED } else { Self::all_lanes() };
        let (set, pinned) = (lanes.set, lanes.pinned);
        let valid = lanes.used.and(lasting.or(lanes.early)).or(self.state.valid.and(lasting));
        let valid = valid.and(pinned);
        self.flush_lanes(Self::all_lanes().without(valid));
        for lane in valid.without(self.state.valid) {
            let local = self.local_of(lane);
            self.read_lane(local);
        }
        self.state.dirty = self.state.dirty.or(set).and(valid);
    }

    /// Leaves if somebody wants the guest to stop.
    fn check_for_interrupt(&mut self) {
        let limit = context(offset_of!(VmCtx, stack_limit));
        self.code.alu_imm(Alu::Cmp, Width::W64, limit, -1);
        let at = self.code.new_dynamic_label();
        self.code.jcc(Cond::E, at);
        self.stubs.push(Stub::Trap { at, trap: Trap::Interrupt, offset: self.offset });
    }

    pub(crate) fn else_(&mut self) -> Visit {
        let control = *self.controls.last().expect("an else is in a block");
        let BlockKind::If(other, state) = control.kind else {
            unreachable!("an else is in an if");
        };
        let at = self.controls.len() - 1;
        if self.reachable {
            self.carry(at);
            self.fall_to(at);
            self.code.jmp(control.label);
        }
        self.controls[at].kind = BlockKind::Else;
        self.bind(other);
        self.resume(state, &control);
        for ty in self.types(control.signature).params() {
            self.push(Kind::of(*ty), Value::Slot)?;
        }
        self.flushed = self.stack.len();
        self.after()
    }

    /// Goes on at a label inside a block, with nothing of the block on the stack.
    fn resume(&mut self, state: State, control: &Control) {
        self.truncate(control.base, control.height);
        if state.region != self.state.region {
            self.switch_region(state.region);
        }
        self.state = state;
        self.flushed = control.base;
        self.reachable = true;
    }

    pub(crate) fn end(&mut self) -> Visit {
        let at = self.controls.len() - 1;
        let control = self.controls[at];
        match control.kind {
            BlockKind::Body => self.end_body(),
            BlockKind::Loop => self.end_loop(&control),
            BlockKind::Block | BlockKind::Else => self.end_block(at),
            BlockKind::If(other, state) => {
                if self.types(control.signature).params().is_empty() {
                    self.end_if(at, other, state)
                } else {
                    self.else_()?;
                    self.end_block(at)
                }
            }
        }
    }

    fn end_body(&mut self) -> Visit {
        if self.reachable {
            self.carry(0);
        }
        let control = self.controls[0];
        if control.used {
            self.bind(control.label);
            self.reachable = true;
        }
        if self.reachable {
            self.return_();
        }
        self.controls.pop();
        self.truncate(0, 0);
        self.reachable = false;
        self.after()
    }

    /// A block whose label nobody uses leaves its values as they are.
    fn end_block(&mut self, at: usize) -> Visit {
        let control = self.controls[at];
        if control.used {
            if self.reachable {
                self.carry(at);
                self.fall_to(at);
            }
            self.bind(control.label);
            self.arrive(at)?;
        }
        self.controls.pop();
        self.after()
    }

    /// An `if` without an `else`, parameters and results.
    fn end_if(&mut self, at: usize, other: DynamicLabel, state: State) -> Visit {
        let control = self.controls[at];
        if !control.used {
            // Both ways meet here: what the way around has is what the label wants.
            self.controls[at].state = Some(state);
            if self.reachable {
                self.fall_to(at);
            }
            self.bind(other);
            self.controls[at].used = true;
            self.arrive(at)?;
            self.controls.pop();
            return self.after();
        }
        if self.reachable {
            self.fall_to(at);
            self.code.jmp(control.label);
        }
        self.bind(other);
        self.resume(state, &control);
        self.fall_to(at);
        self.bind(control.label);
        self.arrive(at)?;
        self.controls.pop();
        self.after()
    }

    /// Goes on at the label of a block, which was just placed.
    fn arrive(&mut self, at: usize) -> Visit {
        let control = self.controls[at];
        let state = control.state.expect("the first edge decides the state");
        self.resume(state, &control);
        self.push_carried(control.signature)
    }

    fn push_carried(&mut self, signature: Signature) -> Visit {
        let types = self.types(signature);
        match types.results() {
            [] => {}
            [ty] => {
                let kind = Kind::of(*ty);
                let register = kind.result();
                self.take(register);
                self.push_register(kind, register)?;
            }
            several => {
                for ty in several {
                    self.push(Kind::of(*ty), Value::Slot)?;
                }
            }
        }
        Ok(())
    }

    /// Behind a loop the lanes are those around it.
    fn end_loop(&mut self, control: &Control) -> Visit {
        let outside = control.outside;
        if self.reachable && outside != self.state.region {
            self.carry_results(control.signature, control.height);
            self.change_region(outside);
            self.truncate(control.base, control.height);
            self.push_carried(control.signature)?;
        }
        self.controls.pop();
        self.after()
    }
}
