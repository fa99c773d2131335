//! Every path through the code of a function.
//!
//! What lives here: the states that reach each target of a jump, until nothing changes; local
//! subroutines; cycles. What does not: what one instruction does. Invariant: a target's state is so
//! on every path to it.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, Register};
use wasmtier_jit::Options;
use wasmtier_vm::frame::UNCHECKED_FRAME_BYTES;
use wasmtier_vm::{FuncIdx, ModuleInfo};

use crate::Verified;
use crate::call::{self, Leaving, Routine};
use crate::clear;
use crate::code::{Code, refusal};
use crate::condition::{assume, negated};
use crate::refusal::{Reason, Refusal, refuse};
use crate::state::State;
use crate::step::step;
use crate::value::{CLEAR, Callee, Measured, Value};

/// Of how many ways to a block each is looked at again whenever another changes.
const MAX_INCOMING: usize = 32;

/// How often that is done.
const MAX_REACHED: usize = 24;

/// From where the function is entered.
const ENTRY: (usize, usize) = (usize::MAX, 0);

/// What is to be proven of.
pub(crate) struct Task<'a> {
    pub(crate) code: &'a Code<'a>,
    pub(crate) module: &'a ModuleInfo,
    pub(crate) func: FuncIdx,
    pub(crate) options: &'a Options,
}

impl Task<'_> {
    /// The largest number that a value may be. Memories are no longer than their addresses reach,
    /// and have less than 2^32 pages.
    pub(crate) fn most(&self, value: Value) -> u64 {
        match value {
            Value::Length(Measured::Memory(memory)) => {
                match self.module.memories.get(memory.index()) {
                    Some(ty) if !ty.memory64 && ty.page_size() == 1 => CLEAR,
                    Some(ty) if !ty.memory64 => CLEAR + 1,
                    Some(_) | None => u64::MAX,
                }
            }
            value => value.most(),
        }
    }
}

/// Instructions that run one after the other, from a target on.
#[derive(Default)]
struct Block {
    /// What is known at its begin.
    state: Option<State>,
    /// What was last known at the end of each block that leads here, and by which way out of it.
    incoming: BTreeMap<(usize, usize), State>,
    /// How often it was reached.
    reached: usize,
    successors: Vec<usize>,
    /// Whether every cycle through it comes to an end.
    ends: bool,
    verified: Verified,
}

/// Where an instruction leads.
enum Next {
    On,
    /// To the one so many places further on.
    Over(usize),
    /// To these, the one behind it included, with their states.
    Targets(Vec<(usize, State)>),
}

struct Flow<'a> {
    task: &'a Task<'a>,
    facts: InstructionInfoFactory,
    /// By the place of its first instruction.
    blocks: BTreeMap<usize, Block>,
    /// What comes first in the code is run first, so that most is known when it is.
    waiting: BTreeSet<usize>,
}

pub(crate) fn verify(task: &Task<'_>) -> Result<Verified, Refusal> {
    let mut flow = Flow {
        task,
        facts: InstructionInfoFactory::new(),
        blocks: BTreeMap::new(),
        waiting: BTreeSet::new(),
    };
    flow.find_targets();
    let ty = task.module.func_type(task.func);
    flow.reach(0, ENTRY, State::entry(ty, UNCHECKED_FRAME_BYTES));
    let loops = task.code.loops;
    for (way, (offset, lanes)) in (1..).zip(loops.labels()) {
        let Some(place) = task.code.place(offset.into()) else {
            let (instruction, reason) =
                (String::new(), "no instruction begins the loop".to_owned());
            return Err(Refusal { offset, instruction, reason });
        };
        let state = State::taken_over(ty, lanes, loops.frame_bytes());
        flow.reach(place, (ENTRY.0, way), state);
    }
    while let Some(start) = flow.waiting.pop_first() {
        flow.run(start)?;
    }
    flow.check_cycles()?;
    let mut verified = Verified::default();
    for block in flow.blocks.values() {
        verified += block.verified;
    }
    Ok(verified)
}

impl Flow<'_> {
    /// Finds where blocks begin: at what is jumped to, and at what any word behind the code that
    /// may be in a jump table leads to.
    fn find_targets(&mut self) {
        let code = self.task.code;
        self.blocks.insert(0, Block::default());
        for (offset, _) in code.loops.labels() {
            if let Some(place) = code.place(offset.into()) {
                self.blocks.insert(place, Block::default());
            }
        }
        let mut tables = Vec::new();
        for instruction in &code.instructions {
            match instruction.flow_control() {
                FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                    let target = code.place(instruction.near_branch_target());
                    let target = target.expect("direct targets were checked when code was read");
                    self.blocks.entry(target).or_default();
                }
                _ => {}
            }
            if instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand() {
                tables.push(instruction.ip_rel_memory_address());
            }
        }
        tables.sort_unstable();
        tables.dedup();
        for (at, table) in tables.iter().enumerate() {
            let end = tables.get(at + 1).copied().unwrap_or(code.bytes.len() as u64);
            for index in 0..end.saturating_sub(*table) / 4 {
                if let Some(target) = distance(code, *table as u32, index as u32) {
                    self.blocks.entry(target).or_default();
                }
            }
        }
    }

    /// Notes that a target is reached in a state, from a block and by a way out of it.
    ///
    /// What a block has led to before is forgotten, so that nothing stays unknown for what was
    /// thought first; unless that would take long, or comes to no end.
    fn reach(&mut self, target: usize, from: (usize, usize), state: State) {
        let at = self.task.code.instructions[target].ip() as u32;
        let block = self.blocks.get_mut(&target).expect("blocks begin at all targets");
        block.reached += 1;
        let Some(known) = block.state.take() else {
            block.state = Some(state.clone());
            block.incoming.insert(from, state);
            self.waiting.insert(target);
            return;
        };
        let mut now = known.clone();
        if block.incoming.len() > MAX_INCOMING || block.reached > MAX_REACHED {
            now.join(&state, at);
        } else if block.incoming.get(&from) != Some(&state) {
            block.incoming.insert(from, state);
            let mut all = block.incoming.values();
            now = all.next().expect("one was inserted").clone();
            all.for_each(|other| now.join(other, at));
        }
        if now != known {
            self.waiting.insert(target);
        }
        block.state = Some(now);
    }

    /// Runs a block from what is known at its begin.
    fn run(&mut self, start: usize) -> Result<(), Refusal> {
        let task = self.task;
        let mut state = self.blocks[&start].state.clone().expect("what waits was reached");
        let (mut ends, mut verified) = (false, Verified::default());
        let mut place = start;
        let targets = loop {
            let instruction = &task.code.instructions[place];
            verified.instructions += 1;
            verified.accesses += usize::from(task.code.may_fault(instruction));
            ends |= self.asks_to_stop(&state, instruction);
            let next = self.next(&mut state, place, instruction, (&mut ends, &mut verified));
            match next.map_err(|reason| refusal(instruction, reason))? {
                Next::Targets(targets) => break targets,
                Next::On => place += 1,
                Next::Over(count) => place += count,
            }
            if place == task.code.instructions.len() {
                return Err(refusal(instruction, "code goes on behind its end".to_owned()));
            }
            if self.blocks.contains_key(&place) {
                break vec![(place, state)];
            }
        };
        let block = self.blocks.get_mut(&start).expect("it is still there");
        block.successors = targets.iter().map(|(target, _)| *target).collect();
        block.ends = ends;
        block.verified = verified;
        for (way, (target, state)) in targets.into_iter().enumerate() {
            self.reach(target, (start, way), state);
        }
        Ok(())
    }

    /// Whether an instruction looks at the stack's limit, or waits for other threads.
    fn asks_to_stop(&self, state: &State, instruction: &Instruction) -> bool {
        let limit = core::mem::offset_of!(wasmtier_vm::VmCtx, stack_limit) as u64;
        let base = instruction.memory_base();
        let context = Value::At(crate::value::Object::Context, 0);
        let compares = instruction.mnemonic() == Mnemonic::Cmp
            && base.is_gpr64()
            && state.registers[base.number()] == context
            && instruction.memory_displacement64() == limit;
        compares || instruction.has_lock_prefix()
    }

    fn next(
        &mut self,
        state: &mut State,
        place: usize,
        instruction: &Instruction,
        (ends, verified): (&mut bool, &mut Verified),
    ) -> Result<Next, Reason> {
        let task = self.task;
        let at = instruction.ip() as u32;
        match instruction.flow_control() {
            FlowControl::Next => {
                if let Some(count) = clear::clear(task, state, place)? {
                    return Ok(Next::Over(count));
                }
                step(task, state, instruction, &mut self.facts)?;
                Ok(Next::On)
            }
            FlowControl::UnconditionalBranch => {
                let target = target(task, instruction)?;
                Ok(Next::Targets(vec![(target, state.clone())]))
            }
            FlowControl::ConditionalBranch => self.branch(state, place, instruction),
            FlowControl::Return => {
                call::give_back(task, state)?;
                Ok(Next::Targets(Vec::new()))
            }
            FlowControl::Exception | FlowControl::Interrupt => Ok(Next::Targets(Vec::new())),
            FlowControl::IndirectBranch => {
                if instruction.op0_register() != Register::None {
                    return self.jump_table(state, instruction.op0_register());
                }
                let to = call::leaving(task, state, instruction)?;
                call::jump(task, state, to)?;
                Ok(Next::Targets(Vec::new()))
            }
            FlowControl::Call => {
                verified.calls += 1;
                let target = target(task, instruction)?;
                if target == 0 {
                    call::call(task, state, Callee::Defined(task.func), at)?;
                    return Ok(Next::On);
                }
                *ends = true;
                self.subroutine(state, target)
            }
            FlowControl::IndirectCall => {
                verified.calls += 1;
                match call::leaving(task, state, instruction)? {
                    Leaving::Function(callee) => call::call(task, state, callee, at)?,
                    Leaving::Routine(routine) => {
                        *ends |= routine == Routine::OutOfBounds;
                        if !call::routine(task, state, routine, at)? {
                            return Ok(Next::Targets(Vec::new()));
                        }
                    }
                }
                Ok(Next::On)
            }
            FlowControl::XbeginXabortXend => refuse("transactions are not known"),
        }
    }

    /// Both ways out of a conditional jump.
    fn branch(
        &mut self,
        state: &State,
        place: usize,
        instruction: &Instruction,
    ) -> Result<Next, Reason> {
        let target = target(self.task, instruction)?;
        if place + 1 == self.task.code.instructions.len() {
            return refuse("code goes on behind its end");
        }
        let condition = instruction.condition_code();
        self.blocks.entry(place + 1).or_default();
        let mut targets = Vec::new();
        for (target, condition) in [(target, condition), (place + 1, negated(condition))] {
            let mut state = state.clone();
            if assume(&mut state, condition) {
                targets.push((target, state));
            }
        }
        Ok(Next::Targets(targets))
    }

    fn jump_table(&self, state: &State, register: Register) -> Result<Next, Reason> {
        let Value::Target { table, last } = state.registers[register.number()] else {
            return refuse("it goes to an address from no jump table");
        };
        let mut targets = Vec::new();
        for index in 0..=last {
            let Some(target) = distance(self.task.code, table, index) else {
                return Err(format!("entry {index} of its jump table is no instruction"));
            };
            targets.push(target);
        }
        targets.sort_unstable();
        targets.dedup();
        Ok(Next::Targets(targets.into_iter().map(|target| (target, state.clone())).collect()))
    }

    /// A call of instructions of this function: in a row, up to a jump to a routine, which comes
    /// back behind the call.
    fn subroutine(&mut self, state: &mut State, target: usize) -> Result<Next, Reason> {
        let task = self.task;
        let mut place = target;
        loop {
            let Some(instruction) = task.code.instructions.get(place) else {
                return refuse("the subroutine goes on behind the end of the code");
            };
            let inside = |reason| format!("in the subroutine, `{instruction}`: {reason}");
            match instruction.flow_control() {
                FlowControl::Next => {
                    step(task, state, instruction, &mut self.facts).map_err(inside)?;
                    place += 1;
                }
                FlowControl::IndirectBranch => {
                    let at = instruction.ip() as u32;
                    let to = call::leaving(task, state, instruction).map_err(inside)?;
                    let Leaving::Routine(routine) = to else {
                        return refuse("the subroutine goes to another function");
                    };
                    return match call::routine(task, state, routine, at).map_err(inside)? {
                        true => Ok(Next::On),
                        false => Ok(Next::Targets(Vec::new())),
                    };
                }
                _ => return refuse("the subroutine branches"),
            }
        }
    }

    /// Refuses a cycle that nothing can stop.
    fn check_cycles(&self) -> Result<(), Refusal> {
        let reached = |block: &&Block| block.state.is_some() && !block.ends;
        let mut entered: BTreeMap<usize, usize> = BTreeMap::new();
        for (start, block) in &self.blocks {
            if reached(&block) {
                entered.entry(*start).or_default();
                for target in &block.successors {
                    *entered.entry(*target).or_default() += 1;
                }
            }
        }
        let mut free: Vec<usize> =
            entered.iter().filter(|(_, count)| **count == 0).map(|(start, _)| *start).collect();
        while let Some(start) = free.pop() {
            entered.remove(&start);
            let block = &self.blocks[&start];
            for target in block.successors.iter().filter(|_| reached(&block)) {
                let count = entered.get_mut(target).expect("successors were counted");
                *count -= 1;
                if *count == 0 {
                    free.push(*target);
                }
            }
        }
        match entered.keys().find(|start| reached(&&self.blocks[start])) {
            None => Ok(()),
            Some(start) => {
                let instruction = &self.task.code.instructions[*start];
                Err(refusal(
                    instruction,
                    "a cycle through it never asks whether to stop".to_owned(),
                ))
            }
        }
    }
}

/// The instruction that a direct jump goes to.
fn target(task: &Task<'_>, instruction: &Instruction) -> Result<usize, Reason> {
    task.code
        .place(instruction.near_branch_target())
        .ok_or_else(|| "its target is no instruction of the function".to_owned())
}

/// The instruction that an entry of a jump table leads to.
fn distance(code: &Code<'_>, table: u32, index: u32) -> Option<usize> {
    let at = table as usize + 4 * index as usize;
    let bytes = code.bytes.get(at..at + 4)?;
    let distance = i32::from_le_bytes(bytes.try_into().expect("four bytes were asked for"));
    code.place(u64::try_from(i64::from(table) + i64::from(distance)).ok()?)
}
