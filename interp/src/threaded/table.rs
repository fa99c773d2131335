//! Which handlers there are so far, and where.
//!
//! What lives here: the lock-free lookup that linking does for every cell. What does not: emission.
//!
//! Invariant: a word of the table is written once with what it will always be: the same for every
//! thread that writes it, and complete before it is written.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::key::{NativeKey, VARIANTS, Variant};
use super::link::{Link, Pins};
use crate::handler::{HandlerId, HandlerKey};

/// Handlers of cells.
const CELLS: usize = HandlerKey::COUNT as usize;
/// More words than all handlers need.
const WORDS: usize = NativeKey::COUNT as usize * VARIANTS as usize;

/// A table of handlers, of one bounds mode. Of most of its memory the system gives only what is
/// written to, which is little: programs use few handlers.
#[derive(Debug)]
pub(super) struct Table {
    /// Where the handlers are from the base of the code memory; 0 if they have not been emitted.
    /// First those of no cells, then those of cells in the order in which they were asked for.
    words: Box<[AtomicU32; WORDS]>,
    /// How many words belong to handlers.
    used: Mutex<u32>,
    /// The [`Link`] of each handler of cells, packed; all 0 before it is asked for.
    links: Box<[[AtomicU64; 2]; CELLS]>,
    /// Its [`Link::plain_len`], if it is known and has one, or else 0. Apart, and so close
    /// together, because the place of the next cell hangs on it.
    plain_lens: Box<[AtomicU8; CELLS]>,
}

impl Table {
    pub(super) fn new() -> Self {
        let others = NativeKey::COUNT - HandlerKey::COUNT;
        Self {
            words: zeros(0, AtomicU32::new),
            used: Mutex::new(others * u32::from(VARIANTS)),
            links: zeros([0; 2], |link| link.map(AtomicU64::new)),
            plain_lens: zeros(0, AtomicU8::new),
        }
    }

    /// What linking needs to know of the cells of `id`.
    pub(super) fn link(&self, id: HandlerId) -> Link {
        self.known_link(id).unwrap_or_else(|| self.make_link(id))
    }

    fn known_link(&self, id: HandlerId) -> Option<Link> {
        let [first, second] = &self.links[id.0 as usize];
        // Acquire: pairs with the release in `make_link`; the second is there.
        let first = first.load(Ordering::Acquire);
        let packed = [first, second.load(Ordering::Relaxed)];
        (first != 0).then(|| Link::unpack(packed))
    }

    #[cold]
    fn make_link(&self, id: HandlerId) -> Link {
        let mut used = self.used.lock();
        if let Some(link) = self.known_link(id) {
            return link;
        }
        let link = Link::of(HandlerKey::from_id(id)).at(*used);
        *used += link.span();
        let [first, second] = &self.links[id.0 as usize];
        let packed = link.pack();
        // Relaxed: nobody reads it before the first.
        second.store(packed[1], Ordering::Relaxed);
        // Release: pairs with the acquire in `known_link`.
        first.store(packed[0], Ordering::Release);
        if let Some(len) = link.plain_len() {
            // Release: pairs with the acquire in `link_plain`.
            self.plain_lens[id.0 as usize].store(len as u8, Ordering::Release);
        }
        link
    }

    /// Links the cells of `code` from `at` on, as long as that is but to replace the id of a
    /// handler that is known. Returns where it stopped.
    ///
    /// Nearly all cells are linked here, at 6 ns a cell: the loop calls nothing.
    #[inline(never)]
    pub(super) fn link_plain(&self, code: &mut [u32], mut at: usize, pins: &Pins) -> usize {
        // Two words behind any but the last cells are read, whether they are the cell's or not.
        while let Some([word, operands @ ..]) =
            code.get_mut(at..).and_then(<[u32]>::first_chunk_mut::<3>)
        {
            let id = *word as usize;
            // Acquire: pairs with the release in `make_link`; the link is there.
            let len = self.plain_lens[id].load(Ordering::Acquire);
            if len == 0 {
                return at;
            }
            // Relaxed: as above.
            let link = self.links[id].each_ref().map(|half| half.load(Ordering::Relaxed));
            // Acquire: as in `offset`.
            let offset =
                self.words[Link::unpack(link).word_of_sum(operands, pins)].load(Ordering::Acquire);
            if offset == 0 {
                return at;
            }
            *word = offset;
            at += usize::from(len);
        }
        at
    }

    /// Where a handler is from the base of the code memory; 0 if it has not been emitted.
    pub(super) fn offset(&self, number: u32, variant: Variant) -> u32 {
        // Acquire: pairs with the release in `set_offset`; the code is there.
        self.word(number, variant).load(Ordering::Acquire)
    }

    /// Makes an emitted handler known.
    pub(super) fn set_offset(&self, number: u32, variant: Variant, offset: u32) {
        // Release: pairs with the acquire in `offset`.
        self.word(number, variant).store(offset, Ordering::Release);
    }

    fn word(&self, number: u32, variant: Variant) -> &AtomicU32 {
        &self.words[match number.checked_sub(HandlerKey::COUNT) {
            None => self.link(HandlerId(number)).word(variant),
            Some(other) => other as usize * usize::from(VARIANTS) + usize::from(variant.0),
        }]
    }
}

/// Zeros, as atomics: the allocator makes them, and what converts them is optimised away.
fn zeros<T: Clone, A, const N: usize>(zero: T, atomic: impl Fn(T) -> A) -> Box<[A; N]> {
    let zeros: Box<[A]> = vec![zero; N].into_iter().map(atomic).collect();
    zeros.try_into().ok().expect("as many as were made")
}
