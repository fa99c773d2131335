//! Handlers for whoever looks at them: which a cell is run by, what it is called, its bytes.
//!
//! What lives here: the same choices as linking and composition make, without publishing anything.
//! What does not: how they are shown.
//!
//! Invariant: what is shown of a handler is what would be published.

use super::compose::{Decoded, decode, runs};
use super::emit::{Batch, Common, Member};
use super::key::{NativeKey, PinCounts, Zeros};
use super::link::{Link, Pins};
use super::name::{name, name_of_run};
use super::{Bounds, Threaded};
use crate::cell::CodeHeader;
use crate::handler::{HandlerId, HandlerKey};
use crate::listing::{ListedHandler, ListedRun, Listing};

impl Threaded {
    /// The code that all handlers share: names, and where it is from the base of the code memory.
    pub fn stubs(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.stubs.iter().map(|(stub, at)| (stub.name(), at))
    }

    /// Completes the listing of `words`, code that is not linked, by what runs it.
    pub(crate) fn list(&self, words: &[u32], bounds: Bounds, listing: &mut Listing) {
        let header = CodeHeader::read(words);
        let mut pins = Pins::default();
        pins.set(&header);
        listing.pins = [header.int_pins, header.float_pins]
            .map(|pins| pins.into_iter().filter(|pin| pin.0 != 0).collect());
        let mut handlers = Handlers::new(self.common(bounds), listing);
        handlers.place(NativeKey::Enter { pins: pins.counts, zeros: Zeros::of(header.zero_slots) });
        let known = |words: &[u32]| {
            let key = HandlerKey::from_id(HandlerId(words[0]));
            Some((key, Link::of(key).variant(words, &pins)))
        };
        let cells = decode(words, known).expect("the handlers of all cells are known");
        for (place, Decoded { member: Member { key, variant, .. }, .. }) in cells.iter().enumerate()
        {
            let handler = handlers.place(NativeKey::Cell(*key, *variant));
            handlers.listing.cells[place].handler = Some(handler);
            if Link::of(*key).calls() {
                handlers.listing.resume = Some(handlers.place(NativeKey::Resume(pins.counts)));
            }
        }
        for run in runs(&cells, &header) {
            let members = cells[run.cells.clone()].iter().map(|cell| cell.member);
            let handler = handlers.place_of_run(run.enter, &members.collect::<Vec<_>>());
            let (first, count) = (run.cells.start, run.cells.len());
            let opens = run.enter.is_some();
            handlers.listing.runs.push(ListedRun { first, cells: count, opens, handler });
        }
    }
}

/// The handlers of a function, each once.
struct Handlers<'a> {
    common: Common<'a>,
    listing: &'a mut Listing,
}

impl<'a> Handlers<'a> {
    fn new(common: Common<'a>, listing: &'a mut Listing) -> Self {
        Self { common, listing }
    }

    /// The place of a handler.
    fn place(&mut self, key: NativeKey) -> usize {
        self.place_named(name(key), |batch, common| batch.handler(key, common))
    }

    fn place_of_run(&mut self, enter: Option<(PinCounts, Zeros)>, members: &[Member]) -> usize {
        let name = name_of_run(enter, members.iter().copied());
        self.place_named(name, |batch, common| match enter {
            Some((pins, zeros)) => batch.enter_run(pins, zeros, members, common),
            None => batch.run(members, common),
        })
    }

    /// The place of the handler called `name`, which names no other one.
    fn place_named(
        &mut self,
        name: String,
        emit: impl FnOnce(&mut Batch, Common<'_>) -> u32,
    ) -> usize {
        let handlers = &mut self.listing.handlers;
        if let Some(place) = handlers.iter().position(|other| other.name == name) {
            return place;
        }
        let mut batch = Batch::default();
        emit(&mut batch, self.common);
        let faults = batch.faults.iter().map(|fault| fault.at).collect();
        let bytes = batch.code.finish().expect("all labels of handlers are placed");
        handlers.push(ListedHandler { name, bytes, faults });
        handlers.len() - 1
    }
}
