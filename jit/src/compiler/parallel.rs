//! Moves that happen at once: a register may be read by one and written by another.

use wasmtier_x64::{Gpr, Xmm};

use super::Compiler;
use super::register::Register;
use super::value::Kind;

/// One of them.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Move {
    pub(crate) to: Register,
    pub(crate) from: Register,
    pub(crate) kind: Kind,
}

impl Compiler<'_> {
    /// Emits `moves`, no two of which have the same destination, as if at once. Leaves the flags.
    pub(crate) fn move_all(&mut self, moves: &mut Vec<Move>) {
        moves.retain(|each| each.to != each.from);
        while !moves.is_empty() {
            let is_free = |to: Register| moves.iter().all(|other| other.from != to);
            if let Some(at) = moves.iter().position(|each| is_free(each.to)) {
                let Move { to, from, kind } = moves.swap_remove(at);
                self.copy(kind, to, from);
            } else {
                // All are in cycles: one is opened.
                let to = moves[0].to;
                let (scratch, kind) = if to.is_gpr() {
                    (Register::gpr(Gpr::R11), Kind::I64)
                } else {
                    (Xmm::new(15).into(), Kind::V128)
                };
                self.copy(kind, scratch, to);
                for each in moves.iter_mut().filter(|each| each.from == to) {
                    each.from = scratch;
                }
            }
        }
    }
}
