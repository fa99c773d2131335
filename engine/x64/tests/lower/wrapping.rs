//! The code around tested code itself.

use wasmtier_x64::{Gpr, Width};

use crate::machine::{Machine, State, slot, wrapped};

#[test]
fn registers_and_slots_go_in_and_out() {
    let code = wrapped(|code| {
        code.mov(Width::W64, Gpr::Rax, Gpr::Rdi);
        code.mov(Width::W64, Gpr::Rdi, slot(1));
        code.store(Width::W64, slot(2), Gpr::R15);
    });
    let mut state = State::default();
    state.gpr[usize::from(u8::from(Gpr::Rdi))] = 7;
    state.gpr[usize::from(u8::from(Gpr::R15))] = 9;
    state.slots[1] = 8;
    let mut expected = state.clone();
    Machine::new(code).run(&mut state);
    expected.gpr[usize::from(u8::from(Gpr::Rax))] = 7;
    expected.gpr[usize::from(u8::from(Gpr::Rdi))] = 8;
    expected.slots[2] = expected.slots[2] >> 64 << 64 | 9;
    assert_eq!(state, expected);
}
