//! Which handlers there are so far, and where.
//!
//! What lives here: the lock-free lookup that linking does for every cell. What does not: emission.
//!
//! Invariant: a word of the table is written once with what it will always be: the same for every
//! thread that writes it, and complete before it is written.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::key::{Link, NativeKey, VARIANTS, Variant};
use crate::handler::{HandlerId, HandlerKey};

/// Words of a handler: one for each variant; a power of two.
const WORDS: usize = (VARIANTS as usize).next_power_of_two();
/// Handlers whose words are allocated together: programs use few of them.
const GROUP: usize = 4;

type Group = [AtomicU32; GROUP * WORDS];

/// A table of handlers, of one bounds mode.
#[derive(Debug)]
pub(super) struct Table {
    groups: Box<[OnceLock<Box<Group>>]>,
    /// The [`Link`] of each handler of cells, or 0 before it is asked for. Apart, and so close
    /// together, because the place of the next cell hangs on it.
    links: Box<[AtomicU64]>,
}

impl Table {
    pub(super) fn new() -> Self {
        let groups = (NativeKey::COUNT as usize).div_ceil(GROUP);
        Self {
            groups: (0..groups).map(|_| OnceLock::new()).collect(),
            links: (0..HandlerKey::COUNT).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// What linking needs to know of the cells of `id`.
    #[inline]
    pub(super) fn link(&self, id: HandlerId) -> Link {
        // Relaxed: the word says everything itself.
        match self.links[id.0 as usize].load(Ordering::Relaxed) {
            0 => self.make_link(id),
            bits => Link::from_bits(bits),
        }
    }

    #[cold]
    fn make_link(&self, id: HandlerId) -> Link {
        let link = Link::of(HandlerKey::from_id(id));
        // Relaxed: as above.
        self.links[id.0 as usize].store(link.bits(), Ordering::Relaxed);
        link
    }

    /// The words of the handlers of a number.
    #[inline]
    pub(super) fn words(&self, number: u32) -> Words<'_> {
        let number = number as usize;
        let group = self.groups[number / GROUP]
            .get_or_init(|| Box::new([const { AtomicU32::new(0) }; GROUP * WORDS]));
        let start = number % GROUP * WORDS;
        Words(&group[start..start + WORDS])
    }
}

/// What the table says of one handler, in all its variants.
#[derive(Copy, Clone, Debug)]
pub(super) struct Words<'a>(&'a [AtomicU32]);

impl Words<'_> {
    /// Where the handler is from the base of the code memory; 0 if it has not been emitted.
    #[inline]
    pub(super) fn offset(self, variant: Variant) -> u32 {
        // Acquire: pairs with the release in `set_offset`; the code is there.
        self.0[usize::from(variant.0)].load(Ordering::Acquire)
    }

    /// Makes an emitted handler known.
    pub(super) fn set_offset(self, variant: Variant, offset: u32) {
        // Release: pairs with the acquire in `offset`.
        self.0[usize::from(variant.0)].store(offset, Ordering::Release);
    }
}
