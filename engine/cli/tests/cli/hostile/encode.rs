//! Modules written byte by byte, since no encoder writes what is wrong.
//!
//! Invariant: nothing is checked; what a test writes is what the command gets.

/// A number in LEB128.
pub(crate) fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Bytes, and before them their number.
pub(crate) fn sized(bytes: &[u8]) -> Vec<u8> {
    [&leb(bytes.len() as u64), bytes].concat()
}

/// A section.
pub(crate) fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id][..], &sized(contents)].concat()
}

/// A module of sections.
pub(crate) fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [&b"\0asm\x01\0\0\0"[..], &sections.concat()].concat()
}

/// A program whose `_start` has this body: declarations of locals, and operators without the last
/// `end`.
pub(crate) fn program(locals: &[u8], operators: &[u8]) -> Vec<u8> {
    with_start(&[section(1, b"\x01\x60\0\0"), section(3, b"\x01\0")], &[], locals, operators)
}

/// A program of some more sections: `before` and `between` the export section and the code.
pub(crate) fn with_start(
    before: &[Vec<u8>],
    between: &[Vec<u8>],
    locals: &[u8],
    operators: &[u8],
) -> Vec<u8> {
    let body = sized(&[locals, operators, b"\x0b"].concat());
    let export = section(7, b"\x01\x06_start\0\0");
    let code = section(10, &[&b"\x01"[..], &body].concat());
    module(&[before.concat(), export, between.concat(), code])
}

/// An import section with one import.
pub(crate) fn import(module: &[u8], name: &[u8], ty: &[u8]) -> Vec<u8> {
    section(2, &[&b"\x01"[..], &sized(module), &sized(name), ty].concat())
}
