//! The frame: homes, and how a function begins and returns.
//!
//! What lives here: distances from the frame's top, the prologue, the epilogue. What does not: the
//! numbers of `wasmtier_vm::frame`, which a test compares with these. Invariants: `rbp` is the
//! frame's top throughout; preserved registers are as the caller left them when the function
//! returns.

use dynasmrt::DynasmLabelApi;
use wasmtier_vm::frame::{HEADER_SLOTS, UNCHECKED_FRAME_BYTES};
use wasmtier_vm::{FuncType, Slot, VmCtx};
use wasmtier_x64::{Alu, Cond, Floats, Gpr, Mem, Width, Xmm};

use super::register::{Register, Registers};
use super::site::Stub;
use super::value::{Kind, NONE};
use super::{Closed, Compiler, MAX_FRAME_SLOTS, Visit, region, val_type};
use crate::compile::{CompileError, Compiled};
use crate::convention::{Place, arguments, results};

/// The running context.
pub(crate) const CONTEXT: Gpr = Gpr::R14;
/// The base of memory 0.
pub(crate) const MEMORY: Gpr = Gpr::Rbx;
/// The top of the frame.
pub(crate) const TOP: Gpr = Gpr::Rbp;

/// Where preserved registers are saved in a frame's header.
pub const SAVED: [(Gpr, Slot); 3] =
    [(Gpr::R12, Slot::ENTRY), (Gpr::R13, Slot::SAVED_PC), (Gpr::R15, Slot::CALLER_FP)];

/// As many operands fit into a frame that is not taken for large.
const FEW_OPERANDS: u32 = 12;

/// From how many slots on those to be made zero are made so by a loop.
const ZERO_LOOP: usize = 24;

/// A field of the context.
pub(crate) fn context(field: usize) -> Mem {
    Mem::new(CONTEXT, field as i32)
}

/// The sizes of a frame's parts, in slots.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Frame {
    params: u32,
    locals: u32,
}

impl Frame {
    pub(crate) const fn new(params: u32) -> Self {
        Self { params, locals: 0 }
    }

    /// All slots but the operands'.
    pub(crate) const fn fixed_slots(&self) -> u32 {
        self.params + HEADER_SLOTS + self.locals
    }

    /// The slots of the operand at `height`.
    pub(crate) fn temporary(&self, height: u32, kind: Kind) -> Mem {
        Mem::new(TOP, -(8 * (self.fixed_slots() + height + kind.slots()) as i32))
    }

    /// Bytes from the top down to what is below `height` operands.
    pub(crate) const fn below(&self, height: u32) -> u32 {
        8 * (self.fixed_slots() + height)
    }

    /// A slot of the header.
    fn header(&self, slot: Slot) -> Mem {
        Mem::new(TOP, 8 * (i32::from(slot.0) - 2 - self.params as i32))
    }
}

/// A parameter or local.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Local {
    pub(crate) kind: Kind,
    /// Its home: bytes from the top, negative.
    pub(crate) home: i32,
    /// Its lane in the region at hand.
    pub(crate) lane: Option<Register>,
    /// The topmost entry that names it, or [`NONE`].
    pub(crate) head: u32,
    /// Offsets in the module: behind the last operator that may use it, and of the last that writes
    /// it.
    pub(crate) last_use: u64,
    pub(crate) last_set: u64,
}

impl Local {
    fn new(kind: Kind, below_top: u32) -> Self {
        let home = -(8 * below_top as i32);
        Self { kind, home, lane: None, head: NONE, last_use: 0, last_set: 0 }
    }

    pub(crate) const fn mem(&self) -> Mem {
        Mem::new(TOP, self.home)
    }

    /// Its home, together with its lane.
    pub(crate) fn place(&self, lane: Register) -> Place {
        let slot = self.home.unsigned_abs() / 8 - self.kind.slots();
        Place { ty: self.kind.into(), register: Some(lane.into()), slot }
    }
}

/// What the choice of lanes asks.
struct Arrivals<'a> {
    locals: &'a [Local],
    registers: Vec<Option<Register>>,
}

impl region::Locals for Arrivals<'_> {
    fn is_float(&self, local: u32) -> bool {
        self.locals[local as usize].kind.is_float()
    }

    fn arrives(&self, local: u32) -> Option<Register> {
        self.registers.get(local as usize).copied().flatten()
    }
}

impl Compiler<'_> {
    pub(crate) fn func_type(&self) -> &FuncType {
        self.module.func_type(self.func)
    }

    /// Lays out parameters and locals.
    pub(crate) fn declare_locals(&mut self, declared: &[(u32, wasmparser::ValType)]) -> Visit {
        let too_many = CompileError::TooManySlots { limit: MAX_FRAME_SLOTS };
        let mut slot = 0;
        for ty in self.module.func_type(self.func).params() {
            slot += ty.slots();
            self.locals.push(Local::new(Kind::of(*ty), slot));
        }
        slot += HEADER_SLOTS;
        let first = slot;
        for (count, ty) in declared {
            let ty = val_type(*ty).ok_or(CompileError::Unsupported { what: "gc" })?;
            let slots = count.checked_mul(ty.slots()).and_then(|slots| slots.checked_add(slot));
            if slots.is_none_or(|slots| slots > MAX_FRAME_SLOTS) {
                return Err(too_many.into());
            }
            for _ in 0..*count {
                slot += ty.slots();
                self.locals.push(Local::new(Kind::of(ty), slot));
            }
        }
        if slot > MAX_FRAME_SLOTS {
            return Err(too_many.into());
        }
        self.frame.locals = slot - first;
        self.note_last_uses();
        Ok(())
    }

    /// A use in a loop may come again until the outermost loop ends.
    fn note_last_uses(&mut self) {
        let regions = &self.scan.regions;
        // The end of the outermost loop around each region.
        let mut ends: Vec<u64> = Vec::with_capacity(regions.len());
        for region in regions {
            let end = match region.depth {
                0 => 0,
                1 => region.end,
                _ => ends[region.parent.index()],
            };
            ends.push(end);
        }
        for used in &self.scan.uses {
            let local = &mut self.locals[used.local.index()];
            let end = match ends[used.region.index()] {
                0 => used.last + 1,
                end => end,
            };
            local.last_use = local.last_use.max(end);
            if used.sets > 0 {
                local.last_set = local.last_set.max(used.last);
            }
        }
    }

    /// Begins the function. `large` says that its frame is known to be.
    pub(crate) fn open(&mut self, large: bool) {
        self.code.dynamic_label(self.entry);
        let registers = arguments(self.func_type()).map(|place| place.register.map(Into::into));
        let arrivals = Arrivals { locals: &self.locals, registers: registers.collect() };
        self.regions.choose(&self.scan, &arrivals, self.locals.len());
        let arrivals = arrivals.registers;
        self.check_stack(large);
        for (register, slot) in SAVED {
            let register = Register::gpr(register);
            if self.regions.preserved.has(register) {
                let to = self.frame.header(slot);
                self.store_home(Kind::I64, to, register);
            }
        }
        self.switch_region(0);
        self.take_parameters(&arrivals);
        self.zero_locals(arrivals.len());
        self.open_body();
    }

    /// Leaves if there is no room for the frame. A leaf with a small one need not ask.
    fn check_stack(&mut self, large: bool) {
        let calls = self.scan.tail_calls || self.scan.regions.iter().any(|region| region.calls > 0);
        // What operands take is known at the end only; often it is little.
        let large = large || 8 * (self.frame.fixed_slots() + FEW_OPERANDS) > UNCHECKED_FRAME_BYTES;
        if !large && !calls {
            return;
        }
        let limit = context(core::mem::offset_of!(VmCtx, stack_limit));
        if large {
            self.code.lea(Width::W64, Gpr::R11, Mem::new(TOP, i32::MIN));
            self.frame_size_at = Some(self.code.len() - 4);
            self.code.alu(Alu::Cmp, Width::W64, Gpr::R11, limit);
        } else {
            self.code.alu(Alu::Cmp, Width::W64, TOP, limit);
        }
        let at = self.code.new_dynamic_label();
        self.code.jcc(Cond::B, at);
        self.stubs.push(Stub::Refuse { at });
    }

    /// Puts parameters that arrive in registers where the body wants them.
    fn take_parameters(&mut self, arrivals: &[Option<Register>]) {
        for (index, arrival) in arrivals.iter().enumerate() {
            let Some(arrival) = *arrival else { continue };
            let local = self.locals[index];
            if self.scan.fresh.get(index).is_none_or(|fresh| !fresh) && local.lane != Some(arrival)
            {
                // Written before it is read, if ever.
                continue;
            }
            match local.lane {
                Some(lane) if lane == arrival => self.written(lane),
                Some(_) => {}
                None => self.store_home(local.kind, local.mem(), arrival),
            }
        }
        for (index, arrival) in arrivals.iter().enumerate() {
            let Some(arrival) = *arrival else { continue };
            let local = self.locals[index];
            // Preserved lanes are nobody's arrival.
            if let Some(lane) = local.lane.filter(|lane| *lane != arrival) {
                self.copy(local.kind, lane, arrival);
                self.written(lane);
            }
        }
    }

    /// Makes zero what may be read before it is written.
    fn zero_locals(&mut self, params: usize) {
        let mut stored = Vec::new();
        for index in params..self.scan.fresh.len() {
            if !self.scan.fresh[index] {
                continue;
            }
            let local = self.locals[index];
            match local.lane {
                Some(lane) if lane.is_gpr() => {
                    self.code.zero(lane.as_gpr());
                    self.written(lane);
                }
                Some(lane) => {
                    self.code.zero_xmm(lane.as_xmm());
                    self.written(lane);
                }
                None => stored.push(local),
            }
        }
        let scratch = Xmm::new(15);
        match &stored[..] {
            [] => {}
            [single] if single.kind != Kind::V128 => {
                self.code.store_imm(single.kind.width(), single.mem(), 0);
            }
            [first, .., last] if stored.len() >= ZERO_LOOP => self.zero_range(first, last),
            stored => {
                self.code.zero(Gpr::R11);
                for local in stored {
                    if local.kind == Kind::V128 {
                        self.code.zero_xmm(scratch);
                        self.code.store_xmm(Floats::Ps, local.mem(), scratch);
                    } else {
                        self.code.store(local.kind.width(), local.mem(), Gpr::R11);
                    }
                }
            }
        }
    }

    /// Makes all slots zero from those of one local to those of another.
    fn zero_range(&mut self, first: &Local, last: &Local) {
        let again = self.code.new_dynamic_label();
        let end = i64::from(first.home) + 8 * i64::from(first.kind.slots());
        let slots = (end - i64::from(last.home)) / 8;
        // Temporaries: nothing is in them yet.
        self.code.lea(Width::W64, Gpr::R11, last.mem());
        self.code.mov_imm(Gpr::Rcx, slots as u64);
        self.code.dynamic_label(again);
        self.code.store_imm(Width::W64, Mem::base(Gpr::R11), 0);
        self.code.alu_imm(Alu::Add, Width::W64, Gpr::R11, 8);
        self.code.unary(wasmtier_x64::Unary::Dec, Width::W32, Gpr::Rcx);
        self.code.jcc(Cond::Ne, again);
    }

    /// Whether results take more than one register: then they are in slots at the body's label.
    pub(crate) fn returns_slots(&self) -> bool {
        self.func_type().results().len() > 1
    }

    /// Returns, with the results where the body's label wants them. Leaves the model as it is.
    pub(crate) fn return_(&mut self) {
        if self.returns_slots() {
            self.place_results();
        } else {
            self.restore();
        }
        self.code.ret();
    }

    /// Gives the caller its registers back.
    pub(crate) fn restore(&mut self) {
        for (register, slot) in SAVED {
            let register = Register::gpr(register);
            if self.regions.preserved.has(register) {
                let from = self.frame.header(slot);
                self.load_home(Kind::I64, register, from);
            }
        }
    }

    /// From the lowest operand slots to where the caller wants them, which may be over them: in
    /// order, as those are above.
    fn place_results(&mut self) {
        let places: Vec<Place> = results(self.func_type()).collect();
        for place in &places {
            if let Some(register) = place.register {
                let kind = Kind::of(place.ty);
                let from = self.frame.temporary(place.slot, kind);
                self.load_home(kind, register.into(), from);
            }
        }
        self.restore();
        for place in &places {
            if place.register.is_none() {
                let kind = Kind::of(place.ty);
                let from = self.frame.temporary(place.slot, kind);
                let vector = kind == Kind::V128;
                let through: Register =
                    if vector { Xmm::new(15).into() } else { Register::gpr(Gpr::R11) };
                self.load_home(kind, through, from);
                self.store_home(kind, place.mem(TOP), through);
            }
        }
    }

    /// Ends the function: behind its last operator.
    pub(crate) fn close(
        mut self,
        buffers: &mut super::Buffers,
    ) -> Result<Closed, Box<CompileError>> {
        let bytes = self.frame.below(self.max_height);
        match self.frame_size_at {
            Some(at) => self.code.replace_i32(at, -(bytes as i32)),
            None if bytes > UNCHECKED_FRAME_BYTES => {
                self.recycle(buffers);
                return Ok(Closed::TooLarge);
            }
            None => {}
        }
        self.note_start();
        self.place_stubs();
        self.exits.place_constants(&mut self.code);
        let faults = self.exits.take_faults().map(|offset| offset as u32).collect();
        let code = core::mem::take(&mut self.code).finish()?;
        let sites = self.sites.take(self.options.sites);
        let starts = core::mem::take(&mut self.sites.starts);
        let mut counters = self.counters;
        counters.bytes = code.len() as u32;
        let mut loops = core::mem::take(&mut self.loops);
        loops.frame_bytes = bytes;
        counters.pins = self.regions.lanes.iter().map(|lanes| lanes.pinned.len()).sum();
        self.recycle(buffers);
        Ok(Closed::Done(Compiled { code, faults, sites, starts, loops, counters }))
    }

    /// All that lanes may hold.
    pub(crate) fn all_lanes() -> Registers {
        Registers::VOLATILE_LANES.or(Registers::FLOAT_LANES).or(Registers::PRESERVED)
    }
}
