//! The encoders against two others: the assembler of `dynasm!` and the decoder of `iced-x86`.
//!
//! Ours must be the bytes of `dynasm!`, or be shorter and decode to the same text. What is too
//! regular to be written down twice must decode to the text its operands make.

mod gpr;
mod memory;
mod oracle;
mod vector;
