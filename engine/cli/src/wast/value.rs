//! Values of scripts: arguments, and the patterns that results must match.
//!
//! What lives here: both ways between the text's values and [`Val`]. Invariant: floats are compared
//! by their bits, never as numbers.

use wasmtier::{ExternRef, HeapType, Ref, Store, V128, Val};
use wast::core::{
    AbstractHeapType, HeapType as HeapTypeText, NanPattern, V128Pattern, WastArgCore, WastRetCore,
};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The value of an argument.
pub(super) fn argument(store: &mut Store<()>, argument: &WastArg<'_>) -> Result<Val, String> {
    let unsupported = || Err(format!("arguments like {argument:?} are not built yet"));
    let WastArg::Core(core) = argument else { return unsupported() };
    Ok(match core {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => V128::from(u128::from_le_bytes(value.to_le_bytes())).into(),
        WastArgCore::RefNull(ty) => match heap_type(ty) {
            Some(ty) => Ref::null(ty).into(),
            None => return unsupported(),
        },
        WastArgCore::RefExtern(value) => ExternRef::new(store, *value).into(),
        WastArgCore::RefHost(_) => return unsupported(),
    })
}

fn heap_type(ty: &HeapTypeText<'_>) -> Option<HeapType> {
    match ty {
        HeapTypeText::Abstract { shared: false, ty: AbstractHeapType::Func } => {
            Some(HeapType::Func)
        }
        HeapTypeText::Abstract { shared: false, ty: AbstractHeapType::Extern } => {
            Some(HeapType::Extern)
        }
        HeapTypeText::Abstract { .. } | HeapTypeText::Concrete(_) | HeapTypeText::Exact(_) => None,
    }
}

/// Whether a result is one that `pattern` allows.
pub(super) fn matches(store: &Store<()>, pattern: &WastRet<'_>, found: &Val) -> bool {
    match pattern {
        WastRet::Core(pattern) => core_matches(store, pattern, found),
        _ => false,
    }
}

fn core_matches(store: &Store<()>, pattern: &WastRetCore<'_>, found: &Val) -> bool {
    use WastRetCore as P;
    match (pattern, *found) {
        (P::I32(wanted), Val::I32(found)) => *wanted == found,
        (P::I64(wanted), Val::I64(found)) => *wanted == found,
        (P::F32(wanted), Val::F32(found)) => f32_matches(wanted, found),
        (P::F64(wanted), Val::F64(found)) => f64_matches(wanted, found),
        (P::V128(wanted), Val::V128(found)) => v128_matches(wanted, found.as_u128()),
        (P::RefNull(None), Val::FuncRef(None) | Val::ExternRef(None)) => true,
        (P::RefNull(Some(ty)), Val::FuncRef(None)) => heap_type(ty) == Some(HeapType::Func),
        (P::RefNull(Some(ty)), Val::ExternRef(None)) => heap_type(ty) == Some(HeapType::Extern),
        (P::RefExtern(None), Val::ExternRef(Some(_)))
        | (P::RefFunc(None), Val::FuncRef(Some(_))) => true,
        (P::RefExtern(Some(wanted)), Val::ExternRef(Some(found))) => {
            found.data(store).downcast_ref() == Some(wanted)
        }
        (P::Either(patterns), _) => {
            patterns.iter().any(|pattern| core_matches(store, pattern, found))
        }
        _ => false,
    }
}

fn f32_matches(pattern: &NanPattern<F32>, found: u32) -> bool {
    const QUIET_NAN: u32 = 0x7fc0_0000;
    match pattern {
        NanPattern::CanonicalNan => found & !(1 << 31) == QUIET_NAN,
        NanPattern::ArithmeticNan => found & QUIET_NAN == QUIET_NAN,
        NanPattern::Value(wanted) => wanted.bits == found,
    }
}

fn f64_matches(pattern: &NanPattern<F64>, found: u64) -> bool {
    const QUIET_NAN: u64 = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => found & !(1 << 63) == QUIET_NAN,
        NanPattern::ArithmeticNan => found & QUIET_NAN == QUIET_NAN,
        NanPattern::Value(wanted) => wanted.bits == found,
    }
}

fn v128_matches(pattern: &V128Pattern, found: u128) -> bool {
    let bytes = found.to_le_bytes();
    match pattern {
        V128Pattern::I8x16(wanted) => wanted.map(i8::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I16x8(wanted) => wanted.map(i16::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I32x4(wanted) => wanted.map(i32::to_le_bytes).as_flattened() == bytes,
        V128Pattern::I64x2(wanted) => wanted.map(i64::to_le_bytes).as_flattened() == bytes,
        V128Pattern::F32x4(wanted) => {
            let (lanes, _) = bytes.as_chunks();
            wanted
                .iter()
                .zip(lanes)
                .all(|(wanted, &lane)| f32_matches(wanted, u32::from_le_bytes(lane)))
        }
        V128Pattern::F64x2(wanted) => {
            let (lanes, _) = bytes.as_chunks();
            wanted
                .iter()
                .zip(lanes)
                .all(|(wanted, &lane)| f64_matches(wanted, u64::from_le_bytes(lane)))
        }
    }
}

/// The text of a pattern, for messages.
pub(super) fn pattern(pattern: &WastRet<'_>) -> String {
    match pattern {
        WastRet::Core(pattern) => core_pattern(pattern),
        other => format!("{other:?}"),
    }
}

fn core_pattern(pattern: &WastRetCore<'_>) -> String {
    use NanPattern::Value;
    use WastRetCore as P;
    match pattern {
        P::I32(value) => text(&Val::I32(*value)),
        P::I64(value) => text(&Val::I64(*value)),
        P::F32(Value(value)) => text(&Val::F32(value.bits)),
        P::F64(Value(value)) => text(&Val::F64(value.bits)),
        other => format!("{other:?}"),
    }
}

/// The text of a value, for messages. Floats come with their bits.
pub(super) fn text(value: &Val) -> String {
    match *value {
        Val::I32(value) => format!("(i32.const {value})"),
        Val::I64(value) => format!("(i64.const {value})"),
        Val::F32(bits) => format!("(f32.const {:?} = {bits:#x})", f32::from_bits(bits)),
        Val::F64(bits) => format!("(f64.const {:?} = {bits:#x})", f64::from_bits(bits)),
        Val::V128(value) => format!("(v128.const {:#034x})", value.as_u128()),
        Val::FuncRef(None) => "(ref.null func)".to_owned(),
        Val::ExternRef(None) => "(ref.null extern)".to_owned(),
        Val::FuncRef(Some(_)) => "(ref.func)".to_owned(),
        Val::ExternRef(Some(_)) => "(ref.extern)".to_owned(),
    }
}
