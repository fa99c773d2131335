//! The compiler proper: one forward pass over a body that emits its final bytes.
//!
//! What lives here: its state, and what every family of operators needs of it. The files beside it
//! hold one idea each: the value stack (`stack`, `value`), registers (`registers`, `lanes`,
//! `region`), what is not computed yet (`expression`), control (`control`, `branch`, `edge`), calls
//! (`call`, `indirect`), the frame (`frame`) and what is placed behind the code (`site`).
//!
//! Invariants: between two operators every stack entry, lane and mask says where its value is
//! (checked in debug builds, `check`). Each operator costs constant time, or time linear in what it
//! pops. The result depends on the body alone.

mod atomic;
mod branch;
mod builtin;
mod bulk;
mod call;
#[cfg(debug_assertions)]
mod check;
mod control;
mod edge;
mod expression;
mod frame;
mod fused;
mod indirect;
mod lanes;
mod memory;
mod numeric;
mod parallel;
mod region;
mod register;
mod registers;
mod select;
mod simd;
mod site;
mod stack;
mod tail_call;
mod value;
mod variable;
mod visit;
mod wide;

use dynasmrt::DynamicLabel;
use wasmparser::BinaryReaderError;
use wasmtier_vm::{FuncIdx, ModuleInfo, ValType, open_body};
use wasmtier_x64::lower::{Exits, Lowering};
use wasmtier_x64::{CodeBuffer, Error};

use self::call::Passing;
use self::control::Control;
use self::edge::LaneMove;
use self::expression::Expression;
pub use self::frame::SAVED;
use self::frame::{Frame, Local};
use self::lanes::State;
use self::region::Regions;
use self::register::{Register, Registers};
use self::site::Stub;
use self::value::{Entry, NONE};
use crate::compile::{CompileError, Compiled, Counters, Options};
use crate::osr::Loops;
use crate::prescan::{Prescan, PrescanError, prescan};

/// Slots a frame may have, as in the interpreter.
const MAX_FRAME_SLOTS: u32 = 32_000;

/// Bytes that a function's code may have.
const MAX_CODE_BYTES: u32 = 256 << 20;

/// What a visit comes to: boxed, so that it is one register on the way through every caller.
pub(crate) type Visit = Result<(), Box<CompileError>>;

/// Buffers that compilations share.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    stack: Vec<Entry>,
    locals: Vec<Local>,
    controls: Vec<Control>,
    regions: Regions,
    stubs: Vec<Stub>,
    moves: Vec<LaneMove>,
    passing: Passing,
    vectors: Vec<u128>,
    exits: Exits,
}

pub(crate) struct Compiler<'m> {
    module: &'m ModuleInfo,
    func: FuncIdx,
    options: Options,
    code: CodeBuffer,
    exits: Exits,
    frame: Frame,
    locals: Vec<Local>,
    /// The value stack.
    stack: Vec<Entry>,
    /// Its height in slots, and the largest it had.
    height: u32,
    max_height: u32,
    /// How many entries, counted from the bottom, need no thought at the begin of a block.
    flushed: usize,
    /// The expression that is not computed yet, and its entry's place or [`NONE`].
    pending: Expression,
    pending_at: u32,
    /// By register: the place of the entry that has it as its temporary, or [`NONE`].
    owner: [u32; Register::COUNT],
    /// Temporaries nobody has.
    free: Registers,
    /// Vector temporaries, free or not, that hold what is in the home of a local without a lane,
    /// and by register, of which.
    kept: Registers,
    kept_local: [u32; Register::COUNT],
    /// What the region at hand uses as temporaries.
    temporaries: Registers,
    regions: Regions,
    /// Regions of the prescan that were passed.
    next_region: usize,
    scan: Prescan,
    /// What is in the lanes.
    state: State,
    controls: Vec<Control>,
    reachable: bool,
    /// The offset in the module of the operator at hand.
    offset: u64,
    stubs: Vec<Stub>,
    moves: Vec<LaneMove>,
    passing: Passing,
    /// Constants of vectors, which entries name by their place.
    vectors: Vec<u128>,
    sites: site::Sites,
    loops: Loops,
    /// The register whose result the flags tell to be zero, as long as the code has that length.
    zero_flag: (Register, usize),
    /// Where the code has the size of the frame, if that is large.
    frame_size_at: Option<usize>,
    /// Where the function begins.
    entry: DynamicLabel,
    /// Jump tables made so far.
    tables: u32,
    counters: Counters,
}

/// Compiles a function; `body` is where its bytes are in those of the module.
pub(crate) fn run(
    buffers: &mut Buffers,
    module: &ModuleInfo,
    func: FuncIdx,
    bytes: &[u8],
    options: &Options,
) -> Result<Compiled, Box<CompileError>> {
    let defined = module.defined_func(func).expect("only functions of the module have bodies");
    let body = module.bodies[defined as usize].clone();
    let (base, body) = (body.start as u64, &bytes[body]);
    let params = module.func_type(func).params().len() as u32;
    let mut large = false;
    loop {
        let scan = prescan(body, base, params)?;
        let reader = open_body(body, base)?;
        let mut compiler = Compiler::new(buffers, module, func, options, scan);
        compiler.declare_locals(&reader.locals)?;
        compiler.open(large);
        reader.walk(&mut compiler)?;
        match compiler.close(buffers)? {
            Closed::Done(compiled) => return Ok(compiled),
            Closed::TooLarge => large = true,
        }
    }
}

/// How a compilation ends.
pub(crate) enum Closed {
    Done(Compiled),
    /// The frame turned out to be larger than was assumed.
    TooLarge,
}

impl<'m> Compiler<'m> {
    fn new(
        buffers: &mut Buffers,
        module: &'m ModuleInfo,
        func: FuncIdx,
        options: &Options,
        scan: Prescan,
    ) -> Self {
        use core::mem::take;
        let mut code = CodeBuffer::new();
        let entry = code.new_dynamic_label();
        Self {
            module,
            func,
            options: *options,
            code,
            exits: take(&mut buffers.exits),
            frame: Frame::new(module.func_type(func).param_slots()),
            locals: take(&mut buffers.locals),
            stack: take(&mut buffers.stack),
            height: 0,
            max_height: 0,
            flushed: 0,
            pending: Expression::NONE,
            pending_at: NONE,
            owner: [NONE; Register::COUNT],
            free: Registers::NONE,
            kept: Registers::NONE,
            kept_local: [NONE; Register::COUNT],
            temporaries: Registers::NONE,
            regions: take(&mut buffers.regions),
            next_region: 0,
            scan,
            state: State::default(),
            controls: take(&mut buffers.controls),
            reachable: true,
            offset: 0,
            stubs: take(&mut buffers.stubs),
            moves: take(&mut buffers.moves),
            passing: take(&mut buffers.passing),
            vectors: take(&mut buffers.vectors),
            sites: site::Sites::default(),
            loops: Loops::default(),
            zero_flag: (Register::RAX, usize::MAX),
            frame_size_at: None,
            entry,
            tables: 0,
            counters: Counters::default(),
        }
    }

    /// Gives the buffers back, empty.
    fn recycle(&mut self, buffers: &mut Buffers) {
        use core::mem::take;
        self.stack.clear();
        self.locals.clear();
        self.controls.clear();
        self.stubs.clear();
        self.moves.clear();
        self.vectors.clear();
        self.exits.clear();
        buffers.stack = take(&mut self.stack);
        buffers.locals = take(&mut self.locals);
        buffers.controls = take(&mut self.controls);
        buffers.stubs = take(&mut self.stubs);
        buffers.moves = take(&mut self.moves);
        buffers.passing = take(&mut self.passing);
        buffers.vectors = take(&mut self.vectors);
        buffers.exits = take(&mut self.exits);
        buffers.regions = take(&mut self.regions);
    }

    /// What lowerings write to.
    fn lowering(&mut self) -> Lowering<'_> {
        Lowering { code: &mut self.code, exits: &mut self.exits, cpu: self.options.cpu }
    }

    /// To be called after each operator.
    fn after(&mut self) -> Visit {
        self.collect_traps();
        #[cfg(debug_assertions)]
        self.check();
        if self.code.len() > MAX_CODE_BYTES as usize {
            return Err(CompileError::TooLong { limit: MAX_CODE_BYTES }.into());
        }
        Ok(())
    }
}

/// A value type of wasmparser as ours; `None` when no supported proposal has it.
fn val_type(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) if ty.is_func_ref() => ValType::FUNCREF,
        wasmparser::ValType::Ref(ty) if ty.is_extern_ref() => ValType::EXTERNREF,
        wasmparser::ValType::Ref(_) => return None,
    })
}

impl From<BinaryReaderError> for Box<CompileError> {
    fn from(error: BinaryReaderError) -> Self {
        CompileError::Malformed(error.to_string()).into()
    }
}

impl From<PrescanError> for Box<CompileError> {
    fn from(error: PrescanError) -> Self {
        CompileError::Malformed(error.to_string()).into()
    }
}

impl From<Error> for Box<CompileError> {
    fn from(error: Error) -> Self {
        CompileError::Malformed(error.to_string()).into()
    }
}
