//! Temporaries: who gets one, and who has to give one up.
//!
//! What lives here: allocation. What does not: lanes. Invariant: a temporary is free, or an entry's
//! of the stack, which knows it, or in the hands of the operator at hand. It never fails: of the
//! three of each file an operator holds at most two when it asks for another.

use super::Compiler;
use super::register::{Register, Registers};
use super::value::{Entry, Kind, NONE, Value};

impl Compiler<'_> {
    /// A temporary for a value of `kind`.
    pub(crate) fn allocate(&mut self, kind: Kind) -> Register {
        self.allocate_in(kind.file())
    }

    /// A temporary out of `class`.
    pub(crate) fn allocate_in(&mut self, class: Registers) -> Register {
        let free = self.free.and(class);
        let register = match free.without(self.kept).first().or(free.first()) {
            Some(register) => register,
            None => self.spill_deepest(class),
        };
        self.take(register);
        register
    }

    /// The temporary `hint` if it is free, else any.
    pub(crate) fn allocate_near(&mut self, kind: Kind, hint: Option<Register>) -> Register {
        match hint {
            Some(hint) if self.free.and(kind.file()).has(hint) => {
                self.take(hint);
                hint
            }
            Some(_) | None => self.allocate(kind),
        }
    }

    /// Takes this very temporary. Its entry moves elsewhere; it must not be in the hands of the
    /// operator. Leaves the flags.
    pub(crate) fn claim(&mut self, register: Register) {
        if !self.free.has(register) {
            let owner = self.owner[register.index()] as usize;
            let kind = self.stack[owner].kind;
            match self.free.and(kind.file()).first() {
                Some(other) => {
                    self.copy(kind, other, register);
                    self.take(other);
                    self.own(owner, other);
                    self.owner[register.index()] = NONE;
                }
                None => self.spill(owner),
            }
        }
        self.take(register);
    }

    /// Makes a free temporary one that is about to be written.
    pub(crate) fn take(&mut self, register: Register) {
        self.free = self.free.without(register.set());
        self.kept = self.kept.without(register.set());
    }

    /// Notes that a temporary holds what was just stored to the home of a local, or loaded from it.
    /// General purpose registers are written in too many places to tell.
    pub(crate) fn keep(&mut self, register: Register, local: u32) {
        if !register.is_gpr() {
            self.kept = self.kept.or(register.set());
            self.kept_local[register.index()] = local;
        }
    }

    /// The temporary, free or not, that holds the value of a local without a lane.
    pub(crate) fn kept(&self, local: u32) -> Option<Register> {
        { self.kept }.find(|register| self.kept_local[register.index()] == local)
    }

    /// Notes that a local without a lane is written.
    pub(crate) fn forget(&mut self, local: u32) {
        while let Some(register) = self.kept(local) {
            self.kept = self.kept.without(register.set());
        }
    }

    /// Gives a temporary back.
    pub(crate) fn release_register(&mut self, register: Register) {
        debug_assert!(self.temporaries.has(register), "only temporaries are given back");
        self.free = self.free.or(register.set());
    }

    /// Gives back what a popped entry holds.
    pub(crate) fn release(&mut self, entry: &Entry) {
        if let Value::Reg(register) = entry.value {
            self.release_register(register);
        }
    }

    /// Makes `register` the temporary of the entry at `at`.
    pub(crate) fn own(&mut self, at: usize, register: Register) {
        self.stack[at].value = Value::Reg(register);
        self.owner[register.index()] = at as u32;
    }

    /// Puts the entry at `at`, which is in a register, into its slots; leaves the flags.
    pub(crate) fn spill(&mut self, at: usize) {
        let entry = self.stack[at];
        let register = entry.register().expect("a spilled entry is in a register");
        let home = self.frame.temporary(entry.height, entry.kind);
        self.store_home(entry.kind, home, register);
        self.stack[at].value = Value::Slot;
        self.owner[register.index()] = NONE;
        self.release_register(register);
        self.counters.spills += 1;
    }

    /// Frees a temporary out of `class`: that of the deepest entry, which is asked for last.
    fn spill_deepest(&mut self, class: Registers) -> Register {
        let owned = self.temporaries.without(self.free).and(class);
        let owned = owned.filter(|register| self.owner[register.index()] != NONE);
        let deepest = owned.min_by_key(|register| self.owner[register.index()]);
        let register = deepest.expect("operators hold few temporaries at once");
        self.spill(self.owner[register.index()] as usize);
        register
    }
}
