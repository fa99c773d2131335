//! The loop that clears the slots of many locals.
//!
//! What lives here: recognising it, as a whole, since what it writes depends on how often it has
//! turned. What does not: other loops. Invariant: nothing is assumed of its parts alone; a jump
//! into it is looked at like any other.

use iced_x86::{Code, Instruction, Register};

use crate::flow::Task;
use crate::refusal::{Reason, refuse};
use crate::state::{Flags, State};
use crate::value::Value;

/// The instructions of the loop, with what comes before it: the first slot in `r11`, and how many
/// in `ecx`.
const CODES: [Code; 6] = [
    Code::Lea_r64_m,
    Code::Mov_r32_imm32,
    Code::Mov_rm64_imm32,
    Code::Add_rm64_imm8,
    Code::Dec_rm32,
    Code::Jne_rel8_64,
];

/// If the loop begins at a place: checks it, and says how many instructions it has.
pub(crate) fn clear(
    task: &Task<'_>,
    state: &mut State,
    place: usize,
) -> Result<Option<usize>, Reason> {
    let Some(instructions) = task.code.instructions.get(place..place + CODES.len()) else {
        return Ok(None);
    };
    let Some((from, count)) = recognise(instructions) else { return Ok(None) };
    let Value::Frame(top) = state.registers[Register::RBP.number()] else {
        return refuse("it clears slots when rbp is not the top of a frame");
    };
    let from = i64::from(top) + from;
    let bytes = 8 * i64::from(count);
    if count == 0 || from < -i64::from(state.room.bytes) || from + bytes > 0 {
        return Err(format!(
            "it clears {count} slots at {from}, not all of which are of the frame"
        ));
    }
    state.write_frame(from as i32, bytes as i32);
    state.flags = Flags::Unknown;
    for register in [Register::R11, Register::RCX] {
        let at = instructions[0].ip() as u32;
        state.make(register.number() as u8, at, u64::MAX);
    }
    Ok(Some(CODES.len()))
}

/// From where, below `rbp`, so many slots are cleared.
fn recognise(instructions: &[Instruction]) -> Option<(i64, u32)> {
    let [start, count, store, advance, decrement, again] = instructions else { return None };
    let known = instructions.iter().map(Instruction::code).eq(CODES)
        && start.op0_register() == Register::R11
        && start.memory_base() == Register::RBP
        && start.memory_index() == Register::None
        && count.op0_register() == Register::ECX
        && store.memory_base() == Register::R11
        && store.memory_index() == Register::None
        && store.memory_displacement64() == 0
        && advance.op0_register() == Register::R11
        && advance.immediate8to64() == 8
        && decrement.op0_register() == Register::ECX
        && again.near_branch_target() == store.ip();
    known.then(|| (start.memory_displacement64().cast_signed(), count.immediate32()))
}
