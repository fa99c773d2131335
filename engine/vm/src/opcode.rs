//! [`Class`]: the first bytes of operators, by what is to be decoded of them.
//!
//! What lives here: the opcodes of operators that the walk decodes itself. What does not: the walk.
//!
//! Invariant: every operator of a class is decoded in the same way.

use wasmtier_ops::{LoadOp, NumOp, StoreOp};

/// What is to be decoded of an operator.
#[derive(Copy, Clone)]
pub(crate) enum Class {
    Block,
    Loop,
    If,
    End,
    BrIf,
    Call,
    Drop,
    Select,
    LocalGet,
    LocalSet,
    LocalTee,
    GlobalGet,
    GlobalSet,
    Load,
    Store,
    I32Const,
    Unary,
    Binary,
    /// What wasmparser decodes.
    Other,
}

impl Class {
    /// The class of the operator whose first byte is `opcode`.
    #[inline(always)]
    pub(crate) fn of(opcode: u8) -> Self {
        CLASSES[usize::from(opcode)]
    }
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut opcode = 0;
    while opcode < classes.len() {
        classes[opcode] = class_of(opcode as u8);
        opcode += 1;
    }
    classes
};

const fn class_of(opcode: u8) -> Class {
    match opcode {
        BLOCK => Class::Block,
        LOOP => Class::Loop,
        IF => Class::If,
        END => Class::End,
        BR_IF => Class::BrIf,
        CALL => Class::Call,
        DROP => Class::Drop,
        SELECT => Class::Select,
        LOCAL_GET => Class::LocalGet,
        LOCAL_SET => Class::LocalSet,
        LOCAL_TEE => Class::LocalTee,
        GLOBAL_GET => Class::GlobalGet,
        GLOBAL_SET => Class::GlobalSet,
        FIRST_LOAD..=LAST_LOAD => Class::Load,
        FIRST_STORE..=LAST_STORE => Class::Store,
        I32_CONST => Class::I32Const,
        FIRST_NUMERIC..=LAST_NUMERIC => {
            match NumOp::ALL[(opcode - FIRST_NUMERIC) as usize].params().len() {
                1 => Class::Unary,
                _ => Class::Binary,
            }
        }
        _ => Class::Other,
    }
}

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const END: u8 = 0x0b;
const BR_IF: u8 = 0x0d;
const CALL: u8 = 0x10;
const DROP: u8 = 0x1a;
const SELECT: u8 = 0x1b;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const LOCAL_TEE: u8 = 0x22;
const GLOBAL_GET: u8 = 0x23;
const GLOBAL_SET: u8 = 0x24;
const I32_CONST: u8 = 0x41;

// The rows of these operators are in the order of their opcodes.
pub(crate) const FIRST_LOAD: u8 = 0x28;
const LAST_LOAD: u8 = 0x35;
pub(crate) const FIRST_STORE: u8 = 0x36;
const LAST_STORE: u8 = 0x3e;
pub(crate) const FIRST_NUMERIC: u8 = 0x45;
const LAST_NUMERIC: u8 = 0xc4;

const _: () = assert!(
    LoadOp::I64Load32U as u8 == LAST_LOAD - FIRST_LOAD
        && StoreOp::I64Store32 as u8 == LAST_STORE - FIRST_STORE
        && NumOp::I64Extend32S as u8 == LAST_NUMERIC - FIRST_NUMERIC,
    "a row is missing"
);
