//! Edges: what lanes and homes need on the way to a label.
//!
//! What lives here: states of labels and the moves between them. What does not: values (`branch`).
//! Invariant: all edges to a label leave the lanes as its state says, which the first edge decides.

use dynasmrt::{DynamicLabel, DynasmLabelApi};
use wasmtier_x64::lower::Test;

use super::Compiler;
use super::lanes::State;
use super::register::{Register, Registers};
use super::site::Stub;

/// A lane and its home are brought into agreement.
#[derive(Copy, Clone, Debug)]
pub(crate) struct LaneMove {
    lane: Register,
    local: u32,
    /// To the home, or from it.
    stores: bool,
}

/// A range of the compiler's moves.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Moves {
    start: usize,
    end: usize,
}

impl Moves {
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl Compiler<'_> {
    /// The moves on an edge from here to the label of the block `control`, whose state this decides
    /// if it is the first.
    pub(crate) fn moves_to(&mut self, control: usize) -> Moves {
        let start = self.moves.len();
        self.controls[control].used = true;
        if control > 0 {
            let region = self.controls[control].region;
            let common = self.common_lanes(region);
            let State { valid, dirty, .. } = self.state;
            let decided = State { region, valid: valid.and(common), dirty: dirty.and(common) };
            let to = *self.controls[control].state.get_or_insert(decided);
            self.plan(common, to);
        }
        Moves { start, end: self.moves.len() }
    }

    /// The lanes that a region has in common with the one at hand.
    pub(crate) fn common_lanes(&self, region: u32) -> Registers {
        if region == self.state.region {
            return Self::all_lanes();
        }
        let lanes = &self.regions.lanes;
        lanes[self.state.region as usize].common(&lanes[region as usize])
    }

    /// Appends the moves from the state at hand to another.
    fn plan(&mut self, common: Registers, to: State) {
        let State { valid, dirty, .. } = self.state;
        for lane in dirty.without(common.and(to.dirty)) {
            let local = self.local_of(lane);
            if self.is_live(local) {
                self.moves.push(LaneMove { lane, local, stores: true });
            }
        }
        for lane in to.valid.without(common.and(valid)) {
            let local = self.regions.lanes[to.region as usize].local[lane.index()];
            if self.is_live(local) {
                self.moves.push(LaneMove { lane, local, stores: false });
            }
        }
    }

    /// Emits moves here; leaves the flags and the model as they are.
    pub(crate) fn emit_moves(&mut self, moves: Moves) {
        for at in moves.start..moves.end {
            let LaneMove { lane, local, stores } = self.moves[at];
            let local = &self.locals[local as usize];
            let (kind, home) = (local.kind, local.mem());
            if stores {
                self.store_home(kind, home, lane);
            } else {
                self.load_home(kind, lane, home);
            }
            self.counters.edge_moves += 1;
        }
    }

    /// The same for moves that nobody else has.
    pub(crate) fn emit_last_moves(&mut self, moves: Moves) {
        self.emit_moves(moves);
        self.moves.truncate(moves.start);
    }

    /// Goes to the label of a block if `test` holds, with its values where it wants them.
    pub(crate) fn jump_if(&mut self, test: Test, control: usize) {
        let moves = self.moves_to(control);
        let to = self.controls[control].label;
        if moves.is_empty() {
            return test.jump(&mut self.lowering(), to);
        }
        let at = self.code.new_dynamic_label();
        test.jump(&mut self.lowering(), at);
        self.stubs.push(Stub::Edge { at, moves, to });
    }

    /// Brings the lanes into the state of a block's label, on the way that needs no jump.
    pub(crate) fn fall_to(&mut self, control: usize) {
        let moves = self.moves_to(control);
        self.emit_last_moves(moves);
    }

    /// Makes another region the one at hand. Lanes that both have stay as they are.
    pub(crate) fn change_region(&mut self, region: u32) {
        if region == self.state.region {
            return;
        }
        let common = self.common_lanes(region);
        self.flush_lanes(Self::all_lanes().without(common));
        self.switch_region(region);
    }

    /// Places a label here.
    pub(crate) fn bind(&mut self, label: DynamicLabel) {
        self.kept = Registers::NONE;
        self.zero_flag.1 = usize::MAX;
        self.code.dynamic_label(label);
    }
}
