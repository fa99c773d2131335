//! Calls.
//!
//! What lives here: arguments to their places, what a call leaves of the model, results. What does
//! not: which function it is, when a table says so (`indirect`). Invariant: at a call every entry
//! below the arguments is in its slots, or needs none, and no volatile lane is valid behind it.

use core::mem::offset_of;

use wasmtier_vm::{FuncEntry, FuncIdx, FuncImport, FuncType, NativeStubs, VmCtx};
use wasmtier_x64::lower::Constraint;
use wasmtier_x64::{Alu, Gpr, Mem, Width, lower};

use super::expression::{Expression, Shape};
use super::frame::TOP;
use super::parallel::Move;
use super::register::{Register, Registers};
use super::site::native;
use super::value::{Entry, Kind, NONE, Value};
use super::{Compiler, Visit};
use crate::convention::{Place, arguments, results};

/// Buffers for passing arguments.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    places: Vec<Place>,
    arguments: Vec<(Entry, Place)>,
    moves: Vec<Move>,
}

impl Compiler<'_> {
    pub(crate) fn call(&mut self, func: FuncIdx) -> Visit {
        let module = self.module;
        let ty = module.func_type(func);
        self.pass_arguments(ty, Registers::NONE);
        let callee_top = self.enter_callee();
        match module.defined_func(func) {
            Some(_) if func == self.func => self.code.call(self.entry),
            Some(defined) => {
                self.load_entry(defined);
                self.code.call_to(reg_entry());
            }
            None => {
                self.load_import(func);
                self.load_routines(Gpr::Rax);
                self.code.call_to(native(Gpr::Rax, offset_of!(NativeStubs, call_other)));
            }
        }
        self.note_site(self.offset, Some(callee_top));
        self.leave_callee(callee_top);
        self.push_results(ty)?;
        self.after()
    }

    /// Makes the scratch register the entry of a function of the module.
    pub(crate) fn load_entry(&mut self, defined: u32) {
        self.load_context(Gpr::R11, offset_of!(VmCtx, code_table));
        let distance = defined as usize * size_of::<FuncEntry>();
        if distance > 0 {
            self.code.alu_imm(Alu::Add, Width::W64, Gpr::R11, distance as i32);
        }
    }

    /// Makes the scratch register the entry of an imported function, and `rcx` its context.
    pub(crate) fn load_import(&mut self, func: FuncIdx) {
        let at = func.index() * size_of::<FuncImport>();
        let field = |field: usize| Mem::new(Gpr::R11, (at + field) as i32);
        self.load_context(Gpr::R11, offset_of!(VmCtx, imported_funcs));
        self.code.mov(Width::W64, Gpr::Rcx, field(offset_of!(FuncImport, vmctx)));
        self.code.mov(Width::W64, Gpr::R11, field(offset_of!(FuncImport, entry)));
    }

    /// Makes the callee's top that of the frame, and says how far down it is.
    pub(crate) fn enter_callee(&mut self) -> u32 {
        let callee_top = self.frame.below(self.height);
        self.code.lea(Width::W64, TOP, Mem::new(TOP, -(callee_top as i32)));
        callee_top
    }

    pub(crate) fn leave_callee(&mut self, callee_top: u32) {
        self.code.lea(Width::W64, TOP, Mem::new(TOP, callee_top as i32));
    }

    /// Pops the arguments of a function to where it takes them, and everything else out of the way
    /// of the call, but for the temporaries in `held`, which the caller holds.
    pub(crate) fn pass_arguments(&mut self, ty: &FuncType, held: Registers) {
        let params = ty.params().len();
        let base = self.stack.len() - params;
        if !self.can_compute_last(params, held) {
            self.settle_pending();
        }
        let mut last = None;
        let Passing { mut places, arguments: mut passed, moves } =
            core::mem::take(&mut self.passing);
        places.extend(arguments(ty));
        for place in places.drain(..).rev() {
            let entry = self.pop_lazy();
            if entry.value == Value::Pending {
                last = Some((self.take_pending(), entry, place));
                continue;
            }
            if place.register.is_none() {
                self.store_at(&entry, entry.height);
                self.release(&entry);
            } else {
                passed.push((entry, place));
            }
        }
        debug_assert_eq!(self.stack.len(), base, "arguments are popped");
        self.spill_all();
        for lane in self.state.dirty.and(Registers::VOLATILE) {
            self.store_lane(lane);
        }
        // Arguments go to registers that nobody took.
        self.kept = Registers::NONE;
        if let Some((expression, entry, place)) = last {
            self.pass_last(&expression, entry, place, &mut passed);
        }
        self.passing = Passing { places, arguments: passed, moves };
        self.pass_registers();
        self.state.valid = self.state.valid.without(Registers::VOLATILE);
        self.state.dirty = self.state.dirty.and(self.state.valid);
        self.free = self.temporaries.without(held);
        self.kept = Registers::NONE;
    }

    /// Whether the last argument may wait until the others were popped: there must be room to
    /// compute it then.
    fn can_compute_last(&self, params: usize, held: Registers) -> bool {
        let is_last = params > 0 && self.pending_at as usize + 1 == self.stack.len();
        let simple = match self.pending.shape {
            Shape::Binary(op) | Shape::Compare { op, .. } => {
                lower::constraint(op, self.options.cpu) == Constraint::None
            }
            Shape::Unary(_)
            | Shape::Nonzero { .. }
            | Shape::ScaledSum { .. }
            | Shape::Fused { .. }
            | Shape::Load { .. }
            | Shape::Vector { .. }
            | Shape::LoadVector { .. } => true,
        };
        let free = self.free.without(held);
        let room = free.and(Registers::GPR).len() > 1 && free.and(Registers::XMM).len() > 1;
        self.pending_at != NONE && is_last && simple && room
    }

    /// Computes the last argument, into its register if no other argument is there.
    fn pass_last(
        &mut self,
        expression: &Expression,
        entry: Entry,
        place: Place,
        arguments: &mut Vec<(Entry, Place)>,
    ) {
        let to = place.register.map(Register::from);
        let is_source = |compiler: &Self, to: Register| {
            arguments.iter().any(|(entry, _)| compiler.source(entry) == Some(to))
        };
        match to {
            Some(to) if !is_source(self, to) => {
                self.emit(expression, Some(to));
                // It may have been the lane of a local, which is in its home by now.
                self.state.valid = self.state.valid.without(to.set());
            }
            Some(_) => {
                let register = self.emit(expression, None);
                arguments.push((Entry { value: Value::Reg(register), ..entry }, place));
            }
            None => {
                let register = self.emit(expression, None);
                let entry = Entry { value: Value::Reg(register), ..entry };
                self.store_at(&entry, entry.height);
                self.release(&entry);
            }
        }
    }

    /// The register that a computed operand is in.
    fn source(&self, entry: &Entry) -> Option<Register> {
        match entry.value {
            Value::Reg(register) => Some(register),
            Value::Local { local, .. } => {
                self.lane(local).filter(|lane| self.state.valid.has(*lane))
            }
            Value::Const(_) | Value::Slot | Value::Pending => None,
        }
    }

    /// Moves arguments to their registers: first from registers, then what needs none.
    fn pass_registers(&mut self) {
        let Passing { places, mut arguments, mut moves } = core::mem::take(&mut self.passing);
        let register = |place: &Place| {
            Register::from(place.register.expect("arguments without one are in their slots"))
        };
        for (entry, place) in &arguments {
            if let Some(from) = self.source(entry) {
                moves.push(Move { to: register(place), from, kind: entry.kind });
            }
        }
        self.move_all(&mut moves);
        // What is loaded now is read from homes, whatever the moves have overwritten.
        for (entry, place) in &arguments {
            if self.source(entry).is_none() {
                self.load(entry, register(place));
            }
        }
        arguments.clear();
        self.passing = Passing { places, arguments, moves };
    }

    /// Puts every entry into its slots that is in a temporary.
    pub(crate) fn spill_all(&mut self) {
        for register in self.temporaries.without(self.free) {
            let owner = self.owner[register.index()];
            if owner != NONE {
                self.spill(owner as usize);
            }
        }
    }

    /// Pushes the results of a call.
    pub(crate) fn push_results(&mut self, ty: &FuncType) -> Visit {
        self.free = self.temporaries;
        self.kept = Registers::NONE;
        for place in results(ty) {
            let kind = Kind::of(place.ty);
            match place.register.map(Register::from) {
                Some(register) => {
                    self.take(register);
                    self.push_register(kind, register)?;
                }
                None => self.push(kind, Value::Slot)?,
            }
        }
        Ok(())
    }
}

/// Where the function begins whose entry is in the scratch register.
pub(crate) fn reg_entry() -> Mem {
    Mem::new(Gpr::R11, offset_of!(FuncEntry, reg_entry) as i32)
}
