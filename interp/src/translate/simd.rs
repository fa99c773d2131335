//! Vector operators: one cell each, operands in slots.
//!
//! The methods of the visitor are derived from the rows by shape.

use wasmparser::{MemArg, V128, VisitSimdOperator};
use wasmtier_ops::{
    SimdAccessOp, SimdAccessShape, SimdOp, SimdShape, for_each_simd_access, for_each_simd_op,
};
use wasmtier_vm::{MemoryIdx, Slot};

use super::emit::File;
use super::memory::memory_of;
use super::{Translator, Visit};
use crate::cell::{
    BinaryCell, Const128Cell, FarLaneCell, FarLoadCell, FarStoreCell, LaneCell, ShuffleCell,
    TernaryCell, UnaryCell,
};
use crate::handler::{HandlerKey, Misc};

/// The immediates of a vector operator: lanes, or nothing.
type Lanes = [u8; 16];

impl Translator<'_> {
    fn simd(&mut self, op: SimdOp, lanes: Lanes) -> Visit {
        let handler = HandlerKey::Simd { op }.id();
        let unused = Slot(0);
        match op.shape() {
            SimdShape::Unary | SimdShape::Splat(_) => {
                let a = self.pop_slot();
                self.push_result(File::Vector, |d, code| {
                    UnaryCell { handler, d, a }.put(code);
                })
            }
            SimdShape::Test => {
                let a = self.pop_slot();
                self.push_result(File::Int, |d, code| {
                    UnaryCell { handler, d, a }.put(code);
                })
            }
            SimdShape::Binary | SimdShape::Shift => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                self.push_result(File::Vector, |d, code| {
                    BinaryCell { handler, d, a, b, unused }.put(code);
                })
            }
            SimdShape::Ternary => {
                let (c, b, a) = (self.pop_slot(), self.pop_slot(), self.pop_slot());
                self.push_result(File::Vector, |d, code| {
                    TernaryCell { handler, d, a, b, c }.put(code);
                })
            }
            SimdShape::Extract(ty) => {
                let a = self.pop_slot();
                let lane = lanes[0].into();
                self.push_result(File::of_scalar(ty), |d, code| {
                    LaneCell { handler, d, a, b: unused, unused, lane }.put(code);
                })
            }
            SimdShape::Replace(_) => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                let lane = lanes[0].into();
                self.push_result(File::Vector, |d, code| {
                    LaneCell { handler, d, a, b, unused, lane }.put(code);
                })
            }
            SimdShape::Shuffle => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                let [l0, l1, l2, l3] = words(lanes);
                self.push_result(File::Vector, |d, code| {
                    ShuffleCell { handler, d, a, b, unused, l0, l1, l2, l3 }.put(code);
                })
            }
        }
    }

    fn simd_access(&mut self, op: SimdAccessOp, memarg: MemArg, lane: u8) -> Visit {
        let memory = memory_of(memarg)?;
        let handler = HandlerKey::SimdAccess { op, memory64: self.is_memory64(memory) }.id();
        let MemoryIdx(memory) = memory;
        let (offset_low, offset_high) = (memarg.offset as u32, (memarg.offset >> 32) as u32);
        let lane = Slot(lane.into());
        match op.shape() {
            SimdAccessShape::Load => {
                let a = self.pop_slot();
                self.push_result(File::Vector, |d, code| {
                    FarLoadCell { handler, d, a, memory, offset_low, offset_high }.put(code);
                })
            }
            SimdAccessShape::Store => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                let cell = FarStoreCell { handler, a, b, memory, offset_low, offset_high };
                self.emitter.emit(|code| cell.put(code));
                Ok(())
            }
            SimdAccessShape::LoadLane => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                self.push_result(File::Vector, |d, code| {
                    FarLaneCell { handler, d, a, b, lane, memory, offset_low, offset_high }
                        .put(code);
                })
            }
            SimdAccessShape::StoreLane => {
                let (b, a) = (self.pop_slot(), self.pop_slot());
                let d = Slot(0);
                let cell = FarLaneCell { handler, d, a, b, lane, memory, offset_low, offset_high };
                self.emitter.emit(|code| cell.put(code));
                Ok(())
            }
        }
    }
}

/// Sixteen lanes as little-endian words.
fn words(lanes: Lanes) -> [u32; 4] {
    let word = |i: usize| u32::from_le_bytes([lanes[i], lanes[i + 1], lanes[i + 2], lanes[i + 3]]);
    [word(0), word(4), word(8), word(12)]
}

/// A single lane immediate among [`Lanes`].
fn one_lane(lane: u8) -> Lanes {
    let mut lanes = [0; 16];
    lanes[0] = lane;
    lanes
}

macro_rules! visit_simd {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident
        $($word:ident)? = $e:expr;)*) => {
        $(visit_simd!(@$shape $op $visit);)*
    };
    (@extract $op:ident $visit:ident) => {
        fn $visit(&mut self, lane: u8) -> Visit {
            self.simd(SimdOp::$op, one_lane(lane))
        }
    };
    (@replace $op:ident $visit:ident) => { visit_simd!(@extract $op $visit); };
    (@shuffle $op:ident $visit:ident) => {
        fn $visit(&mut self, lanes: [u8; 16]) -> Visit {
            self.simd(SimdOp::$op, lanes)
        }
    };
    (@$shape:ident $op:ident $visit:ident) => {
        fn $visit(&mut self) -> Visit {
            self.simd(SimdOp::$op, [0; 16])
        }
    };
}

macro_rules! visit_simd_access {
    ($($op:ident $visit:ident $text:literal $shape:ident $params:tt -> $R:ident = $e:expr;)*) => {
        $(visit_simd_access!(@$shape $op $visit);)*
    };
    (@load_lane $op:ident $visit:ident) => {
        fn $visit(&mut self, memarg: MemArg, lane: u8) -> Visit {
            self.simd_access(SimdAccessOp::$op, memarg, lane)
        }
    };
    (@store_lane $op:ident $visit:ident) => { visit_simd_access!(@load_lane $op $visit); };
    (@$shape:ident $op:ident $visit:ident) => {
        fn $visit(&mut self, memarg: MemArg) -> Visit {
            self.simd_access(SimdAccessOp::$op, memarg, 0)
        }
    };
}

impl VisitSimdOperator<'_> for Translator<'_> {
    for_each_simd_op!(visit_simd);
    for_each_simd_access!(visit_simd_access);

    fn visit_v128_const(&mut self, value: V128) -> Visit {
        let [w0, w1, w2, w3] = words(*value.bytes());
        let handler = HandlerKey::Misc(Misc::Const128).id();
        self.push_result(File::Vector, |d, code| {
            Const128Cell { handler, d, unused: Slot(0), w0, w1, w2, w3 }.put(code);
        })
    }
}
