//! Modules of dense control and data flow: operands wait on the stack while blocks, loops, branches
//! and calls come and go above them, locals change that they name, and there are more of all than
//! a machine has registers.
//!
//! Arbitrary modules seldom branch with values, and mostly drop what they compute. These exist to
//! mix the things that a translator or a compiler keeps in mind between operators.
//!
//! What lives here: what a module consists of. What does not: statements (`statement`), expressions
//! (`expression`).
//!
//! Invariant: every function ends. A loop counts down in a local of its own, and whoever goes back
//! to it looks at that first; a function that calls takes of the module's fuel. NaNs whose bits are
//! open are made canonical at once. Unless a module was chosen to, it does not trap.

mod expression;
mod statement;

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    Instruction, MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection,
};

use super::operator::{Operator, constant, operators, val_type};
use crate::oracle::FUEL_EXPORT;
use crate::random::Random;
use crate::value::{Signature, Type, Value};

/// Types of locals and of what is computed: one of these mixtures for a module.
const PALETTES: [&[Type]; 6] = [
    &[Type::I32, Type::I32, Type::I32, Type::I64, Type::I64, Type::F32, Type::F64, Type::V128],
    &[Type::I32, Type::I32, Type::I64],
    &[Type::I64, Type::F64],
    &[Type::I32, Type::F32, Type::F64, Type::F64],
    &[Type::I32, Type::V128, Type::V128, Type::F64],
    &[Type::I32, Type::I64, Type::F32, Type::F64, Type::V128],
];

/// One global of each.
const GLOBALS: [Type; 5] = [Type::I32, Type::I64, Type::F32, Type::F64, Type::V128];
/// The global behind them.
const FUEL: u32 = 5;
/// Fuel that a function takes.
const COST: i32 = 20;
/// Entries of the table without a function.
const NULLS: u32 = 3;

/// What all functions of a module have in common.
struct Plan {
    palette: &'static [Type],
    signatures: Vec<Signature>,
    /// Which signature each function has, imported ones first.
    functions: Vec<usize>,
    imported: usize,
    /// Most expressions of a function that are more than a constant or a local.
    budget: u32,
    /// Most locals.
    locals: u64,
    memory64: bool,
    /// Whether operators are used that may trap.
    traps: bool,
    operators: Vec<Operator>,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let palette = random.choose(&PALETTES);
        let types = |random: &mut Random, most: u64| -> Vec<Type> {
            (0..random.below(most + 1)).map(|_| random.choose(palette)).collect()
        };
        let signatures: Vec<Signature> = (0..1 + random.below(4))
            .map(|_| {
                // Now and then more than there are registers for arguments and results.
                let (params, results) = if random.one_in(4) { (14, 6) } else { (4, 3) };
                Signature { params: types(random, params), results: types(random, results) }
            })
            .collect();
        let imported = random.below(3) as usize;
        let count = imported + 1 + random.below(4) as usize;
        let functions = (0..count).map(|_| random.below(signatures.len() as u64) as usize);
        Self {
            palette,
            functions: functions.collect(),
            signatures,
            imported,
            budget: if random.one_in(8) { 250 } else { 60 },
            locals: if random.one_in(2) { 40 } else { 10 },
            memory64: random.one_in(6),
            traps: random.one_in(8),
            operators: operators(),
        }
    }

    fn signature(&self, function: u32) -> &Signature {
        &self.signatures[self.functions[function as usize]]
    }

    /// A random type.
    fn ty(&self, random: &mut Random) -> Type {
        random.choose(self.palette)
    }

    /// Up to `most` random types.
    fn types(&self, random: &mut Random, most: u64) -> Vec<Type> {
        (0..random.below(most + 1)).map(|_| self.ty(random)).collect()
    }
}

pub(super) fn generate(random: &mut Random) -> Vec<u8> {
    let plan = Plan::new(random);
    let mut types = plan.signatures.clone();
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut imports = ImportSection::new();
    for (index, signature) in (0..).zip(&plan.functions) {
        if (index as usize) < plan.imported {
            imports.import("host", &format!("f{index}"), EntityType::Function(*signature as u32));
            continue;
        }
        functions.function(*signature as u32);
        exports.export(&format!("f{index}"), ExportKind::Func, index);
        code.function(&function(&plan, random, &mut types, plan.signature(index)));
    }
    let mut section = TypeSection::new();
    for ty in types {
        let (params, results) = (ty.params.into_iter(), ty.results.into_iter());
        section.ty().function(params.map(val_type), results.map(val_type));
    }
    let globals = globals(random, &mut exports);
    let mut memories = MemorySection::new();
    for (index, memory64) in [plan.memory64, false].into_iter().enumerate() {
        let (minimum, maximum) = (1, Some(2));
        let ty = MemoryType { minimum, maximum, memory64, shared: false, page_size_log2: None };
        memories.memory(ty);
        exports.export(&format!("m{index}"), ExportKind::Memory, index as u32);
    }
    let mut data = DataSection::new();
    let start = if plan.memory64 { ConstExpr::i64_const(0) } else { ConstExpr::i32_const(0) };
    data.active(0, &start, random.bytes(256));
    let count = plan.functions.len() as u32;
    let (mut tables, mut elements) = (TableSection::new(), ElementSection::new());
    let minimum = u64::from(count + NULLS);
    let element_type = RefType::FUNCREF;
    tables.table(TableType { element_type, table64: false, minimum, maximum: None, shared: false });
    let all: Vec<u32> = (0..count).collect();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
    let mut module = Module::new();
    module.section(&section).section(&imports).section(&functions).section(&tables);
    module.section(&memories).section(&globals).section(&exports).section(&elements);
    module.section(&code).section(&data);
    module.finish()
}

fn globals(random: &mut Random, exports: &mut ExportSection) -> GlobalSection {
    let mut globals = GlobalSection::new();
    let mut add = |ty: Type, value: &Value| {
        let ty = GlobalType { val_type: val_type(ty), mutable: true, shared: false };
        globals.global(ty, &ConstExpr::extended([constant(value)]));
    };
    for (index, ty) in (0..).zip(GLOBALS) {
        add(ty, &random.value(ty));
        exports.export(&format!("g{index}"), ExportKind::Global, index);
    }
    add(Type::I32, &Value::I32(0));
    exports.export(FUEL_EXPORT, ExportKind::Global, FUEL);
    globals
}

fn function(
    plan: &Plan,
    random: &mut Random,
    types: &mut Vec<Signature>,
    signature: &Signature,
) -> Function {
    let first = signature.params.len();
    let mut locals = signature.params.clone();
    // One for each kind of NaN, and for what is computed twice.
    locals.extend(GLOBALS);
    let helpers = first..locals.len();
    for _ in 0..random.below(plan.locals) {
        locals.push(plan.ty(random));
    }
    let mut flow = Flow {
        usable: locals.len(),
        calls: !random.one_in(3),
        budget: 20 + random.below(u64::from(plan.budget)) as u32,
        plan,
        random,
        types,
        signature,
        locals,
        helpers,
        labels: Vec::new(),
        code: Vec::new(),
    };
    flow.function();
    let Flow { locals, code, .. } = flow;
    let mut function =
        Function::new_with_locals_types(locals[first..].iter().copied().map(val_type));
    for instruction in &code {
        function.instruction(instruction);
    }
    function
}

/// What one can branch to.
#[derive(Clone)]
enum Label {
    /// The end of a block, with what it yields.
    End(Vec<Type>),
    /// The begin of a loop, with its parameters and the local that counts it down.
    Begin { params: Vec<Type>, counter: u32 },
}

/// A function being written.
struct Flow<'a> {
    plan: &'a Plan,
    random: &'a mut Random,
    types: &'a mut Vec<Signature>,
    signature: &'a Signature,
    /// Parameters, helpers, locals, counters of loops.
    locals: Vec<Type>,
    /// Locals that only help for a moment.
    helpers: std::ops::Range<usize>,
    /// How many of the locals are no counters.
    usable: usize,
    /// Whether it may call, and so takes fuel.
    calls: bool,
    labels: Vec<Label>,
    budget: u32,
    code: Vec<Instruction<'static>>,
}

impl Flow<'_> {
    fn emit(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
    }

    fn emit_all(&mut self, instructions: impl IntoIterator<Item = Instruction<'static>>) {
        self.code.extend(instructions);
    }

    fn function(&mut self) {
        let results = &self.signature.results;
        self.labels.push(Label::End(results.clone()));
        if self.calls {
            self.take_fuel();
        }
        self.sequence(results);
        self.labels.pop();
        self.emit(Instruction::End);
    }

    /// Returns something if there is no fuel left.
    fn take_fuel(&mut self) {
        let results = &self.signature.results;
        let values: Vec<_> = results.iter().map(|ty| constant(&self.random.value(*ty))).collect();
        self.emit_all([
            Instruction::GlobalGet(FUEL),
            Instruction::I32Const(COST),
            Instruction::I32LtS,
            Instruction::If(wasm_encoder::BlockType::Empty),
        ]);
        self.emit_all(values);
        self.emit_all([
            Instruction::Return,
            Instruction::End,
            Instruction::GlobalGet(FUEL),
            Instruction::I32Const(COST),
            Instruction::I32Sub,
            Instruction::GlobalSet(FUEL),
        ]);
    }

    /// The index of a type, which is added if need be.
    fn type_index(&mut self, signature: &Signature) -> u32 {
        let found = self.types.iter().position(|ty| ty == signature).unwrap_or_else(|| {
            self.types.push(signature.clone());
            self.types.len() - 1
        });
        found as u32
    }

    /// A local of type `ty` that is neither a counter nor a helper.
    fn local(&mut self, ty: Type) -> Option<u32> {
        let all = self.locals_of(ty);
        (!all.is_empty()).then(|| self.random.choose(&all))
    }

    fn locals_of(&self, ty: Type) -> Vec<u32> {
        (0..self.usable)
            .filter(|index| self.locals[*index] == ty && !self.helpers.contains(index))
            .map(|index| index as u32)
            .collect()
    }

    /// The local that helps with values of type `ty`.
    fn helper(&self, ty: Type) -> u32 {
        self.helpers.start as u32 + global(ty)
    }
}

/// The global of a type.
fn global(ty: Type) -> u32 {
    match ty {
        Type::I32 => 0,
        Type::I64 => 1,
        Type::F32 => 2,
        Type::F64 => 3,
        // No other types are generated.
        Type::V128 | Type::Func | Type::Extern => 4,
    }
}
