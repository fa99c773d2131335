//! Operators that yield integers of 128 bits: the low half below the high one.
//!
//! Invariant: operands that find no register are read from their slots.

use wasmtier_ops::WideOp;
use wasmtier_x64::lower::{self, Operand};

use super::register::Register;
use super::value::{Entry, Kind, Value};
use super::{Compiler, Visit};

/// Where a product is, and where it is made.
const BOTH: [Register; 2] = [Register::RAX, Register::RDX];

impl Compiler<'_> {
    pub(crate) fn wide(&mut self, op: WideOp) -> Visit {
        let count = op.shape().operands();
        self.settle_below(count);
        let mut entries: Vec<Entry> = (0..count).map(|_| self.pop()).collect();
        entries.reverse();
        let known: Option<Vec<u64>> = entries.iter().map(Entry::constant).collect();
        if let Some(known) = known {
            for half in op.eval(&known) {
                self.push(Kind::I64, Value::Const(half))?;
            }
            return self.after();
        }
        let operands: Vec<Operand> =
            entries.iter_mut().map(|entry| self.without_allocation(entry)).collect();
        let product = lower::wide_needs_rax_rdx(op);
        if product {
            let held = |register: &Register| {
                entries.iter().any(|entry| entry.register() == Some(*register))
            };
            for register in BOTH {
                if !held(&register) {
                    self.claim(register);
                }
            }
        }
        for entry in &entries {
            self.release(entry);
        }
        let [low, high] = if product {
            for register in BOTH {
                self.free = self.free.without(register.set());
            }
            BOTH
        } else {
            [self.allocate(Kind::I64), self.allocate(Kind::I64)]
        };
        let halves = [low.as_gpr(), high.as_gpr()];
        lower::wide(&mut self.lowering(), op, halves, &operands);
        self.push_register(Kind::I64, low)?;
        self.push_register(Kind::I64, high)?;
        self.after()
    }

    /// A popped integer where it is, or in its slot if it is a constant that is no immediate.
    fn without_allocation(&mut self, entry: &mut Entry) -> Operand {
        match entry.value {
            Value::Reg(register) => Operand::Reg(register.into()),
            Value::Const(_) | Value::Slot | Value::Local { .. } | Value::Pending => {
                self.aside(entry)
            }
        }
    }
}
