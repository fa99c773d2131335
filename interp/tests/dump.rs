//! The IR of small functions as text: what folds away, and what becomes one cell.

use wasmtier_interp::{Backend, Scratch, dump, translate, wasm_offsets};
use wasmtier_vm::{FuncIdx, FuncType, MemoryType, ModuleInfo, TypeIdx, ValType};

/// A module of one function `(param i32) (result i32)` with one `i32` local, and its bytes.
fn module(code: &[u8]) -> (ModuleInfo, Vec<u8>) {
    // One group of locals: one i32.
    let mut body = vec![1, 1, 0x7f];
    body.extend_from_slice(code);
    let info = ModuleInfo {
        types: vec![FuncType::new([ValType::I32], [ValType::I32])],
        funcs: vec![TypeIdx(0)],
        memories: vec![MemoryType::shared(1, 1)],
        bodies: std::iter::once(0..body.len()).collect(),
        ..ModuleInfo::default()
    };
    (info, body)
}

fn text(code: &[u8]) -> String {
    let (info, bytes) = module(code);
    let code = translate(&mut Scratch::default(), &info, FuncIdx(0), &bytes, Backend::Portable);
    dump(&code.expect("a valid function"))
}

/// The cells of a dump without their offsets.
fn cells(code: &[u8]) -> Vec<String> {
    let text = text(code);
    let without_offset =
        |line: &str| line.trim_start().split_once(' ').map(|(_, cell)| cell.into());
    text.lines().filter_map(without_offset).collect()
}

const END: u8 = 0x0b;
const I32_ADD: u8 = 0x6a;
const I32_SUB: u8 = 0x6b;
const I32_WRAP_I64: u8 = 0xa7;

#[test]
fn locals_and_constants_are_operands() {
    // local.get 0; i32.const 5; i32.add
    let found = cells(&[0x20, 0, 0x41, 5, I32_ADD, END]);
    assert_eq!(found, ["i32.add A.SC d=[-4] a=[2] imm=5", "return.A d=[2] a=[-4]"]);
}

#[test]
fn constants_fold() {
    // i32.const 5; i32.const 7; i32.add
    let found = cells(&[0x41, 5, 0x41, 7, I32_ADD, END]);
    assert_eq!(found, ["const32 d=[-4] imm=12", "return.A d=[2] a=[-4]"]);
}

#[test]
fn a_countdown_is_an_operator_and_a_branch() {
    // loop; local.get 1; local.get 0; i32.add; local.set 1;
    //   local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0; end; local.get 1
    let found = cells(&[
        0x03, 0x40, 0x20, 1, 0x20, 0, I32_ADD, 0x21, 1, 0x20, 0, 0x41, 1, I32_SUB, 0x22, 0, 0x0d,
        0, END, 0x20, 1, END,
    ]);
    assert_eq!(
        found,
        [
            "i32.add S.SS d=[-3] a=[-3] b=[2]",
            "i32.sub S.SC d=[2] a=[2] imm=1",
            "br_if.A a=[2] b=[0] target=-24",
            "return.S d=[2] a=[-3]",
        ]
    );
}

#[test]
fn a_comparison_becomes_part_of_its_branch() {
    // block; local.get 0; i32.const 9; i32.lt_s; i32.eqz; br_if 0; end; local.get 0
    let found = cells(&[0x02, 0x40, 0x20, 0, 0x41, 9, 0x48, 0x45, 0x0d, 0, END, 0x20, 0, END]);
    assert_eq!(found, ["br_if_not i32.lt_s SC a=[2] target=16 imm=9", "return.S d=[2] a=[2]"]);
}

#[test]
fn the_high_half_of_a_product_goes_where_it_is_used() {
    // local.get 0; i64.extend_i32_u; i64.const 3; i64.mul_wide_u; i32.wrap_i64; local.set 1; ...
    let found =
        cells(&[0x20, 0, 0xad, 0x42, 3, 0xfc, 22, I32_WRAP_I64, 0x21, 1, I32_WRAP_I64, END]);
    assert_eq!(
        found,
        [
            "i64.extend_i32_u S.S d=[-4] a=[2]",
            "const32 d=[-5] imm=3",
            "i64.mul_wide_u d=[-5] low=[-4] a=[-4] b=[-5]",
            "i32.wrap_i64 S.A d=[-3] a=[-5]",
            "i32.wrap_i64 A.S d=[-4] a=[-4]",
            "return.A d=[2] a=[-4]",
        ]
    );
}

#[test]
fn sums_of_128_bits_are_one_cell() {
    // local.get 0; i64.extend_i32_s; i64.const 1; i64.const 2; i64.const 3; i64.sub128; drop; ...
    let found =
        cells(&[0x20, 0, 0xac, 0x42, 1, 0x42, 2, 0x42, 3, 0xfc, 20, 0x1a, I32_WRAP_I64, END]);
    assert_eq!(
        found,
        [
            "i64.extend_i32_s S.S d=[-4] a=[2]",
            "const32 d=[-5] imm=1",
            "const32 d=[-6] imm=2",
            "const32 d=[-7] imm=3",
            "i64.sub128 d=[-5] low=[-4] a=[-4] a_high=[-5] b=[-6] b_high=[-7]",
            "i32.wrap_i64 A.S d=[-4] a=[-4]",
            "return.A d=[2] a=[-4]",
        ]
    );
}

#[test]
fn wide_constants_fold() {
    // i64.const -1; i64.const -1; i64.mul_wide_u; i64.const 2; i64.const 0; i64.add128; drop; ...
    let found = cells(&[
        0x42,
        0x7f,
        0x42,
        0x7f,
        0xfc,
        22,
        0x42,
        2,
        0x42,
        0,
        0xfc,
        19,
        0x1a,
        I32_WRAP_I64,
        END,
    ]);
    assert_eq!(found, ["const32 d=[-4] imm=3", "return.A d=[2] a=[-4]"]);
}

#[test]
fn atomic_operators_are_one_cell() {
    // local.get 0; local.get 1; i32.atomic.load offset=8; i32.const 5; i32.atomic.rmw.cmpxchg;
    //   local.set 1; local.get 0; local.get 1; i32.atomic.rmw8.xor_u offset=1; atomic.fence
    let found = cells(&[
        0x20, 0, 0x20, 1, 0xfe, 0x10, 2, 8, 0x41, 5, 0xfe, 0x48, 2, 0, 0x21, 1, 0x20, 0, 0x20, 1,
        0xfe, 0x3c, 0, 1, 0xfe, 3, 0, END,
    ]);
    let no_offset = "offset_low=0 offset_high=0";
    assert_eq!(
        found,
        [
            "i32.atomic.load d=[-5] a=[-3] memory=0 offset_low=8 offset_high=0".into(),
            "const32 d=[-6] imm=5".into(),
            format!("i32.atomic.rmw.cmpxchg d=[-3] a=[2] b=[-5] c=[-6] memory=0 {no_offset}"),
            "i32.atomic.rmw8.xor_u d=[-4] a=[2] b=[-3] c=[0] memory=0 offset_low=1 offset_high=0"
                .into(),
            "atomic.fence".into(),
            "return.A d=[2] a=[-4]".into(),
        ]
    );
}

#[test]
fn waiting_is_a_builtin_with_its_offset_as_an_operand() {
    // local.get 0; i32.const 7; i64.const -1; memory.atomic.wait32 offset=4
    let found = cells(&[0x20, 0, 0x41, 7, 0x42, 0x7f, 0xfe, 1, 2, 4, END]);
    let builtin = wasmtier_vm::Builtin::AtomicWait32 as u32;
    assert_eq!(
        found,
        [
            "const32 d=[-7] imm=4".into(),
            "const64 d=[-6] low=4294967295 high=4294967295".into(),
            "const32 d=[-5] imm=7".into(),
            "copy.S d=[-4] a=[2]".into(),
            format!("builtin args=[-4] builtin={builtin} imm0=0 imm1=0"),
            "return.A d=[2] a=[-4]".into(),
        ]
    );
}

#[test]
fn cells_are_mapped_back_to_operators() {
    // local.get 0; i32.const 0; i32.div_s
    let code = [0x20, 0, 0x41, 0, 0x6d, END];
    let (info, bytes) = module(&code);
    let text = text(&code);
    let line = text.lines().find(|line| line.contains("i32.div_s")).expect("a division");
    let at = line.trim_start().split(' ').next().and_then(|at| at.parse().ok());
    // Three bytes of locals come before the code.
    let found = wasm_offsets(&info, FuncIdx(0), &bytes, &[at.expect("an offset")]);
    assert_eq!(found, [Some(3 + 4)]);
}
