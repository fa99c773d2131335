//! The state check of debug builds.
//!
//! What lives here: whether registers, entries, lanes and masks agree. Invariant: it changes
//! nothing.

use super::Compiler;
use super::register::Registers;
use super::value::{NONE, Value};

impl Compiler<'_> {
    /// Panics if the model contradicts itself.
    pub(crate) fn check(&self) {
        if !self.reachable {
            return;
        }
        let lanes = &self.regions.lanes[self.state.region as usize];
        assert!(self.state.dirty.without(self.state.valid).is_empty(), "dirty lanes are valid");
        assert!(self.state.valid.without(lanes.pinned).is_empty(), "valid lanes are pinned");
        assert!(self.temporaries.and(lanes.pinned).is_empty(), "no temporary is a lane");
        assert!(self.free.without(self.temporaries).is_empty(), "what is free is a temporary");
        for lane in lanes.pinned {
            let local = &self.locals[lanes.local[lane.index()] as usize];
            assert_eq!(local.lane, Some(lane), "a local knows its lane");
            assert_eq!(local.kind.is_float(), !lane.is_gpr(), "a lane is of its local's file");
        }
        let vectors = self.temporaries.and(Registers::XMM);
        assert!(self.kept.without(vectors).is_empty(), "what is kept is in a temporary");
        let mut held = Registers::NONE;
        let mut height = 0;
        for (at, entry) in self.stack.iter().enumerate() {
            assert_eq!(entry.height, height, "heights agree with types");
            height += entry.kind.slots();
            match entry.value {
                Value::Reg(register) => {
                    assert!(!held.has(register), "a register has one owner");
                    assert!(self.temporaries.has(register), "entries are in temporaries");
                    assert!(!self.free.has(register), "what an entry is in is not free");
                    assert_eq!(self.owner[register.index()] as usize, at, "it knows its entry");
                    assert_eq!(register.is_gpr(), !entry.kind.is_float(), "files agree");
                    held = held.or(register.set());
                }
                Value::Local { local, .. } => {
                    assert_eq!(self.locals[local as usize].kind, entry.kind, "types agree");
                    assert_ne!(self.locals[local as usize].head, NONE, "it is in the chain");
                }
                Value::Pending => {
                    assert_eq!(self.pending_at as usize, at, "one expression waits");
                    for operand in [&self.pending.a, &self.pending.b] {
                        held = held.or(Self::held(operand));
                    }
                }
                Value::Const(_) | Value::Slot => {}
            }
        }
        assert_eq!(self.height, height, "heights agree with types");
        let taken = self.temporaries.without(self.free);
        assert_eq!(taken, held, "what nobody has is free");
    }
}
