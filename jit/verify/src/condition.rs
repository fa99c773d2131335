//! What is known once a condition is.
//!
//! What lives here: what a comparison of numbers, lengths, limits and types tells on either way out
//! of a jump. What does not: which comparison the flags are from. Invariant: comparisons are
//! unsigned here; others tell nothing.

use iced_x86::ConditionCode;
use wasmtier_vm::frame::UNCHECKED_FRAME_BYTES;

use crate::state::{Flags, Room, State, Within, with_context, with_type};
use crate::value::{Callee, Integer, Object, Value};

/// Adds what is so if `condition` holds. Whether it can.
pub(crate) fn assume(state: &mut State, condition: ConditionCode) -> bool {
    match (state.flags, condition) {
        (Flags::Carried, ConditionCode::ae) => return false,
        (Flags::Added(register, sum), ConditionCode::ae) => {
            state.registers[usize::from(register)] = Value::Integer(sum);
        }
        (Flags::Compared(a, b), ConditionCode::b) => less(state, a, b, true),
        (Flags::Compared(a, b), ConditionCode::be) => less(state, a, b, false),
        (Flags::Compared(a, b), ConditionCode::a) => less(state, b, a, true),
        (Flags::Compared(a, b), ConditionCode::ae) => less(state, b, a, false),
        (Flags::Compared(a, b), ConditionCode::e) => {
            less(state, a, b, false);
            less(state, b, a, false);
            equal(state, a, b);
            equal(state, b, a);
        }
        _ => {}
    }
    true
}

/// The condition that holds when another does not.
pub(crate) fn negated(condition: ConditionCode) -> ConditionCode {
    match condition {
        ConditionCode::b => ConditionCode::ae,
        ConditionCode::ae => ConditionCode::b,
        ConditionCode::be => ConditionCode::a,
        ConditionCode::a => ConditionCode::be,
        ConditionCode::ne => ConditionCode::e,
        ConditionCode::e => ConditionCode::ne,
        _ => ConditionCode::None,
    }
}

/// `a` is at most `b`, and `strictly` below it if so.
fn less(state: &mut State, a: Value, b: Value, strictly: bool) {
    match (a, b) {
        (Value::Integer(a), Value::Length(of)) => {
            if let Some(plus) = a.plus.checked_add(u64::from(strictly)) {
                state.learn(Within { root: a.root, of, plus });
            }
        }
        (Value::Integer(a), Value::Integer(b)) => {
            let Some(most) = b.most.checked_sub(u64::from(strictly)) else { return };
            state.refine(|value| bound(value, a, most));
        }
        (Value::StackLimit, Value::Frame(at)) => {
            let bytes = at.unsigned_abs() + UNCHECKED_FRAME_BYTES;
            if at <= 0 {
                state.room = Room { bytes: state.room.bytes.max(bytes), asked: true };
            }
        }
        _ => {}
    }
}

fn bound(value: &mut Value, number: Integer, most: u64) {
    if let Value::Integer(integer) = value
        && integer.is(number)
        // A constant is what it is.
        && integer.as_constant().is_none()
    {
        integer.most = integer.most.min(most);
    }
}

fn equal(state: &mut State, a: Value, b: Value) {
    match (a, b) {
        (Value::TypeOf(record), Value::TypeId(ty)) => {
            state.refine(|value| with_type(value, record, ty));
        }
        (Value::ContextOf(Callee::Recorded { record, .. }), Value::At(Object::Context, 0)) => {
            state.refine(|value| with_context(value, record));
        }
        _ => {}
    }
}
