//! [`State`]: what is known before an instruction runs.
//!
//! What lives here: registers, flags, what comparisons have told, saved registers; and what is so
//! of two states. What does not: how instructions change it. Invariant: a name stands for one
//! number in all of a state; whoever makes a number under it takes it away from others.

use wasmtier_jit::{Place, SAVED};
use wasmtier_vm::{FuncType, TypeIdx, ValType};
use wasmtier_x64::Gpr;

use crate::value::{CLEAR, Callee, Integer, Measured, Name, Object, Value};

/// The registers that a callee preserves, besides those with a role.
pub(crate) const PRESERVED: [Gpr; 3] = [Gpr::R12, Gpr::R13, Gpr::R15];

/// What the flags say.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Flags {
    Unknown,
    /// The first was compared with the second, unsigned, as numbers of all their bits.
    Compared(Value, Value),
    /// Without a carry, what the register of that number holds is this.
    Added(u8, Integer),
    /// There is a carry.
    Carried,
}

/// A number plus so much is within a length.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Within {
    pub(crate) root: Name,
    pub(crate) of: Measured,
    pub(crate) plus: u64,
}

/// How much of the frame may be used, in bytes below its top.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Room {
    pub(crate) bytes: u32,
    /// Whether it was asked for.
    pub(crate) asked: bool,
}

/// What is known of all 64 bits of a slot.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Saved {
    /// What the register of that number held at the entry.
    Kept(u8),
    Length(Measured),
    /// A number of 32 bits.
    Clear,
}

impl Saved {
    /// What is worth knowing of a value that is stored.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Kept(register) => Some(Self::Kept(register)),
            Value::Length(of) => Some(Self::Length(of)),
            value => value.is_clear().then_some(Self::Clear),
        }
    }

    /// What is loaded from there.
    pub(crate) fn value(self) -> Value {
        match self {
            Self::Kept(register) => Value::Kept(register),
            Self::Length(of) => Value::Length(of),
            Self::Clear => Value::Integer(Integer::new(Name::Unnamed, CLEAR)),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct State {
    pub(crate) registers: [Value; 16],
    pub(crate) flags: Flags,
    /// Sorted, one for each name and length.
    within: Vec<Within>,
    /// What is in slots: bytes from the frame's top, and what is there. Sorted.
    saved: Vec<(i32, Saved)>,
    pub(crate) room: Room,
}

impl State {
    /// What holds when a function of this type is entered.
    pub(crate) fn entry(ty: &FuncType, room: u32) -> Self {
        let registers = std::array::from_fn(|number| Value::Kept(number as u8));
        let room = Room { bytes: room, asked: false };
        let (within, saved) = (Vec::new(), Vec::new());
        let mut state = Self { registers, flags: Flags::Unknown, within, saved, room };
        let volatile = Gpr::ALL.into_iter().filter(|register| is_volatile(*register));
        for register in volatile {
            state.registers[register as usize] = unknown(Name::Unnamed);
        }
        for place in wasmtier_jit::arguments(ty) {
            if let Some(wasmtier_x64::lower::Reg::Gpr(register)) = place.register {
                let name = Name::Joined { at: 0, register: register.number() };
                state.registers[register as usize] =
                    Value::Integer(Integer::new(name, most(place.ty)));
            }
        }
        let zero = Integer::constant(0);
        state.registers[Gpr::Rbx as usize] = Value::Guest(wasmtier_vm::MemoryIdx(0), zero);
        state.registers[Gpr::Rbp as usize] = Value::Frame(0);
        state.registers[Gpr::R14 as usize] = Value::At(Object::Context, 0);
        state
    }

    /// What holds when a loop is entered from an interpreted frame, with these in its lanes: the
    /// preserved registers are saved, and those that are no lanes are as they were.
    pub(crate) fn taken_over(ty: &FuncType, lanes: &[Place], room: u32) -> Self {
        let mut state = Self::entry(ty, room);
        state.room.asked = true;
        for number in 0..16 {
            if let Value::Integer(_) = state.registers[number] {
                state.registers[number] = unknown(Name::Unnamed);
            }
        }
        for place in lanes {
            if let Some(wasmtier_x64::lower::Reg::Gpr(register)) = place.register {
                let lane = Integer::new(Name::Unnamed, most(place.ty));
                state.registers[register as usize] = Value::Integer(lane);
            }
        }
        for (register, slot) in SAVED {
            let above_fp = 8 * i32::from(slot.0);
            let fp = -8 * (ty.param_slots() as i32 + 2);
            state.save(fp + above_fp, Saved::Kept(register.number()));
        }
        state
    }

    pub(crate) fn register(&self, register: Gpr) -> Value {
        self.registers[register as usize]
    }

    /// Notes that a register is written.
    pub(crate) fn clobber(&mut self, number: u8) {
        if let Flags::Added(register, _) = self.flags
            && register == number
        {
            self.flags = Flags::Unknown;
        }
    }

    /// Puts a number that was not there before into a register, under a name for it.
    pub(crate) fn make(&mut self, number: u8, at: u32, most: u64) {
        let name = self.fresh(number, at);
        self.registers[usize::from(number)] = Value::Integer(Integer::new(name, most));
    }

    /// Gives the number in a register a name, if it has none.
    pub(crate) fn name(&mut self, number: u8, at: u32) -> Value {
        let value = self.registers[usize::from(number)];
        if let Value::Integer(Integer { root: Name::Unnamed, most, .. }) = value {
            self.make(number, at, most);
        }
        self.registers[usize::from(number)]
    }

    /// A name that nothing has.
    pub(crate) fn fresh(&mut self, register: u8, at: u32) -> Name {
        let name = Name::Made { at, register };
        for value in &mut self.registers {
            forget(value, name);
        }
        match &mut self.flags {
            Flags::Unknown | Flags::Carried => {}
            Flags::Compared(a, b) => {
                forget(a, name);
                forget(b, name);
            }
            Flags::Added(_, sum) if sum.root == name => self.flags = Flags::Unknown,
            Flags::Added(..) => {}
        }
        self.within.retain(|fact| fact.root != name);
        name
    }

    /// Notes that a number is within a length.
    pub(crate) fn learn(&mut self, fact: Within) {
        if fact.root == Name::Unnamed {
            return;
        }
        let key = |other: &Within| (other.root, other.of).cmp(&(fact.root, fact.of));
        match self.within.binary_search_by(key) {
            Ok(at) => self.within[at].plus = self.within[at].plus.max(fact.plus),
            Err(at) => self.within.insert(at, fact),
        }
    }

    /// How much more than a number is known to be within a length.
    pub(crate) fn within(&self, root: Name, of: Measured) -> Option<u64> {
        let key = |other: &Within| (other.root, other.of).cmp(&(root, of));
        self.within.binary_search_by(key).ok().map(|at| self.within[at].plus)
    }

    /// Changes every value that is known.
    pub(crate) fn refine(&mut self, change: impl Fn(&mut Value)) {
        self.registers.iter_mut().for_each(change);
    }

    /// Notes that the frame was written.
    pub(crate) fn write_frame(&mut self, at: i32, bytes: i32) {
        let touched = |slot: i32| slot + 8 > at && at + bytes > slot;
        let first = self.saved.partition_point(|(slot, _)| *slot + 8 <= at);
        while self.saved.get(first).is_some_and(|(slot, _)| touched(*slot)) {
            self.saved.remove(first);
        }
    }

    /// Notes that anything below may have been written.
    pub(crate) fn write_below(&mut self, top: i32) {
        self.saved.retain(|(slot, _)| *slot >= top);
    }

    /// Notes what all 64 bits of a slot are.
    pub(crate) fn save(&mut self, at: i32, saved: Saved) {
        self.write_frame(at, 8);
        let place = self.saved.partition_point(|(slot, _)| *slot < at);
        self.saved.insert(place, (at, saved));
    }

    /// What is known of all 64 bits of a slot.
    pub(crate) fn saved(&self, at: i32) -> Option<Saved> {
        let place = self.saved.binary_search_by_key(&at, |(slot, _)| *slot).ok()?;
        Some(self.saved[place].1)
    }

    /// What holds behind a call: what is not preserved is anything.
    pub(crate) fn after_call(&mut self, at: u32) {
        self.flags = Flags::Unknown;
        for register in Gpr::ALL {
            if is_volatile(register) {
                self.make(register.number(), at, u64::MAX);
            }
        }
        for register in PRESERVED {
            // What a callee may have moved is looked up again.
            if !matches!(self.register(register), Value::Integer(_) | Value::Kept(_)) {
                let most = self.register(register).most();
                self.make(register.number(), at, most);
            }
        }
    }

    /// Takes the integer results of a call where they are.
    pub(crate) fn take_results(&mut self, ty: &FuncType, at: u32) {
        for place in wasmtier_jit::results(ty) {
            if let Some(wasmtier_x64::lower::Reg::Gpr(register)) = place.register {
                self.make(register.number(), at, most(place.ty));
            }
        }
    }

    /// Makes this what is so of it and of another state that reach the instruction at `at`.
    pub(crate) fn join(&mut self, other: &Self, at: u32) {
        let mut names = Names { at, register: 0, known: Vec::new() };
        for number in 0..16 {
            names.register = number as u8;
            let (a, b) = (self.registers[number], other.registers[number]);
            self.registers[number] = a.join(b, &mut names);
        }
        self.flags = Flags::Unknown;
        names.known.push(((Name::Zero, 0), (Name::Zero, 0), Name::Zero));
        let facts = core::mem::take(&mut self.within);
        for ((a, here), (b, there), name) in names.known {
            for fact in facts.iter().filter(|fact| fact.root == a) {
                // What is called `name` is `here` more than `a`.
                let here = fact.plus.checked_sub(here);
                let there = other.within(b, fact.of).and_then(|plus| plus.checked_sub(there));
                if let (Some(here), Some(there)) = (here, there) {
                    self.learn(Within { root: name, plus: here.min(there), ..*fact });
                }
            }
        }
        self.saved.retain(|(slot, saved)| other.saved(*slot) == Some(*saved));
        self.room.bytes = self.room.bytes.min(other.room.bytes);
        self.room.asked &= other.room.asked;
    }
}

/// A number: a name, and how much more it is.
type Number = (Name, u64);

/// What numbers are called that are one in a state and another in a second state. Registers that
/// hold the same in both have the same name then.
pub(crate) struct Names {
    at: u32,
    /// The register that is looked at.
    register: u8,
    known: Vec<(Number, Number, Name)>,
}

impl Names {
    /// The name of what is `a` here and `b` there.
    pub(crate) fn join(&mut self, a: Number, b: Number) -> Name {
        let unnamed = a.0 == Name::Unnamed || b.0 == Name::Unnamed;
        let same = |known: &&(Number, Number, Name)| (known.0, known.1) == (a, b);
        if let (false, Some(known)) = (unnamed, self.known.iter().find(same)) {
            return known.2;
        }
        // What was joined here before may be another number now than it was then.
        let joined_here = matches!(a.0, Name::Joined { at, .. } if at == self.at);
        let name = if a == b && a.1 == 0 && !joined_here && !unnamed {
            a.0
        } else {
            Name::Joined { at: self.at, register: self.register }
        };
        if !unnamed {
            self.known.push((a, b, name));
        }
        name
    }
}

/// Whether a callee may change a register.
pub(crate) fn is_volatile(register: Gpr) -> bool {
    match register {
        Gpr::Rbx | Gpr::Rsp | Gpr::Rbp | Gpr::R12 | Gpr::R13 | Gpr::R14 | Gpr::R15 => false,
        Gpr::Rax | Gpr::Rcx | Gpr::Rdx | Gpr::Rsi | Gpr::Rdi => true,
        Gpr::R8 | Gpr::R9 | Gpr::R10 | Gpr::R11 => true,
    }
}

/// The largest value of a type, as a register holds it.
pub(crate) fn most(ty: ValType) -> u64 {
    match ty {
        ValType::I32 => CLEAR,
        // References have 32 bits, and are passed on whole, wherever they come from.
        ValType::Ref(_) => u64::MAX,
        ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => u64::MAX,
    }
}

fn unknown(name: Name) -> Value {
    Value::Integer(Integer::new(name, u64::MAX))
}

/// Takes a name from a value.
fn forget(value: &mut Value, name: Name) {
    match value {
        Value::Integer(integer) | Value::Guest(_, integer) => forget_integer(integer, name),
        Value::TypeOf(record) if *record == name => *record = Name::Unnamed,
        Value::ContextOf(callee) | Value::At(Object::Record(callee) | Object::Entry(callee), _) => {
            if let Callee::Recorded { record, .. } = callee
                && *record == name
            {
                *record = Name::Unnamed;
            }
        }
        _ => {}
    }
}

fn forget_integer(integer: &mut Integer, name: Name) {
    if integer.root == name {
        *integer = Integer::new(Name::Unnamed, integer.most);
    }
}

/// What is known of a callee once its record's type was compared.
pub(crate) fn with_type(value: &mut Value, name: Name, found: TypeIdx) {
    if let Value::ContextOf(callee) | Value::At(Object::Record(callee) | Object::Entry(callee), _) =
        value
        && let Callee::Recorded { record, ty, .. } = callee
        && *record == name
        && name != Name::Unnamed
    {
        *ty = Some(found);
    }
}

/// What is known of a callee once its record's context was found to be the running one.
pub(crate) fn with_context(value: &mut Value, name: Name) {
    if let Value::ContextOf(callee) | Value::At(Object::Record(callee) | Object::Entry(callee), _) =
        value
        && let Callee::Recorded { record, own, .. } = callee
        && *record == name
        && name != Name::Unnamed
    {
        *own = true;
    }
}
