//! Modules of dense control and data flow: operands wait on the stack while blocks, loops and
//! branches come and go above them, and locals change that they name.
//!
//! Arbitrary modules seldom branch with values, and mostly drop what they compute. These exist to
//! mix the things that an interpreter's translator keeps in mind between operators.
//!
//! Invariant: every function ends. A loop counts down in a local of its own, only its own branch
//! goes back to it, and functions call only later ones. Nothing traps, and no float operator is
//! used whose NaNs are open.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, Module, TypeSection,
};

use super::operator::{Operator, constant, operators, val_type};
use crate::random::Random;
use crate::value::{Signature, Type};

const TYPES: [Type; 9] = [
    Type::I32,
    Type::I32,
    Type::I32,
    Type::I64,
    Type::I64,
    Type::F32,
    Type::F64,
    Type::F64,
    Type::V128,
];

/// One global of each.
const GLOBALS: [Type; 5] = [Type::I32, Type::I64, Type::F32, Type::F64, Type::V128];

const FUNCTIONS: u32 = 4;
/// Expressions of a function that are more than a constant or a local.
const BUDGET: u32 = 60;
/// Nested blocks and loops of a function.
const MOST_LABELS: usize = 7;

pub(super) fn generate(random: &mut Random) -> Vec<u8> {
    let operators = usable();
    let signatures: Vec<Signature> = (0..FUNCTIONS)
        .map(|_| Signature { params: types(random, 4), results: types(random, 3) })
        .collect();
    let mut section = TypeSection::new();
    let mut known = Vec::new();
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    for (index, signature) in (0..).zip(&signatures) {
        functions.function(type_index(&mut known, signature));
        exports.export(&format!("f{index}"), ExportKind::Func, index);
        let later = (index + 1..).zip(&signatures[index as usize + 1..]).collect();
        let mut flow = Flow {
            random,
            operators: &operators,
            later,
            types: &mut known,
            locals: signature.params.clone(),
            first: signature.params.len(),
            labels: Vec::new(),
            budget: BUDGET,
            code: Vec::new(),
        };
        flow.locals.extend(TYPES);
        flow.function(signature);
        let locals = flow.locals[flow.first..].iter().copied().map(val_type);
        let mut function = Function::new_with_locals_types(locals);
        for instruction in &flow.code {
            function.instruction(instruction);
        }
        code.function(&function);
    }
    for ty in known {
        let (params, results) = (ty.params.into_iter(), ty.results.into_iter());
        section.ty().function(params.map(val_type), results.map(val_type));
    }
    let mut globals = GlobalSection::new();
    for (index, ty) in (0..).zip(GLOBALS) {
        let initial = ConstExpr::extended([constant(&random.value(ty))]);
        globals
            .global(GlobalType { val_type: val_type(ty), mutable: true, shared: false }, &initial);
        exports.export(&format!("g{index}"), ExportKind::Global, index);
    }
    let mut module = Module::new();
    module.section(&section).section(&functions).section(&globals);
    module.section(&exports).section(&code);
    module.finish()
}

/// Operators that never trap, touch no memory and leave no NaN open.
fn usable() -> Vec<Operator> {
    const OTHER: [&str; 5] = ["load", "store", "div_", "rem_", "trunc_f"];
    let mut operators = operators();
    operators.retain(|operator| {
        operator.open.is_none() && !OTHER.iter().any(|other| operator.name.contains(other))
    });
    operators
}

/// Up to `most` random types.
fn types(random: &mut Random, most: u64) -> Vec<Type> {
    (0..random.below(most + 1)).map(|_| random.choose(&TYPES)).collect()
}

fn type_index(known: &mut Vec<Signature>, signature: &Signature) -> u32 {
    let found = known.iter().position(|ty| ty == signature).unwrap_or_else(|| {
        known.push(signature.clone());
        known.len() - 1
    });
    found as u32
}

/// What a branch to a label takes; nothing for loops, which have branches of their own.
type Label = Option<Vec<Type>>;

/// A function being written.
struct Flow<'a> {
    random: &'a mut Random,
    operators: &'a [Operator],
    /// Functions that may be called.
    later: Vec<(u32, &'a Signature)>,
    types: &'a mut Vec<Signature>,
    /// Parameters and locals.
    locals: Vec<Type>,
    /// Index of the first that is not a parameter.
    first: usize,
    labels: Vec<Label>,
    budget: u32,
    code: Vec<Instruction<'static>>,
}

impl Flow<'_> {
    fn emit(&mut self, instruction: Instruction<'static>) {
        self.code.push(instruction);
    }

    fn function(&mut self, signature: &Signature) {
        self.labels.push(Some(signature.results.clone()));
        self.sequence(&signature.results);
        self.labels.pop();
        self.emit(Instruction::End);
    }

    /// Some statements, then `results` on the stack, and perhaps an early way out with them.
    fn sequence(&mut self, results: &[Type]) {
        for _ in 0..self.random.below(4) {
            self.statement();
        }
        self.expressions(results);
        if self.random.one_in(2) && self.labels.last() == Some(&Some(results.to_vec())) {
            self.expression(Type::I32);
            self.emit(Instruction::BrIf(0));
        }
    }

    fn expressions(&mut self, types: &[Type]) {
        for &ty in types {
            self.expression(ty);
        }
    }

    /// Takes values from the stack, topmost last in `types`.
    fn consume(&mut self, types: &[Type]) {
        for &ty in types.iter().rev() {
            let instruction = match (self.random.below(3), self.local(ty)) {
                (0, Some(local)) => Instruction::LocalSet(local),
                (1, _) => Instruction::GlobalSet(global(ty)),
                _ => Instruction::Drop,
            };
            self.emit(instruction);
        }
    }

    /// A local of type `ty` that is no loop's counter.
    fn local(&mut self, ty: Type) -> Option<u32> {
        let usable = self.first + TYPES.len();
        let locals = (0..).zip(&self.locals[..usable]);
        let of_type: Vec<u32> =
            locals.filter(|(_, local)| **local == ty).map(|(index, _)| index).collect();
        (!of_type.is_empty()).then(|| self.random.choose(&of_type))
    }

    fn statement(&mut self) {
        let ty = self.random.choose(&TYPES);
        match self.random.below(6) {
            0..=2 => {
                self.expression(ty);
                self.consume(&[ty]);
            }
            3 => self.branch_if(),
            4 => {
                self.expression(Type::I32);
                self.emit(Instruction::If(BlockType::Empty));
                self.labels.push(Some(Vec::new()));
                self.branch();
                self.labels.pop();
                self.emit(Instruction::End);
            }
            _ => self.call(),
        }
    }

    /// A label one can branch to, as its depth, and what that takes.
    fn label(&mut self) -> (u32, Vec<Type>) {
        let labels = (0..).zip(self.labels.iter().rev());
        let targets: Vec<(u32, &Vec<Type>)> =
            labels.filter_map(|(depth, label)| Some((depth, label.as_ref()?))).collect();
        let (depth, types) = self.random.choose(&targets);
        (depth, types.clone())
    }

    /// A conditional branch; its values are used when it is not taken.
    fn branch_if(&mut self) {
        let (depth, types) = self.label();
        self.expressions(&types);
        self.expression(Type::I32);
        self.emit(Instruction::BrIf(depth));
        self.consume(&types);
    }

    /// A branch or a table of branches that take the same.
    fn branch(&mut self) {
        let (depth, types) = self.label();
        self.expressions(&types);
        if self.random.one_in(2) {
            self.emit(Instruction::Br(depth));
            return;
        }
        let labels = (0..).zip(self.labels.iter().rev());
        let same: Vec<u32> = labels
            .filter(|(_, label)| label.as_ref() == Some(&types))
            .map(|(depth, _)| depth)
            .collect();
        let targets: Vec<u32> = (0..4).map(|_| self.random.choose(&same)).collect();
        self.expression(Type::I32);
        self.emit(Instruction::I32Const(7));
        self.emit(Instruction::I32And);
        self.emit(Instruction::BrTable(targets.into(), depth));
    }

    /// A call of a later function, its results used.
    fn call(&mut self) {
        if self.later.is_empty() {
            return;
        }
        let (index, signature) = self.random.choose(&self.later);
        self.expressions(&signature.params);
        self.emit(Instruction::Call(index));
        self.consume(&signature.results);
    }

    /// Leaves one value of type `ty` on the stack.
    fn expression(&mut self, ty: Type) {
        if self.budget == 0 {
            return self.leaf(ty);
        }
        self.budget -= 1;
        match self.random.below(14) {
            0..=3 => self.leaf(ty),
            4..=6 => self.operator(ty),
            7 => {
                self.expression(ty);
                if let Some(local) = self.local(ty) {
                    self.emit(Instruction::LocalTee(local));
                }
            }
            8 => {
                self.statement();
                self.expression(ty);
            }
            9 => {
                self.expressions(&[ty, ty, Type::I32]);
                self.emit(Instruction::Select);
            }
            10 => {
                // A value that waits below a statement.
                self.expression(ty);
                self.statement();
            }
            _ if self.labels.len() < MOST_LABELS => self.block(ty),
            _ => self.leaf(ty),
        }
    }

    fn leaf(&mut self, ty: Type) {
        let instruction = match (self.random.below(8), self.local(ty)) {
            (0, _) => Instruction::GlobalGet(global(ty)),
            (1..=5, Some(local)) => Instruction::LocalGet(local),
            _ => constant(&self.random.value(ty)),
        };
        self.emit(instruction);
    }

    fn operator(&mut self, ty: Type) {
        let operators: &[Operator] = self.operators;
        let fitting: Vec<&Operator> =
            operators.iter().filter(|operator| operator.results == [ty]).collect();
        let operator = self.random.choose(&fitting);
        self.expressions(&operator.operands);
        let instruction = (operator.encode)(self.random);
        self.emit(instruction);
    }

    /// A block, `if` or loop with parameters and results, of which the first is kept.
    fn block(&mut self, ty: Type) {
        let params = types(self.random, 2);
        let mut results = vec![ty];
        results.extend(types(self.random, 2));
        let signature = Signature { params, results };
        let Signature { params, results } = &signature;
        let block_type = BlockType::FunctionType(type_index(self.types, &signature));
        self.expressions(params);
        match self.random.below(3) {
            0 => {
                self.emit(Instruction::Block(block_type));
                self.labels.push(Some(results.clone()));
                self.consume(params);
                self.sequence(results);
            }
            1 => {
                self.expression(Type::I32);
                self.emit(Instruction::If(block_type));
                self.labels.push(Some(results.clone()));
                self.consume(params);
                self.sequence(results);
                self.emit(Instruction::Else);
                self.consume(params);
                self.sequence(results);
            }
            _ => self.loop_(block_type, params, results),
        }
        self.labels.pop();
        self.emit(Instruction::End);
        self.consume(&results[1..]);
    }

    /// All of a loop but its end.
    fn loop_(&mut self, block_type: BlockType, params: &[Type], results: &[Type]) {
        let counter = self.locals.len() as u32;
        self.locals.push(Type::I32);
        let rounds = self.random.below(3) as i32 + 1;
        self.emit(Instruction::I32Const(rounds));
        self.emit(Instruction::LocalSet(counter));
        self.emit(Instruction::Loop(block_type));
        self.labels.push(None);
        self.consume(params);
        self.statement();
        self.expressions(params);
        self.emit(Instruction::LocalGet(counter));
        self.emit(Instruction::I32Const(1));
        self.emit(Instruction::I32Sub);
        self.emit(Instruction::LocalTee(counter));
        self.emit(Instruction::BrIf(0));
        self.consume(params);
        self.sequence(results);
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
