//! Modules that run one operator: each operand as a constant, a parameter, a local and a computed
//! value, and the result returned, kept in a local, or branched upon.
//!
//! Operators, their operands and results come from the rows in `wasmtier_ops`; nothing here names
//! one. What lives here besides is how to put an operand on the stack.
//!
//! Invariant: a NaN whose bits the specification leaves open is made canonical before it can be
//! seen.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, Ieee32, Ieee64, Instruction, MemArg, MemArgTarget, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};

use wasmtier_ops::WideOp;

use crate::random::Random;
use crate::value::{Type, Value};

/// An operator and how to encode it.
pub(super) struct Operator {
    pub(super) name: &'static str,
    /// In the order they are pushed.
    pub(super) operands: Vec<Type>,
    pub(super) results: Vec<Type>,
    /// Which floats the result consists of, when the specification leaves the bits of NaNs open.
    pub(super) open: Option<Open>,
    /// Immediates are random, but for that of an access.
    pub(super) encode: fn(&mut Random, MemArg) -> Instruction<'static>,
}

impl Operator {
    /// Whether it accesses memory, and so has an address first, an `i32`.
    pub(super) fn is_access(&self) -> bool {
        self.name.contains("load") || self.name.contains("store")
    }

    /// Whether it traps for some operands, other than an access.
    pub(super) fn may_trap(&self) -> bool {
        ["div_", "rem_", ".trunc_f"].iter().any(|name| self.name.contains(name))
    }

    /// Whether it yields a truth value.
    pub(super) fn is_comparison(&self) -> bool {
        let scalar = [".eq", ".ne", ".lt", ".gt", ".le", ".ge"]
            .iter()
            .any(|name| self.name.contains(name) && !self.name.contains('x'));
        self.results == [Type::I32] && (scalar || self.name.contains("_true"))
    }
}

/// Whose NaNs are open.
#[derive(Copy, Clone)]
pub(super) enum Open {
    F32,
    F64,
    F32x4,
    F64x2,
}

/// The wasm type of one of a row's types; nothing for an immediate.
fn operand_type(row: &str) -> Option<Type> {
    match row {
        "i32" | "u32" => Some(Type::I32),
        "i64" | "u64" => Some(Type::I64),
        "f32" => Some(Type::F32),
        "f64" => Some(Type::F64),
        // How a `v128` is looked at: its lanes, or all of it.
        _ => Some(Type::V128),
    }
}

/// Operators that move or flip bits of floats and so leave a NaN what it is.
const EXACT: [&str; 11] = [
    "abs",
    "neg",
    "copysign",
    "reinterpret",
    "splat",
    "extract_lane",
    "replace_lane",
    "pmin",
    "pmax",
    "load",
    "convert",
];

fn open(name: &str, result: &str) -> Option<Open> {
    if EXACT.iter().any(|exact| name.contains(exact)) {
        return None;
    }
    match result {
        "f32" => Some(Open::F32),
        "f64" => Some(Open::F64),
        "F32x4" => Some(Open::F32x4),
        "F64x2" => Some(Open::F64x2),
        _ => None,
    }
}

/// Immediate of an access: mostly small, now and then at an edge of 32 bits.
fn memarg(random: &mut Random) -> MemArg {
    let offset = match random.below(6) {
        0 => 0,
        1 | 2 => random.below(70),
        3 => 65_536 - random.below(20),
        4 => 0x7fff_ffff + random.below(2),
        _ => 0xffff_ffff - random.below(20),
    };
    MemArg { offset, align: 0, target: MemArgTarget::Memory(0), ordering: None }
}

/// A lane of a vector seen as `view`, such as `U16x8`.
fn lane(view: &str, random: &mut Random) -> u8 {
    let lanes = view.rsplit('x').next().and_then(|lanes| lanes.parse().ok());
    random.below(lanes.expect("rows write views as lane type and count")) as u8
}

macro_rules! scalar_rows {
    ($($op:ident $visit:ident $text:literal ($($p:ident: $P:ident),+) -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        [$(Operator {
            name: $text,
            operands: [$(operand_type(stringify!($P))),+].into_iter().flatten().collect(),
            results: operand_type(stringify!($R)).into_iter().collect(),
            open: open($text, stringify!($R)),
            encode: |_, _| Instruction::$op,
        }),*]
    };
}

macro_rules! wide_rows {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        [$(Operator {
            name: $text,
            operands: vec![Type::I64; WideOp::$op.shape().operands()],
            results: vec![Type::I64; 2],
            open: None,
            encode: |_, _| Instruction::$op,
        }),*]
    };
}

macro_rules! load_rows {
    ($($op:ident $visit:ident $text:literal ($raw:ident: $Mem:ident) -> $V:ident
        = $e:expr;)*) => {
        [$(Operator {
            name: $text,
            operands: vec![Type::I32],
            results: operand_type(stringify!($V)).into_iter().collect(),
            open: None,
            encode: |_, memarg| Instruction::$op(memarg),
        }),*]
    };
}

macro_rules! store_rows {
    ($($op:ident $visit:ident $text:literal ($value:ident: $V:ident) -> $Mem:ident
        = $e:expr;)*) => {
        [$(Operator {
            name: $text,
            operands: [Some(Type::I32), operand_type(stringify!($V))]
                .into_iter()
                .flatten()
                .collect(),
            results: vec![],
            open: None,
            encode: |_, memarg| Instruction::$op(memarg),
        }),*]
    };
}

macro_rules! simd_rows {
    ($($op:ident $visit:ident $text:literal $shape:ident
        ($a:ident: $A:ident $($rest:tt)*) -> $R:ident $($word:ident)? = $e:expr;)*) => {
        [$(Operator {
            name: $text,
            operands: simd_rows!(@operands $shape $A $($rest)*),
            results: operand_type(stringify!($R)).into_iter().collect(),
            open: open($text, stringify!($R)),
            encode: simd_rows!(@encode $shape $op $A),
        }),*]
    };
    (@operands extract $A:ident $($rest:tt)*) => { vec![Type::V128] };
    (@operands shuffle $A:ident $($rest:tt)*) => { vec![Type::V128, Type::V128] };
    (@operands replace $A:ident, $b:ident: $B:ident, $lane:ident: u8) => {
        [Some(Type::V128), operand_type(stringify!($B))].into_iter().flatten().collect()
    };
    (@operands $shape:ident $A:ident $(, $p:ident: $P:ident)*) => {
        [operand_type(stringify!($A)), $(operand_type(stringify!($P))),*]
            .into_iter()
            .flatten()
            .collect()
    };
    (@encode extract $op:ident $A:ident) => {
        |random, _| Instruction::$op(lane(stringify!($A), random))
    };
    (@encode replace $op:ident $A:ident) => {
        |random, _| Instruction::$op(lane(stringify!($A), random))
    };
    (@encode shuffle $op:ident $A:ident) => {
        |random, _| Instruction::$op(std::array::from_fn(|_| random.below(32) as u8))
    };
    (@encode $shape:ident $op:ident $A:ident) => { |_, _| Instruction::$op };
}

macro_rules! simd_access_rows {
    ($($op:ident $visit:ident $text:literal $shape:ident
        ($($p:ident: $P:ident),+) -> $R:ident = $e:expr;)*) => {
        [$(simd_access_rows!(@row $shape $op $text ($($p: $P),+))),*]
    };
    (@row load $op:ident $text:literal $params:tt) => { Operator {
        name: $text,
        operands: vec![Type::I32],
        results: vec![Type::V128],
        open: None,
        encode: |_, memarg| Instruction::$op(memarg),
    } };
    (@row store $op:ident $text:literal $params:tt) => { Operator {
        name: $text,
        operands: vec![Type::I32, Type::V128],
        results: vec![],
        open: None,
        encode: |_, memarg| Instruction::$op(memarg),
    } };
    (@row load_lane $op:ident $text:literal
        ($raw:ident: $Mem:ident, $value:ident: $V:ident, $lane:ident: u8)) => { Operator {
        name: $text,
        operands: vec![Type::I32, Type::V128],
        results: vec![Type::V128],
        open: None,
        encode: |random, memarg| Instruction::$op {
            memarg,
            lane: lane(stringify!($V), random),
        },
    } };
    (@row store_lane $op:ident $text:literal ($value:ident: $V:ident, $lane:ident: u8)) => {
        Operator {
            name: $text,
            operands: vec![Type::I32, Type::V128],
            results: vec![],
            open: None,
            encode: |random, memarg| Instruction::$op {
                memarg,
                lane: lane(stringify!($V), random),
            },
        }
    };
}

/// All operators; what relaxed ones compute differs between engines.
pub(super) fn operators() -> Vec<Operator> {
    let mut all: Vec<Operator> = Vec::new();
    all.extend(wasmtier_ops::for_each_numeric_op!(scalar_rows));
    all.extend(wasmtier_ops::for_each_wide_op!(wide_rows));
    all.extend(wasmtier_ops::for_each_load!(load_rows));
    all.extend(wasmtier_ops::for_each_store!(store_rows));
    all.extend(wasmtier_ops::for_each_simd_op!(simd_rows));
    all.extend(wasmtier_ops::for_each_simd_access!(simd_access_rows));
    all.retain(|operator| !operator.name.contains("relaxed"));
    all
}

/// How many operators there are.
#[must_use]
pub fn count() -> usize {
    operators().len()
}

/// Where an operand comes from.
#[derive(Copy, Clone)]
enum Operand {
    Constant,
    Param,
    Local,
    Computed,
}

/// What happens to the results.
#[derive(Copy, Clone, PartialEq)]
enum Sink {
    Returned,
    Local,
    Branch,
}

pub(super) fn generate(number: u64, random: &mut Random) -> Vec<u8> {
    let operators = operators();
    let operator = &operators[(number % operators.len() as u64) as usize];
    let mut types = TypeSection::new();
    let params: Vec<ValType> = operator.operands.iter().copied().map(val_type).collect();
    types.ty().function(params, operator.results.iter().copied().map(val_type));
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    let mut code = CodeSection::new();
    for (index, (operands, sink)) in (0..).zip(shapes(operator)) {
        functions.function(0);
        exports.export(&format!("f{index}"), ExportKind::Func, index);
        code.function(&function(operator, &operands, sink, random));
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), random.bytes(128));
    data.active(0, &ConstExpr::i32_const((1 << 16) - 64), random.bytes(64));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories);
    module.section(&exports).section(&code).section(&data);
    module.finish()
}

/// Every way to have the operands, with every way to use the result.
fn shapes(operator: &Operator) -> impl Iterator<Item = (Vec<Operand>, Sink)> {
    use Operand::{Computed, Constant, Local, Param};
    let arity = operator.operands.len() as u32;
    let sinks = match operator.results[..] {
        [Type::I32] => &[Sink::Returned, Sink::Local, Sink::Branch] as &[Sink],
        [_, ..] => &[Sink::Returned, Sink::Local],
        [] => &[Sink::Returned],
    };
    (0..4usize.pow(arity)).flat_map(move |shape| {
        let operand = move |place| [Constant, Param, Local, Computed][(shape >> (2 * place)) & 3];
        let operands: Vec<Operand> = (0..arity).map(operand).collect();
        sinks.iter().map(move |&sink| (operands.clone(), sink))
    })
}

/// One function. Its locals: the parameters, one per operand, one per result.
fn function(
    operator: &Operator,
    operands: &[Operand],
    sink: Sink,
    random: &mut Random,
) -> Function {
    let arity = operands.len() as u32;
    let mut locals: Vec<ValType> = operator.operands.iter().copied().map(val_type).collect();
    locals.extend(operator.results.iter().copied().map(val_type));
    let mut body = Function::new_with_locals_types(locals);
    for (index, &ty) in (0..).zip(&operator.operands) {
        if matches!(operands[index as usize], Operand::Local) {
            body.instruction(&constant(&random.value(ty)));
            body.instruction(&Instruction::LocalSet(arity + index));
        }
    }
    for (index, &ty) in (0..).zip(&operator.operands) {
        match operands[index as usize] {
            Operand::Constant => {
                body.instruction(&constant(&random.value(ty)));
            }
            Operand::Param => {
                body.instruction(&Instruction::LocalGet(index));
            }
            Operand::Local => {
                body.instruction(&Instruction::LocalGet(arity + index));
            }
            Operand::Computed => {
                body.instruction(&Instruction::LocalGet(index));
                computed(ty, random).iter().for_each(|instruction| {
                    body.instruction(instruction);
                });
            }
        }
    }
    let memarg = memarg(random);
    body.instruction(&(operator.encode)(random, memarg));
    if let Some(open) = operator.open {
        canonical(open, 2 * arity).iter().for_each(|instruction| {
            body.instruction(instruction);
        });
    }
    match sink {
        Sink::Returned => {}
        Sink::Local => {
            let results = 2 * arity..2 * arity + operator.results.len() as u32;
            for local in results.clone().rev() {
                body.instruction(&Instruction::LocalSet(local));
            }
            for local in results {
                body.instruction(&Instruction::LocalGet(local));
            }
        }
        Sink::Branch => {
            body.instruction(&Instruction::If(BlockType::Result(ValType::I32)));
            body.instruction(&Instruction::I32Const(7));
            body.instruction(&Instruction::Else);
            body.instruction(&Instruction::I32Const(8));
            body.instruction(&Instruction::End);
        }
    }
    body.instruction(&Instruction::End);
    body
}

/// Operators that compute some value of type `ty` from another, whatever its bits.
fn computed(ty: Type, random: &mut Random) -> Vec<Instruction<'static>> {
    match ty {
        Type::I32 => vec![constant(&random.value(ty)), Instruction::I32Xor],
        Type::I64 => vec![constant(&random.value(ty)), Instruction::I64Xor],
        Type::F32 => vec![Instruction::F32Neg],
        Type::F64 => vec![Instruction::F64Neg],
        Type::V128 => vec![Instruction::V128Not],
        Type::Func | Type::Extern => vec![],
    }
}

/// Instructions that replace NaNs on the stack by the canonical one, with local `local` to help.
pub(super) fn canonical(open: Open, local: u32) -> [Instruction<'static>; 6] {
    const NAN32: u32 = 0x7fc0_0000;
    const NAN64: u64 = 0x7ff8_0000_0000_0000;
    let lanes32 = (0..4).fold(0, |lanes, lane| lanes | (u128::from(NAN32) << (32 * lane)));
    let lanes64 = (0..2).fold(0, |lanes, lane| lanes | (u128::from(NAN64) << (64 * lane)));
    let (nan, equal, choose) = match open {
        Open::F32 => (Value::F32(NAN32), Instruction::F32Eq, Instruction::Select),
        Open::F64 => (Value::F64(NAN64), Instruction::F64Eq, Instruction::Select),
        Open::F32x4 => (Value::V128(lanes32), Instruction::F32x4Eq, Instruction::V128Bitselect),
        Open::F64x2 => (Value::V128(lanes64), Instruction::F64x2Eq, Instruction::V128Bitselect),
    };
    let get = || Instruction::LocalGet(local);
    [Instruction::LocalTee(local), constant(&nan), get(), get(), equal, choose]
}

pub(super) fn constant(value: &Value) -> Instruction<'static> {
    match *value {
        Value::I32(value) => Instruction::I32Const(value as i32),
        Value::I64(value) => Instruction::I64Const(value as i64),
        Value::F32(bits) => Instruction::F32Const(Ieee32::new(bits)),
        Value::F64(bits) => Instruction::F64Const(Ieee64::new(bits)),
        Value::V128(bits) => Instruction::V128Const(bits as i128),
        Value::Func(_) => Instruction::RefNull(wasm_encoder::HeapType::FUNC),
        Value::Extern(_) => Instruction::RefNull(wasm_encoder::HeapType::EXTERN),
    }
}

pub(super) fn val_type(ty: Type) -> ValType {
    match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F32 => ValType::F32,
        Type::F64 => ValType::F64,
        Type::V128 => ValType::V128,
        Type::Func => ValType::Ref(wasm_encoder::RefType::FUNCREF),
        Type::Extern => ValType::Ref(wasm_encoder::RefType::EXTERNREF),
    }
}
