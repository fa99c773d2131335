//! Handlers for whoever looks at them: which a cell is run by, what it is called, its bytes.
//!
//! What lives here: the same choice as linking makes, without publishing anything. What does not:
//! how it is shown.
//!
//! Invariant: what is shown of a handler is what would be published.

use super::emit::{Batch, Common};
use super::key::{Link, NativeKey, PinCounts, Pins, Zeros};
use super::name::name;
use super::{Bounds, Threaded};
use crate::cell::CodeHeader;
use crate::handler::{HandlerId, HandlerKey};
use crate::listing::ListedHandler;

/// The handlers of a function, each once.
#[derive(Debug)]
pub(crate) struct Handlers {
    keys: Vec<NativeKey>,
}

impl Handlers {
    /// That of the function's entry, which is the first.
    pub(crate) fn new(header: &CodeHeader) -> Self {
        let pins = PinCounts::of(header);
        Self { keys: vec![NativeKey::Enter { pins, zeros: Zeros::of(header.zero_slots) }] }
    }

    fn place_of(&mut self, key: NativeKey) -> usize {
        let found = self.keys.iter().position(|other| *other == key);
        found.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        })
    }

    /// The places of the handlers that run each of the cells at `cells`, in words from the start of
    /// code that is not linked; and of that behind its calls, if there are any.
    pub(crate) fn place(
        &mut self,
        code: &[u32],
        cells: impl Iterator<Item = usize>,
    ) -> (Vec<usize>, Option<usize>) {
        let header = CodeHeader::read(code);
        let mut pins = Pins::default();
        pins.set(&header);
        let mut calls = false;
        let places = cells.map(|at| {
            let key = HandlerKey::from_id(HandlerId(code[at]));
            let link = Link::of(key);
            calls |= link.calls();
            let (variant, _) = link.resolve(&code[at..], &pins);
            self.place_of(NativeKey::Cell(key, variant))
        });
        let places = places.collect();
        let resume = calls.then(|| self.place_of(NativeKey::Resume(pins.counts)));
        (places, resume)
    }
}

impl Threaded {
    /// The handlers as text and bytes.
    pub(crate) fn list(&self, handlers: &Handlers, bounds: Bounds) -> Vec<ListedHandler> {
        let common = Common { cpu: self.cpu, stubs: &self.stubs, bounds };
        let list = |key: &NativeKey| {
            let mut batch = Batch::default();
            batch.handler(*key, common);
            let bytes = batch.code.finish().expect("all labels of handlers are placed");
            ListedHandler { name: name(*key), bytes }
        };
        handlers.keys.iter().map(list).collect()
    }

    /// The code that all handlers share: names, and where it is from the base of the code memory.
    pub fn stubs(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.stubs.iter().map(|(stub, at)| (stub.name(), at))
    }
}
