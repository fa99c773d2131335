//! Comparing bytes with bytes, and with text.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, MemorySizeOptions};
use wasmtier_x64::{CodeBuffer, Gpr, Width, Xmm};

/// A decoder that is told code, and says it in the vendors' syntax.
pub(crate) struct Oracle {
    formatter: IntelFormatter,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_memory_size_options(MemorySizeOptions::Never);
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_use_pseudo_ops(false);
        options.set_signed_immediate_operands(true);
        options.set_small_hex_numbers_in_decimal(false);
        Self { formatter }
    }

    /// The only instruction in `bytes`.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> String {
        let mut decoder = Decoder::new(64, bytes, DecoderOptions::NONE);
        let instruction = decoder.decode();
        assert!(
            !instruction.is_invalid() && instruction.len() == bytes.len(),
            "{bytes:02x?} is not one instruction"
        );
        let mut text = String::new();
        self.formatter.format(&instruction, &mut text);
        text
    }

    /// Panics unless `ours` is what `theirs` is, or better.
    pub(crate) fn same(
        &mut self,
        ours: impl FnOnce(&mut CodeBuffer),
        theirs: impl FnOnce(&mut CodeBuffer),
    ) {
        let (ours, theirs) = (assemble(ours), assemble(theirs));
        if ours == theirs {
            return;
        }
        let (our_text, their_text) = (self.text(&ours), self.text(&theirs));
        assert_eq!(our_text, their_text, "{ours:02x?} and {theirs:02x?}");
        assert!(ours.len() <= theirs.len(), "{our_text}: {ours:02x?} and {theirs:02x?}");
    }

    /// Panics unless `ours` decodes to `text`.
    pub(crate) fn reads(&mut self, ours: impl FnOnce(&mut CodeBuffer), text: &str) {
        let ours = assemble(ours);
        assert_eq!(self.text(&ours), text, "{ours:02x?}");
    }
}

/// The bytes that `emit` emits.
pub(crate) fn assemble(emit: impl FnOnce(&mut CodeBuffer)) -> Vec<u8> {
    let mut code = CodeBuffer::new();
    emit(&mut code);
    code.finish().unwrap()
}

/// What the vendors call `register` at `width`.
pub(crate) fn gpr(register: Gpr, width: Width) -> String {
    let number = usize::from(register.number());
    let old = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    let low = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
    match (old.get(number), width) {
        (Some(_), Width::W8) => low[number].to_string(),
        (Some(name), Width::W16) => (*name).to_string(),
        (Some(name), Width::W32) => format!("e{name}"),
        (Some(name), Width::W64) => format!("r{name}"),
        (None, Width::W8) => format!("r{number}b"),
        (None, Width::W16) => format!("r{number}w"),
        (None, Width::W32) => format!("r{number}d"),
        (None, Width::W64) => format!("r{number}"),
    }
}

/// What the vendors call `register`.
pub(crate) fn xmm(register: Xmm) -> String {
    format!("xmm{}", register.number())
}
