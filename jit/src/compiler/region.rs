//! Which locals are pinned to which registers, region by region.
//!
//! What lives here: the choice, made from the prescan before the first byte is emitted. What does
//! not: what is in a register at the moment (`lanes`). Invariants: a local has the same lane in a
//! region and in the one around it, if it has one in both; the time is linear in the uses.

use crate::prescan::{LocalUse, Prescan, RegionIdx};

use super::register::{Register, Registers};
use super::value::NONE;

/// Loops nested deeper share the lanes of the one around them.
const MAX_DEPTH: u32 = 6;
/// Candidates of each file: as many as there are lanes.
const GPR_LANES: usize = 8;
const FLOAT_LANES: usize = 9;
/// What a local must weigh in loops with calls for a register that has to be saved: more than 5
/// accesses to the frame, twice.
const PRESERVED_WEIGHT: u64 = 12;

/// The lanes of a region.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// By register: its local, or [`NONE`].
    pub(crate) local: [u32; Register::COUNT],
    /// The registers that have one.
    pub(crate) pinned: Registers,
    /// Those used in the region, in it or in loops inside; written there; and used before the first
    /// call.
    pub(crate) used: Registers,
    pub(crate) set: Registers,
    pub(crate) early: Registers,
    /// Whether it makes calls, in it or in loops inside.
    pub(crate) calls: bool,
}

impl Default for Lanes {
    fn default() -> Self {
        let none = Registers::NONE;
        let local = [NONE; Register::COUNT];
        Self { local, pinned: none, used: none, set: none, early: none, calls: false }
    }
}

impl Lanes {
    /// The lanes that hold the same local here and there.
    pub(crate) fn common(&self, other: &Self) -> Registers {
        let both = self.pinned.and(other.pinned);
        both.filter(|lane| self.local[lane.index()] == other.local[lane.index()])
            .fold(Registers::NONE, |set, lane| set.or(lane.set()))
    }

    fn pin(&mut self, lane: Register, local: u32) {
        self.local[lane.index()] = local;
        self.pinned = self.pinned.or(lane.set());
    }

    /// Those of `class` without a local; else those whose local is not among `wanted`.
    fn room(&self, class: Registers, wanted: &[Candidate]) -> Option<Register> {
        let free = class.without(self.pinned).first();
        let unwanted = |lane: &Register| {
            let local = self.local[lane.index()];
            wanted.iter().all(|candidate| candidate.local != local)
        };
        free.or_else(|| class.and(self.pinned).find(unwanted))
    }
}

/// A local that a region uses.
#[derive(Copy, Clone, Debug)]
struct Candidate {
    local: u32,
    /// Weighed by 8 to the depth of loops, seen from the region.
    weight: u64,
    /// The part of it in loops with calls.
    with_calls: u64,
    set: bool,
    early: bool,
}

/// The choice for a whole function.
#[derive(Debug, Default)]
pub(crate) struct Regions {
    /// The body's lanes first, then the loops' in order.
    pub(crate) lanes: Vec<Lanes>,
    /// By region of the prescan: its place in `lanes`.
    pub(crate) of_region: Vec<u32>,
    /// The preserved registers that any region uses.
    pub(crate) preserved: Registers,
    /// The uses of each region with lanes, those of loops inside included: a range of `sorted`.
    starts: Vec<u32>,
    sorted: Vec<u32>,
    /// By local: its place among the candidates of the region at hand.
    place: Vec<u32>,
    candidates: Vec<Candidate>,
}

/// What the choice needs to know of a local.
pub(crate) trait Locals {
    /// Whether its values are in vector registers.
    fn is_float(&self, local: u32) -> bool;
    /// The register it arrives in as a parameter.
    fn arrives(&self, local: u32) -> Option<Register>;
}

impl Regions {
    pub(crate) fn choose(&mut self, scan: &Prescan, locals: &impl Locals, count: usize) {
        self.group(scan);
        self.place.clear();
        self.place.resize(count, NONE);
        self.preserved = Registers::NONE;
        let calls = calls_inside(scan);
        let first_call = first_calls_inside(scan);
        let parents = self.parents(scan);
        for (at, &(parent, region)) in parents.iter().enumerate() {
            self.gather(scan, (at, region), (&calls, &first_call));
            let lanes = if at == 0 {
                self.body(locals)
            } else {
                let parent = &self.lanes[parent as usize];
                let depth = scan.regions[region].depth;
                inner(parent.clone(), self.wanted(locals), calls[region], 1 << (3 * depth))
            };
            self.lanes[at] = self.describe(lanes, calls[region]);
            self.preserved = self.preserved.or(self.lanes[at].pinned.and(Registers::PRESERVED));
            for candidate in &self.candidates {
                self.place[candidate.local as usize] = NONE;
            }
        }
    }

    /// Numbers the regions that have lanes, and sorts the uses by the regions they count in.
    fn group(&mut self, scan: &Prescan) {
        self.of_region.clear();
        self.lanes.clear();
        for region in &scan.regions {
            if region.depth <= MAX_DEPTH {
                self.of_region.push(self.lanes.len() as u32);
                self.lanes.push(Lanes::default());
            } else {
                self.of_region.push(self.of_region[region.parent.index()]);
            }
        }
        self.starts.clear();
        self.starts.resize(self.lanes.len() + 1, 0);
        for used in &scan.uses {
            counted_in(scan, used, |region| self.starts[self.of_region[region] as usize] += 1);
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        self.sorted.clear();
        self.sorted.resize(sum as usize, 0);
        for (index, used) in scan.uses.iter().enumerate().rev() {
            counted_in(scan, used, |region| {
                let start = &mut self.starts[self.of_region[region] as usize];
                *start -= 1;
                self.sorted[*start as usize] = index as u32;
            });
        }
    }

    /// For each set of lanes: that of the region around it, and the region.
    fn parents(&self, scan: &Prescan) -> Vec<(u32, usize)> {
        let mut parents = Vec::with_capacity(self.lanes.len());
        for (index, region) in scan.regions.iter().enumerate() {
            if region.depth <= MAX_DEPTH {
                parents.push((self.of_region[region.parent.index()], index));
            }
        }
        parents
    }

    /// Adds up the uses of a region.
    fn gather(
        &mut self,
        scan: &Prescan,
        (at, outside): (usize, usize),
        (calls, first_call): (&[bool], &[u64]),
    ) {
        self.candidates.clear();
        let range = self.starts[at] as usize..self.starts[at + 1] as usize;
        for &index in &self.sorted[range] {
            let used = &scan.uses[index as usize];
            let (local, inside) = (used.local.0, used.region.index());
            let place = &mut self.place[local as usize];
            if *place == NONE {
                *place = self.candidates.len() as u32;
                let (weight, with_calls, set, early) = (0, 0, false, false);
                self.candidates.push(Candidate { local, weight, with_calls, set, early });
            }
            let candidate = &mut self.candidates[*place as usize];
            let depth = scan.regions[inside].depth.min(MAX_DEPTH);
            let weight = u64::from(used.count) << (3 * (depth - scan.regions[outside].depth));
            candidate.weight += weight;
            if depth > 0 && calls[inside] {
                candidate.with_calls += weight;
            }
            candidate.set |= used.sets > 0;
            candidate.early |= used.first < first_call[outside];
        }
    }

    /// The heaviest candidates of each file, the heaviest first.
    fn wanted(&self, locals: &impl Locals) -> (Vec<Candidate>, Vec<Candidate>) {
        let mut wanted = (Vec::new(), Vec::new());
        for candidate in &self.candidates {
            let (list, most) = if locals.is_float(candidate.local) {
                (&mut wanted.1, FLOAT_LANES)
            } else {
                (&mut wanted.0, GPR_LANES)
            };
            insert(list, most, *candidate);
        }
        wanted
    }

    /// The body's lanes: parameters stay where they arrive, unless loops with calls want them to
    /// outlive these.
    fn body(&self, locals: &impl Locals) -> Lanes {
        let (ints, floats) = self.wanted(locals);
        let mut lanes = Lanes::default();
        let mut by_calls = Vec::new();
        for candidate in &ints {
            if candidate.with_calls > PRESERVED_WEIGHT {
                let weight = candidate.with_calls;
                insert(&mut by_calls, 3, Candidate { weight, ..*candidate });
            }
        }
        for (lane, candidate) in Registers::PRESERVED.zip(&by_calls) {
            lanes.pin(lane, candidate.local);
        }
        let rest =
            |candidate: &&Candidate| by_calls.iter().all(|other| other.local != candidate.local);
        let ints: Vec<_> = ints.iter().filter(rest).collect();
        let all: Vec<_> = ints.iter().copied().chain(&floats).collect();
        for candidate in &all {
            if let Some(lane) = locals.arrives(candidate.local) {
                lanes.pin(lane, candidate.local);
            }
        }
        for candidate in &all {
            if locals.arrives(candidate.local).is_some() {
                continue;
            }
            let class = if locals.is_float(candidate.local) {
                Registers::FLOAT_LANES
            } else {
                Registers::VOLATILE_LANES
            };
            let free = class.without(lanes.pinned).first();
            let costly = Registers::PRESERVED.without(lanes.pinned).first();
            let costly = costly.filter(|_| {
                !locals.is_float(candidate.local) && candidate.weight > 4 * PRESERVED_WEIGHT
            });
            if let Some(lane) = free.or(costly) {
                lanes.pin(lane, candidate.local);
            }
        }
        lanes
    }

    /// Notes of each lane how the region uses it.
    fn describe(&self, mut lanes: Lanes, calls: bool) -> Lanes {
        lanes.calls = calls;
        (lanes.used, lanes.set, lanes.early) = Default::default();
        for lane in lanes.pinned {
            let place = self.place[lanes.local[lane.index()] as usize];
            let Some(candidate) = self.candidates.get(place as usize) else { continue };
            lanes.used = lanes.used.or(lane.set());
            if candidate.set {
                lanes.set = lanes.set.or(lane.set());
            }
            if candidate.early {
                lanes.early = lanes.early.or(lane.set());
            }
        }
        lanes
    }
}

/// The lanes of a loop: those of the region around it, but for locals that the loop uses more.
fn inner(
    mut lanes: Lanes,
    (ints, floats): (Vec<Candidate>, Vec<Candidate>),
    calls: bool,
    scale: u64,
) -> Lanes {
    let pinned: Vec<u32> = lanes.pinned.map(|lane| lanes.local[lane.index()]).collect();
    let is_new = |candidate: &&Candidate| !pinned.contains(&candidate.local);
    for candidate in ints.iter().filter(is_new) {
        let worth = candidate.weight * scale > PRESERVED_WEIGHT;
        let (first, second) = if calls && worth {
            (Registers::PRESERVED, Registers::VOLATILE_LANES)
        } else if worth {
            (Registers::VOLATILE_LANES, Registers::PRESERVED)
        } else {
            (Registers::VOLATILE_LANES, Registers::NONE)
        };
        if let Some(lane) = lanes.room(first, &ints).or_else(|| lanes.room(second, &ints)) {
            lanes.pin(lane, candidate.local);
        }
    }
    for candidate in floats.iter().filter(is_new) {
        if let Some(lane) = lanes.room(Registers::FLOAT_LANES, &floats) {
            lanes.pin(lane, candidate.local);
        }
    }
    lanes
}

/// Tells each region with lanes of its own that counts `used`.
fn counted_in(scan: &Prescan, used: &LocalUse, mut tell: impl FnMut(usize)) {
    let mut region = used.region;
    loop {
        let at = &scan.regions[region.index()];
        if at.depth <= MAX_DEPTH {
            tell(region.index());
        }
        if region == RegionIdx::BODY {
            return;
        }
        region = at.parent;
    }
}

/// Whether each region makes calls, in it or in loops inside.
fn calls_inside(scan: &Prescan) -> Vec<bool> {
    let mut calls: Vec<bool> = scan.regions.iter().map(|region| region.calls > 0).collect();
    for region in (1..scan.regions.len()).rev() {
        if calls[region] {
            calls[scan.regions[region].parent.index()] = true;
        }
    }
    calls
}

/// The offset of the first call of each region, in it or in loops inside.
fn first_calls_inside(scan: &Prescan) -> Vec<u64> {
    let mut first: Vec<u64> = scan.regions.iter().map(|region| region.first_call).collect();
    for region in (1..scan.regions.len()).rev() {
        let parent = scan.regions[region].parent.index();
        first[parent] = first[parent].min(first[region]);
    }
    first
}

/// Inserts a candidate into a list of the `most` heaviest; of equal ones the earlier local wins.
fn insert(list: &mut Vec<Candidate>, most: usize, candidate: Candidate) {
    let heavier = |other: &Candidate| {
        (other.weight, core::cmp::Reverse(other.local))
            > (candidate.weight, core::cmp::Reverse(candidate.local))
    };
    let at = list.partition_point(heavier);
    if at < most {
        list.truncate(most - 1);
        list.insert(at, candidate);
    }
}
