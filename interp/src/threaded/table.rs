//! Which handlers there are so far, and where.
//!
//! What lives here: the lock-free lookup that linking does for every cell. What does not: emission.
//!
//! Invariant: a word of the table is written once with what it will always be: the same for every
//! thread that writes it, and complete before it is written.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, Ordering};

use super::key::{NativeKey, VARIANTS, Variant};
use super::link::{Link, Pins};
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
    /// The [`Link`] of each handler of cells.
    links: Box<[SharedLink]>,
    /// Its [`Link::plain_len`], if it is known and has one, or else 0. Apart, and so close
    /// together, because the place of the next cell hangs on it.
    plain_lens: Box<[AtomicU8]>,
}

impl Table {
    pub(super) fn new() -> Self {
        let groups = (NativeKey::COUNT as usize).div_ceil(GROUP);
        Self {
            groups: (0..groups).map(|_| OnceLock::new()).collect(),
            links: (0..HandlerKey::COUNT).map(|_| SharedLink::default()).collect(),
            plain_lens: (0..HandlerKey::COUNT).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    /// What linking needs to know of the cells of `id`.
    pub(super) fn link(&self, id: HandlerId) -> Link {
        match self.links[id.0 as usize].read() {
            Link { bits: 0, .. } => self.make_link(id),
            link => link,
        }
    }

    #[cold]
    fn make_link(&self, id: HandlerId) -> Link {
        let link = Link::of(HandlerKey::from_id(id));
        self.links[id.0 as usize].write(link);
        if let Some(len) = link.plain_len() {
            // Release: pairs with the acquire in `link_plain`.
            self.plain_lens[id.0 as usize].store(len as u8, Ordering::Release);
        }
        link
    }

    /// Links the cells of `code` from `at` on, as long as that is but to replace the id of a
    /// handler that is known. Returns where it stopped.
    ///
    /// Nearly all cells are linked here, at 5 ns a cell: the loop calls nothing.
    #[inline(never)]
    pub(super) fn link_plain(&self, code: &mut [u32], mut at: usize, pins: &Pins) -> usize {
        while let Some(&id) = code.get(at) {
            // Acquire: pairs with the release in `make_link`; the link is there.
            let len = self.plain_lens[id as usize].load(Ordering::Acquire);
            if len == 0 {
                return at;
            }
            let link = self.links[id as usize].read();
            let Some(group) = self.groups[id as usize / GROUP].get() else { return at };
            let variant = link.sum(&code[at..], pins);
            let words = Words::of(group, id);
            let offset = words.offset(variant);
            if offset == 0 {
                return at;
            }
            code[at] = offset;
            at += usize::from(len);
        }
        at
    }

    /// The words of the handlers of a number.
    #[inline]
    pub(super) fn words(&self, number: u32) -> Words<'_> {
        let group = self.groups[number as usize / GROUP]
            .get_or_init(|| Box::new([const { AtomicU32::new(0) }; GROUP * WORDS]));
        Words::of(group, number)
    }
}

/// A [`Link`], all 0 before it is asked for.
#[derive(Debug, Default)]
struct SharedLink {
    by: [AtomicU16; 4],
    bits: AtomicU32,
}

impl SharedLink {
    #[inline]
    fn read(&self) -> Link {
        // Acquire: pairs with the release in `write`; the rest is there.
        let bits = self.bits.load(Ordering::Acquire);
        let by = [0, 1, 2, 3].map(|i| self.by[i].load(Ordering::Relaxed));
        Link { by, bits }
    }

    fn write(&self, link: Link) {
        for (shared, by) in self.by.iter().zip(link.by) {
            // Relaxed: nobody reads it before `bits`.
            shared.store(by, Ordering::Relaxed);
        }
        // Release: pairs with the acquire in `read`.
        self.bits.store(link.bits, Ordering::Release);
    }
}

/// What the table says of one handler, in all its variants.
#[derive(Copy, Clone, Debug)]
pub(super) struct Words<'a>(&'a [AtomicU32]);

impl<'a> Words<'a> {
    /// The words of the handlers of a number, which `group` has.
    #[inline]
    fn of(group: &'a Group, number: u32) -> Self {
        let start = number as usize % GROUP * WORDS;
        Self(&group[start..start + WORDS])
    }

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
