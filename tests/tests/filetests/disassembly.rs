//! Machine code as text, one instruction a line.
//!
//! Invariant: addresses count from the first byte that is shown; what is in another place is named.

use std::fmt::{self, Write as _};

use iced_x86::{
    Decoder, DecoderOptions, Formatter as _, Instruction, IntelFormatter, Mnemonic, Register,
};

/// A part of some code.
#[derive(Copy, Clone)]
pub(crate) struct Code<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where the part begins.
    pub(crate) start: usize,
    /// And ends.
    pub(crate) end: usize,
}

/// What handlers find `stubs` from.
const BASE: Register = Register::R13;

/// Appends the instructions of `code`, and what constants follow them. Those at `faults` access
/// guest memory.
pub(crate) fn disassemble(
    code: Code<'_>,
    faults: &[u32],
    stubs: &[(&str, u32)],
    out: &mut String,
) -> fmt::Result {
    let stub_at = |at: u64| stubs.iter().find(|(_, start)| u64::from(*start) == at);
    let bytes = &code.bytes[code.start..code.end];
    let start = code.start as u64;
    let mut formatter = formatter();
    let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    let mut constants = bytes.len() as u64;
    while decoder.can_decode() && decoder.ip() < constants {
        let mut instruction = decoder.decode();
        // Addresses that are taken are of code.
        if instruction.is_ip_rel_memory_operand() && instruction.mnemonic() != Mnemonic::Lea {
            constants = constants.min(instruction.ip_rel_memory_address());
        }
        if is_padding(&instruction) {
            continue;
        }
        let at = instruction.ip();
        let mut text = String::new();
        let based = instruction.memory_base() == BASE;
        let stub = based.then(|| stub_at(instruction.memory_displacement64())).flatten();
        if stub.is_some() {
            instruction.set_memory_displacement64(0);
        }
        formatter.format(&instruction, &mut text);
        if let Some((name, _)) = stub {
            text = text.replace("[r13]", &format!("[r13+{name}]"));
        }
        // Stubs jump to each other directly.
        let target = instruction.near_branch_target().wrapping_add(start);
        let elsewhere = instruction.near_branch_target() >= bytes.len() as u64;
        if let (true, Some((name, _))) = (elsewhere, stub_at(target)) {
            let (mnemonic, _) = text.split_once(' ').unwrap_or((&text, ""));
            text = format!("{mnemonic} {name}");
        }
        let fault =
            if faults.iter().any(|fault| u64::from(*fault) == at) { "  ; faults" } else { "" };
        writeln!(out, "  {at:>4x}  {text}{fault}")?;
    }
    for (place, constant) in bytes[decoder.position()..].chunks(8).enumerate() {
        let at = decoder.position() + 8 * place;
        let digits: String = constant.iter().rev().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "  {at:>4x}  .quad 0x{digits}")?;
    }
    Ok(())
}

fn formatter() -> IntelFormatter {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(true);
    options.set_branch_leading_zeros(false);
    options.set_rip_relative_addresses(false);
    options.set_first_operand_char_index(8);
    formatter
}

fn is_padding(instruction: &Instruction) -> bool {
    [Mnemonic::Nop, Mnemonic::Int3].contains(&instruction.mnemonic())
}
