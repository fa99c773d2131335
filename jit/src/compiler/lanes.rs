//! What is in the lanes: the registers that locals are pinned to.
//!
//! What lives here: reading and writing locals, and bringing lanes and homes into agreement. What
//! does not: which local has which lane (`region`). Invariant: a local's value is in its lane if
//! the lane is valid, else in its home; it is in its home too unless the lane is dirty.

use wasmtier_x64::{Gpr, Mem, Width, Xmm};

use super::Compiler;
use super::register::{Register, Registers};
use super::value::{Kind, NONE};

/// The lanes at one point of the code.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct State {
    /// Whose lanes they are: a place in [`super::Regions::lanes`].
    pub(crate) region: u32,
    /// Lanes that hold their local.
    pub(crate) valid: Registers,
    /// Of these, lanes whose local's home may be out of date.
    pub(crate) dirty: Registers,
}

impl Compiler<'_> {
    /// The lane of a local in the region at hand.
    pub(crate) fn lane(&self, local: u32) -> Option<Register> {
        self.locals[local as usize].lane
    }

    /// The local of a lane.
    pub(crate) fn local_of(&self, lane: Register) -> u32 {
        self.regions.lanes[self.state.region as usize].local[lane.index()]
    }

    /// The lane of a local, with its value in it; `None` if it has none.
    pub(crate) fn read_lane(&mut self, local: u32) -> Option<Register> {
        let lane = self.lane(local)?;
        if !self.state.valid.has(lane) {
            let Local { kind, home } = self.home(local);
            self.load_home(kind, lane, home);
            self.state.valid = self.state.valid.or(lane.set());
            self.counters.reloads += 1;
        }
        Some(lane)
    }

    /// Notes that the lane of its local was written.
    pub(crate) fn written(&mut self, lane: Register) {
        self.state.valid = self.state.valid.or(lane.set());
        self.state.dirty = self.state.dirty.or(lane.set());
    }

    fn home(&self, local: u32) -> Local {
        let local = &self.locals[local as usize];
        Local { kind: local.kind, home: local.mem() }
    }

    /// Whether the value of a local may still be asked for behind this operator.
    pub(crate) fn is_live(&self, local: u32) -> bool {
        let local = &self.locals[local as usize];
        local.last_use > self.offset || local.head != NONE
    }

    /// Stores the lane's local to its home, unless nobody will ask for it.
    pub(crate) fn store_lane(&mut self, lane: Register) {
        let local = self.local_of(lane);
        if self.is_live(local) {
            let Local { kind, home } = self.home(local);
            self.store_home(kind, home, lane);
            self.counters.flushes += 1;
        }
        self.state.dirty = self.state.dirty.without(lane.set());
    }

    /// Makes the lanes in `lanes` invalid, with their locals in their homes.
    pub(crate) fn flush_lanes(&mut self, lanes: Registers) {
        for lane in self.state.dirty.and(lanes) {
            self.store_lane(lane);
        }
        self.state.valid = self.state.valid.without(lanes);
    }

    /// Makes another region's lanes those at hand. No lane but those that both have in common may
    /// be valid, and no temporary in use.
    pub(crate) fn switch_region(&mut self, region: u32) {
        let old = &self.regions.lanes[self.state.region as usize];
        for lane in old.pinned {
            self.locals[old.local[lane.index()] as usize].lane = None;
        }
        let new = &self.regions.lanes[region as usize];
        for lane in new.pinned {
            self.locals[new.local[lane.index()] as usize].lane = Some(lane);
        }
        let unpinned = Registers::VOLATILE_LANES.or(Registers::FLOAT_LANES).without(new.pinned);
        self.temporaries = Registers::TEMPORARIES.or(unpinned);
        self.free = self.temporaries;
        self.kept = Registers::NONE;
        self.state.region = region;
    }

    /// Loads from a slot; leaves the flags.
    pub(crate) fn load_home(&mut self, kind: Kind, to: Register, from: Mem) {
        if to.is_gpr() {
            self.code.mov(kind.width(), to.as_gpr(), from);
        } else {
            self.code.load_xmm(kind.floats(), to.as_xmm(), from);
        }
    }

    /// Stores to a slot; leaves the flags.
    pub(crate) fn store_home(&mut self, kind: Kind, to: Mem, from: Register) {
        if from.is_gpr() {
            self.code.store(kind.width(), to, from.as_gpr());
        } else {
            self.code.store_xmm(kind.floats(), to, from.as_xmm());
        }
    }

    /// Copies from register to register of the same file; leaves the flags.
    pub(crate) fn copy(&mut self, kind: Kind, to: Register, from: Register) {
        if to == from {
            return;
        }
        if to.is_gpr() {
            self.code.mov(kind.width(), to.as_gpr(), from.as_gpr());
        } else {
            self.code.mov_xmm(to.as_xmm(), from.as_xmm());
        }
    }

    /// Makes a register a constant; leaves the flags.
    pub(crate) fn load_constant(&mut self, kind: Kind, to: Register, bits: u64) {
        if kind == Kind::V128 {
            self.load_vector_constant(to.as_xmm(), self.vectors[bits as usize]);
        } else if to.is_gpr() {
            self.code.mov_imm(to.as_gpr(), bits);
        } else if bits == 0 {
            self.code.zero_xmm(to.as_xmm());
        } else {
            let label = self.exits.constant(&mut self.code, bits.into());
            self.code.load_xmm(kind.floats(), to.as_xmm(), label);
        }
    }

    /// Stores a constant to a slot; leaves the flags, and may change the scratch register.
    pub(crate) fn store_constant(&mut self, kind: Kind, to: Mem, bits: u64) {
        if kind == Kind::V128 {
            let scratch = Xmm::new(15).into();
            self.load_constant(kind, scratch, bits);
            return self.store_home(kind, to, scratch);
        }
        let imm = match kind.width() {
            Width::W32 => Some(bits as i32),
            Width::W8 | Width::W16 | Width::W64 => i32::try_from(bits.cast_signed()).ok(),
        };
        if let Some(imm) = imm {
            self.code.store_imm(kind.width(), to, imm);
        } else {
            self.code.mov_imm(Gpr::R11, bits);
            self.code.store(kind.width(), to, Gpr::R11);
        }
    }
}

/// What loading and storing a local takes.
struct Local {
    kind: Kind,
    home: Mem,
}
