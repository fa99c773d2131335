//! Values as the user writes and reads them: arguments of `--invoke` and its results.
//!
//! Invariant: every value that is printed can be read back, except references that are not null
//! and the payloads of NaNs.

use core::fmt;

use wasmtier::{FuncType, Ref, Val, ValType};
use wast::parser::{self, ParseBuffer};
use wast::token::{F32, F64};

/// Reads the arguments of a function of type `ty`.
pub(crate) fn arguments(name: &str, ty: &FuncType, texts: &[&str]) -> Result<Vec<Val>, String> {
    let params = ty.params();
    if params.len() != texts.len() {
        let given = texts.len();
        return Err(format!(
            "`{}` takes {}, not {given}: its type is {ty}",
            name.escape_debug(),
            plural(params.len(), "argument"),
        ));
    }
    let read = |(place, (&ty, &text)): (usize, (&ValType, &&str))| {
        parse(text, ty).ok_or_else(|| {
            format!("argument {} of `{}` is not {}: {text}", place + 1, name.escape_debug(), an(ty))
        })
    };
    params.iter().zip(texts).enumerate().map(read).collect()
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn an(ty: ValType) -> String {
    match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => format!("an {ty}"),
        ValType::V128 => "a v128, which is written as one unsigned integer".to_owned(),
        ValType::Ref(_) => format!("a {ty}; of references only `null` can be written"),
    }
}

/// Reads a value of a type.
fn parse(text: &str, ty: ValType) -> Option<Val> {
    match ty {
        // A 32-bit integer is one that is the same in 32 bits, with or without sign.
        ValType::I32 => match integer(text)? {
            value @ -0x8000_0000..=0xffff_ffff => Some(Val::I32(value as i32)),
            _ => None,
        },
        ValType::I64 => match integer(text)? {
            value @ -0x8000_0000_0000_0000..=0xffff_ffff_ffff_ffff => Some(Val::I64(value as i64)),
            _ => None,
        },
        ValType::F32 => match text.parse::<f32>() {
            Ok(value) => Some(value.into()),
            Err(_) => parser::parse::<F32>(&ParseBuffer::new(text).ok()?)
                .ok()
                .map(|float| Val::F32(float.bits)),
        },
        ValType::F64 => match text.parse::<f64>() {
            Ok(value) => Some(value.into()),
            Err(_) => parser::parse::<F64>(&ParseBuffer::new(text).ok()?)
                .ok()
                .map(|float| Val::F64(float.bits)),
        },
        ValType::V128 => unsigned(text).map(Val::from),
        ValType::Ref(ty) => (text == "null" && ty.nullable).then(|| Ref::null(ty.heap_type).into()),
    }
}

/// Reads an integer, decimal or hexadecimal, with or without a sign.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = i128::try_from(unsigned(digits)?).ok()?;
    Some(if negative { -value } else { value })
}

/// Reads an integer without sign, decimal or hexadecimal.
pub(crate) fn unsigned(text: &str) -> Option<u128> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // `from_str_radix` takes a sign.
    let starts_well = digits.starts_with(|first: char| first.is_ascii_hexdigit());
    starts_well.then(|| u128::from_str_radix(digits, radix).ok()).flatten()
}

/// A value as the user reads it.
pub(crate) struct Shown(pub(crate) Val);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Val::I32(value) => value.fmt(f),
            Val::I64(value) => value.fmt(f),
            Val::F32(bits) => f32::from_bits(bits).fmt(f),
            Val::F64(bits) => f64::from_bits(bits).fmt(f),
            Val::V128(value) => value.as_u128().fmt(f),
            Val::FuncRef(None) | Val::ExternRef(None) => f.write_str("null"),
            Val::FuncRef(Some(_)) => f.write_str("<funcref>"),
            Val::ExternRef(Some(_)) => f.write_str("<externref>"),
        }
    }
}
