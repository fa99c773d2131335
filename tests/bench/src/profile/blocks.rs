//! [`Counted`]: a module rewritten so that it counts how often each of its basic blocks runs.
//!
//! What lives here: the rewriting. What does not: what the counts say (`counts.rs`), running it.
//!
//! A memory is added behind the others, exported as [`COUNTERS`], with 64 bits for each block; a
//! block begins by adding one to its own. Nothing else of the module changes, and no index: the
//! code that counts is straight, so labels keep their depth and operators are copied as bytes.
//!
//! Invariant: a block runs as a whole unless an operator in it traps. A call ends a block, so
//! that a program that exits inside one is counted to the operator.

use super::declared::Declared;
use super::operators::{Flow, Kind, opens};
use crate::runner::Failure;
use std::ops::Range;
use wasm_encoder::{CodeSection, Encode, ExportKind, ExportSection, Instruction, MemArg};
use wasm_encoder::{
    MemArgTarget, MemorySection, MemoryType, Module, RawSection, Section, SectionId,
};
use wasmparser::{BinaryReader, FunctionBody, Operator, Parser, Payload};

/// The name under which the counters are exported.
pub const COUNTERS: &str = "wasmtier-bench.counters";

/// Bytes of a counter: a little-endian integer.
pub const COUNTER_BYTES: usize = 8;

const PAGE: usize = 65536;

/// A function with code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its index in the module.
    pub index: u32,
    /// Its name: from the name section, else of an export, else its index.
    pub name: String,
    /// The size of its body.
    pub body_bytes: usize,
    /// Its blocks; the first is entered by calls alone.
    pub blocks: Range<usize>,
}

/// A stretch of code entered only at its start and left only at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// What it executes: a range of [`Counted::operators`].
    pub operators: Range<usize>,
    /// The operator executed right before, if that is always the same one of the same function.
    pub after: Option<Kind>,
}

/// A module that counts.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Its functions in order.
    pub functions: Vec<Function>,
    /// All blocks, each with the counter of the same number.
    pub blocks: Vec<Block>,
    /// The operators of all blocks in order.
    pub operators: Vec<Kind>,
}

impl Counted {
    /// Rewrites a valid module.
    ///
    /// # Errors
    ///
    /// When it cannot be parsed, or has operators that are not counted.
    pub fn new(wasm: &[u8]) -> Result<Self, Failure> {
        let declared = Declared::of(wasm)?;
        let mut counted = Self {
            wasm: Vec::new(),
            functions: Vec::new(),
            blocks: Vec::new(),
            operators: Vec::new(),
        };
        let code = counted.rewrite_code(wasm, &declared)?;
        counted.wasm = counted.assemble(wasm, &declared, &code)?;
        Ok(counted)
    }

    fn rewrite_code(&mut self, wasm: &[u8], declared: &Declared) -> Result<CodeSection, Failure> {
        let mut code = CodeSection::new();
        for payload in Parser::new(0).parse_all(wasm) {
            let Payload::CodeSectionEntry(body) = payload? else { continue };
            let index = declared.functions + u32::try_from(self.functions.len())?;
            let first = self.blocks.len();
            let mut rewriting = Rewriting {
                counted: self,
                memory: declared.memories,
                bytes: Vec::new(),
                state: State::Running,
            };
            rewriting.body(wasm, &body)?;
            code.raw(&rewriting.bytes);
            self.functions.push(Function {
                index,
                name: declared.name_of(index),
                body_bytes: body.as_bytes().len(),
                blocks: first..self.blocks.len(),
            });
        }
        Ok(code)
    }

    /// Copies the sections but the code, and puts memory and export where they belong.
    fn assemble(
        &self,
        wasm: &[u8],
        declared: &Declared,
        code: &CodeSection,
    ) -> Result<Vec<u8>, Failure> {
        let mut module = Module::new();
        let mut added = [
            (SectionId::Memory, self.memory_entry()?),
            (SectionId::Export, export_entry(declared.memories)),
        ]
        .into_iter()
        .peekable();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let Payload::CustomSection(section) = &payload {
                // Offsets of operators change.
                if !section.name().starts_with("metadata.code.") {
                    let data = slice(wasm, section.range())?;
                    module.section(&RawSection { id: SectionId::Custom as u8, data });
                }
                continue;
            }
            let section = payload.as_section();
            let place = section.as_ref().map_or(u8::MAX, |(id, _)| place(*id));
            let mut merged = None;
            while let Some((at, entry)) =
                added.next_if(|(at, _)| self::place(*at as u8) <= place && is_boundary(&payload))
            {
                match &section {
                    Some((id, range)) if *id == at as u8 => {
                        merged = Some(appended(slice(wasm, range.clone())?, &entry)?);
                    }
                    _ => {
                        let data = &appended(&[0], &entry)?;
                        module.section(&RawSection { id: at as u8, data });
                    }
                }
            }
            match (section, merged) {
                (Some((id, _)), _) if id == SectionId::Code as u8 => {
                    module.section(code);
                }
                (Some((id, _)), Some(data)) => {
                    module.section(&RawSection { id, data: &data });
                }
                (Some((id, range)), None) => {
                    module.section(&RawSection { id, data: slice(wasm, range)? });
                }
                (None, _) => {}
            }
        }
        Ok(module.finish())
    }

    /// The memory of the counters, as an entry of the memory section.
    fn memory_entry(&self) -> Result<Vec<u8>, Failure> {
        let pages = u64::try_from((self.blocks.len() * COUNTER_BYTES).div_ceil(PAGE).max(1))?;
        let mut section = MemorySection::new();
        section.memory(MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        Ok(entry_of(&section))
    }
}

fn export_entry(memory: u32) -> Vec<u8> {
    let mut section = ExportSection::new();
    section.export(COUNTERS, ExportKind::Memory, memory);
    entry_of(&section)
}

/// The only entry of a section: what follows its size and the count 1, both of one byte.
fn entry_of(section: &impl Section) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    bytes.split_off(2)
}

/// Whether sections can be put in front of what `payload` is about.
fn is_boundary(payload: &Payload<'_>) -> bool {
    payload.as_section().is_some() || matches!(payload, Payload::End(_))
}

/// The place of a section in the order of sections.
fn place(id: u8) -> u8 {
    const ORDER: [SectionId; 13] = [
        SectionId::Type,
        SectionId::Import,
        SectionId::Function,
        SectionId::Table,
        SectionId::Memory,
        SectionId::Tag,
        SectionId::Global,
        SectionId::Export,
        SectionId::Start,
        SectionId::Element,
        SectionId::DataCount,
        SectionId::Code,
        SectionId::Data,
    ];
    let at = ORDER.iter().position(|section| *section as u8 == id);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

/// A vector of the binary format with one more entry.
fn appended(vector: &[u8], entry: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut reader = BinaryReader::new(vector, 0);
    let count = reader.read_var_u32()?;
    let mut bytes = Vec::new();
    (count + 1).encode(&mut bytes);
    bytes.extend_from_slice(reader.read_bytes(reader.bytes_remaining())?);
    bytes.extend_from_slice(entry);
    Ok(bytes)
}

fn slice(wasm: &[u8], range: Range<u64>) -> Result<&[u8], Failure> {
    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
    wasm.get(range).ok_or_else(|| "a section beyond the end".into())
}

/// Where the rewriting of a body is.
#[derive(Copy, Clone)]
enum State {
    /// In a block.
    Running,
    /// Before one: it begins with the next operator that executes something.
    Starting { after: Option<Kind> },
    /// In code that is not reached, this many constructs above the code that may be.
    Unreached(u32),
}

struct Rewriting<'a> {
    counted: &'a mut Counted,
    memory: u32,
    bytes: Vec<u8>,
    state: State,
}

impl Rewriting<'_> {
    fn body(&mut self, wasm: &[u8], body: &FunctionBody<'_>) -> Result<(), Failure> {
        let mut operators = body.get_operators_reader()?;
        let mut at = operators.original_position();
        self.bytes.extend_from_slice(slice(wasm, body.range().start..at)?);
        self.begin(None);
        while !operators.eof() {
            let operator = operators.read()?;
            let end = operators.original_position();
            self.operator(&operator, slice(wasm, at..end)?)?;
            at = end;
        }
        Ok(())
    }

    fn operator(&mut self, operator: &Operator<'_>, bytes: &[u8]) -> Result<(), Failure> {
        let flow = Flow::of(operator);
        if flow == Flow::Unsupported {
            return Err(format!("cannot count code with `{}`", Kind::of(operator).name()).into());
        }
        if let State::Unreached(depth) = self.state {
            self.state = match operator {
                operator if opens(operator) => State::Unreached(depth + 1),
                Operator::Else if depth == 0 => State::Starting { after: Some(Kind::IF) },
                Operator::End if depth == 0 => State::Starting { after: None },
                Operator::End => State::Unreached(depth - 1),
                _ => State::Unreached(depth),
            };
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        }
        let kind = Kind::of(operator);
        if matches!(flow, Flow::Plain | Flow::Fork | Flow::Leave) {
            if let State::Starting { after } = self.state {
                self.begin(after);
            }
            self.counted.operators.push(kind);
            if let Some(block) = self.counted.blocks.last_mut() {
                block.operators.end += 1;
            }
        }
        self.bytes.extend_from_slice(bytes);
        match flow {
            Flow::Plain | Flow::Structure | Flow::Unsupported => {}
            Flow::Join => self.state = State::Starting { after: None },
            Flow::Else => self.state = State::Starting { after: Some(Kind::IF) },
            Flow::Fork => self.state = State::Starting { after: Some(kind) },
            Flow::Leave => self.state = State::Unreached(0),
        }
        Ok(())
    }

    /// Begins a block: adds one to its counter.
    fn begin(&mut self, after: Option<Kind>) {
        let counter = self.counted.blocks.len() * COUNTER_BYTES;
        let at = MemArg {
            offset: counter as u64,
            align: 3,
            target: MemArgTarget::Memory(self.memory),
            ordering: None,
        };
        for instruction in [
            Instruction::I32Const(0),
            Instruction::I32Const(0),
            Instruction::I64Load(at),
            Instruction::I64Const(1),
            Instruction::I64Add,
            Instruction::I64Store(at),
        ] {
            instruction.encode(&mut self.bytes);
        }
        let start = self.counted.operators.len();
        self.counted.blocks.push(Block { operators: start..start, after });
        self.state = State::Running;
    }
}
