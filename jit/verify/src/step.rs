//! What an instruction changes that does not leave the code.
//!
//! What lives here: the instructions that addresses, bounds and calls are made of. What does not:
//! all others, of which only the width of what they write counts. Invariant: every register that an
//! instruction writes gets a value here.

use iced_x86::{
    ConditionCode, Instruction, InstructionInfo, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use crate::access::{self, Place};
use crate::condition::{assume, negated};
use crate::flow::Task;
use crate::refusal::{Reason, refuse};
use crate::state::{Flags, Saved, State};
use crate::value::{CLEAR, Callee, Integer, Name, Object, Value};

const RSP: usize = 4;
const R14: usize = 14;

/// Lets an instruction run.
pub(crate) fn step(
    task: &Task<'_>,
    state: &mut State,
    instruction: &Instruction,
    facts: &mut InstructionInfoFactory,
) -> Result<(), Reason> {
    let info = facts.info(instruction);
    let memory = access::check(task, state, instruction, info.used_memory())?;
    let written = written(instruction, info)?;
    let at = instruction.ip() as u32;
    if let Some((a, b)) = exchanged(instruction) {
        state.flags = Flags::Unknown;
        state.registers.swap(a, b);
        return Ok(());
    }
    // Operands get names, so that what is compared or copied is known to be the same.
    for operand in 0..instruction.op_count() {
        let register = instruction.op_register(operand);
        if instruction.op_kind(operand) == OpKind::Register && register.is_gpr() {
            state.name(number(register) as u8, at);
        }
    }
    if instruction.op_kinds().any(|kind| kind == OpKind::Memory) {
        for register in [instruction.memory_base(), instruction.memory_index()] {
            if register.is_gpr64() {
                state.name(number(register) as u8, at);
            }
        }
    }
    let loaded = memory.map(|(_, value)| value);
    let step = Step { task, instruction, at, loaded };
    let result = step.result(state);
    let flags = step.flags(state, result);
    let saved = step.saved(state);
    for write in &written {
        state.clobber(write.number);
        let exact = if write.explicit == Some(0) { result } else { None };
        match exact {
            Some(value) => state.registers[usize::from(write.number)] = value,
            None => {
                let most = step.most(state, *write);
                state.make(write.number, at, most);
            }
        }
    }
    if instruction.rflags_modified() != 0 {
        state.flags = flags;
    }
    if let Some((Place::Frame(slot), _)) = memory {
        match saved {
            Some(saved) => state.save(slot, saved),
            None if writes_memory(info) => {
                let bytes = instruction.memory_size().size() as i32;
                state.write_frame(slot, bytes);
            }
            None => {}
        }
    }
    Ok(())
}

/// The registers of which each gets what the other had.
fn exchanged(instruction: &Instruction) -> Option<(usize, usize)> {
    let (a, b) = (instruction.op0_register(), instruction.op1_register());
    let all = instruction.mnemonic() == Mnemonic::Xchg && a.is_gpr64() && b.is_gpr64();
    all.then(|| (a.number(), b.number()))
}

/// The number of the general purpose register that one is a part of.
fn number(register: Register) -> usize {
    register.full_register().number()
}

fn writes_memory(info: &InstructionInfo) -> bool {
    let writes = |access| {
        matches!(
            access,
            OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
        )
    };
    info.used_memory().iter().any(|used| writes(used.access()))
}

/// A general purpose register that an instruction writes.
#[derive(Copy, Clone)]
struct Write {
    number: u8,
    /// How many bits, if they are an operand; else by the instruction.
    bits: u32,
    /// Which operand it is.
    explicit: Option<u32>,
    /// Whether it may be left alone.
    conditional: bool,
}

fn written(instruction: &Instruction, info: &InstructionInfo) -> Result<Vec<Write>, Reason> {
    let mut all = Vec::new();
    for used in info.used_registers() {
        let conditional = match used.access() {
            OpAccess::Write | OpAccess::ReadWrite => false,
            OpAccess::CondWrite | OpAccess::ReadCondWrite => true,
            _ => continue,
        };
        if !used.register().is_gpr() {
            continue;
        }
        let number = number(used.register());
        if number == RSP {
            return refuse("it changes rsp");
        }
        if number == R14 {
            return refuse("it changes r14");
        }
        let named = |operand: &u32| {
            let register = instruction.op_register(*operand);
            instruction.op_kind(*operand) == OpKind::Register
                && register.is_gpr()
                && self::number(register) == number
                && !matches!(info.op_access(*operand), OpAccess::Read | OpAccess::CondRead)
        };
        let explicit = (0..instruction.op_count()).find(named);
        let bits = match explicit {
            Some(operand) => 8 * instruction.op_register(operand).size() as u32,
            None => implied_bits(instruction)?,
        };
        if all.iter().all(|write: &Write| usize::from(write.number) != number) {
            all.push(Write { number: number as u8, bits, explicit, conditional });
        }
    }
    Ok(all)
}

/// How many bits of `rax` and `rdx` an instruction writes that implies them.
fn implied_bits(instruction: &Instruction) -> Result<u32, Reason> {
    match instruction.mnemonic() {
        Mnemonic::Cdq => Ok(32),
        Mnemonic::Cqo => Ok(64),
        Mnemonic::Mul | Mnemonic::Imul | Mnemonic::Div | Mnemonic::Idiv | Mnemonic::Cmpxchg => {
            let size = match instruction.op0_kind() {
                OpKind::Register => instruction.op0_register().size(),
                _ => instruction.memory_size().size(),
            };
            Ok(8 * size as u32)
        }
        _ => refuse("it changes a register that is no operand"),
    }
}

/// An instruction that runs.
struct Step<'a> {
    task: &'a Task<'a>,
    instruction: &'a Instruction,
    at: u32,
    /// What its operand in memory is.
    loaded: Option<Value>,
}

impl Step<'_> {
    /// An operand as a number of 64 bits, or of 32 that is known to be one.
    fn operand(&self, state: &State, operand: u32) -> Option<Value> {
        let instruction = self.instruction;
        let bits = 8 * match instruction.op_kind(0) {
            OpKind::Register => instruction.op0_register().size(),
            _ => instruction.memory_size().size(),
        };
        let value = match instruction.op_kind(operand) {
            OpKind::Register if instruction.op_register(operand).is_gpr() => {
                state.registers[number(instruction.op_register(operand))]
            }
            OpKind::Memory => self.loaded?,
            OpKind::Register => return None,
            _ => {
                let immediate = instruction.immediate(operand);
                let mask = if bits == 64 { u64::MAX } else { CLEAR };
                Value::Integer(Integer::constant(immediate & mask))
            }
        };
        match bits {
            64 => Some(value),
            32 => value.is_clear().then_some(value),
            _ => None,
        }
    }

    /// What the first operand becomes, if more is known than its width.
    fn result(&self, state: &mut State) -> Option<Value> {
        let instruction = self.instruction;
        if instruction.op_count() == 0 || instruction.op0_kind() != OpKind::Register {
            return None;
        }
        let narrow = instruction.op0_register().is_gpr32();
        if !narrow && !instruction.op0_register().is_gpr64() {
            return None;
        }
        let value = match instruction.mnemonic() {
            Mnemonic::Mov => self.moved(state, narrow),
            Mnemonic::Movsxd => self.loaded.filter(|value| matches!(value, Value::Distance { .. })),
            Mnemonic::Movzx => self.most_of_narrow(),
            Mnemonic::Lea => self.address(state),
            Mnemonic::Add => {
                let (a, b) = (self.operand(state, 0)?, self.operand(state, 1)?);
                self.sum(state, a, b)
            }
            Mnemonic::Sub => self.difference(state),
            Mnemonic::Xor if instruction.op0_register() == instruction.op1_register() => {
                Some(Value::Integer(Integer::constant(0)))
            }
            Mnemonic::And => {
                let most = |operand| self.operand(state, operand).map_or(u64::MAX, Value::most);
                let most = most(0).min(most(1));
                self.number(state, most)
            }
            Mnemonic::Shr if instruction.op1_kind() == OpKind::Immediate8 => {
                let a = self.task.most(self.operand(state, 0)?);
                let most = a.checked_shr(instruction.immediate8().into())?;
                self.number(state, most)
            }
            Mnemonic::Popcnt | Mnemonic::Lzcnt | Mnemonic::Tzcnt => self.number(state, 64),
            _ if instruction.condition_code() != ConditionCode::None => self.chosen(state),
            _ => None,
        }?;
        (!narrow || value.is_clear()).then_some(value)
    }

    /// A number of which only a bound is known.
    fn number(&self, state: &mut State, most: u64) -> Option<Value> {
        let register = self.instruction.op0_register().number() as u8;
        Some(Value::Integer(Integer::new(state.fresh(register, self.at), most)))
    }

    fn moved(&self, state: &mut State, narrow: bool) -> Option<Value> {
        let value = self.operand(state, 1)?;
        match (self.instruction.op1_kind(), value) {
            // What is in memory may be another number the next time.
            (OpKind::Memory, Value::Integer(integer)) => self.number(state, integer.most),
            (_, value) if !narrow || value.is_clear() => Some(value),
            _ => None,
        }
    }

    fn most_of_narrow(&self) -> Option<Value> {
        let size = match self.instruction.op1_kind() {
            OpKind::Register => self.instruction.op1_register().size(),
            _ => self.instruction.memory_size().size(),
        };
        let most = (1 << (8 * size)) - 1;
        Some(Value::Integer(Integer::new(Name::Unnamed, most)))
    }

    /// What `lea` computes.
    fn address(&self, state: &mut State) -> Option<Value> {
        let instruction = self.instruction;
        if instruction.is_ip_rel_memory_operand() {
            return Some(Value::Code(u32::try_from(instruction.ip_rel_memory_address()).ok()?));
        }
        let of = |register: Register| {
            let zero = Value::Integer(Integer::constant(0));
            if register == Register::None { zero } else { state.registers[register.number()] }
        };
        let base = of(instruction.memory_base());
        let index = of(instruction.memory_index());
        if instruction.memory_index_scale() != 1 {
            return None;
        }
        let displacement = instruction.memory_displacement64();
        let sum = self.sum(state, base, index)?;
        self.sum(state, sum, Value::Integer(Integer::constant(displacement)))
    }

    /// A sum of 64 bits, if it is known not to overflow.
    fn sum(&self, state: &mut State, a: Value, b: Value) -> Option<Value> {
        match (a, b) {
            (Value::Integer(a), Value::Integer(b)) => match a.plus(b) {
                Some(sum) => Some(Value::Integer(sum)),
                None => {
                    let most = a.most.checked_add(b.most)?;
                    self.number(state, most)
                }
            },
            (Value::Frame(at), Value::Integer(by)) | (Value::Integer(by), Value::Frame(at)) => {
                let by = by.as_constant()?.cast_signed();
                Some(Value::Frame(i32::try_from(i64::from(at).checked_add(by)?).ok()?))
            }
            (Value::At(Object::Records, 0), Value::Reference)
            | (Value::Reference, Value::At(Object::Records, 0)) => {
                let register = self.instruction.op0_register().number() as u8;
                let record = state.fresh(register, self.at);
                let callee = Callee::Recorded { record, ty: None, own: false };
                Some(Value::At(Object::Record(callee), 0))
            }
            (Value::At(object, at), Value::Integer(by))
            | (Value::Integer(by), Value::At(object, at)) => {
                let by = by.as_constant()?.cast_signed();
                Some(Value::At(object, at.checked_add(by)?))
            }
            (Value::Guest(memory, plus), Value::Integer(by))
            | (Value::Integer(by), Value::Guest(memory, plus)) => {
                let both = || {
                    let most = plus.most.checked_add(by.most)?;
                    Some(Integer::new(Name::Unnamed, most))
                };
                Some(Value::Guest(memory, plus.plus(by).or_else(both)?))
            }
            (Value::Distance { table, last }, Value::Code(start))
            | (Value::Code(start), Value::Distance { table, last })
                if start == table =>
            {
                Some(Value::Target { table, last })
            }
            _ => None,
        }
    }

    fn difference(&self, state: &mut State) -> Option<Value> {
        let (a, b) = (self.operand(state, 0)?, self.operand(state, 1)?);
        let by = b.integer().as_constant()?.cast_signed().checked_neg()?;
        match a {
            Value::Frame(_) | Value::At(..) => {
                self.sum(state, a, Value::Integer(Integer::constant(by.cast_unsigned())))
            }
            _ => None,
        }
    }

    /// What a conditional move leaves: one of two, of which the condition may tell something.
    fn chosen(&self, state: &mut State) -> Option<Value> {
        let condition = self.instruction.condition_code();
        let most = |condition, operand| {
            let mut assumed = state.clone();
            if !assume(&mut assumed, condition) {
                return Some(0);
            }
            Some(self.operand(&assumed, operand)?.most())
        };
        let most = most(condition, 1)?.max(most(negated(condition), 0)?);
        self.number(state, most)
    }

    /// The most that a register holds behind the instruction, by its width.
    fn most(&self, state: &State, write: Write) -> u64 {
        let before = state.registers[usize::from(write.number)].most();
        let stays = matches!(self.instruction.mnemonic(), Mnemonic::Bsf | Mnemonic::Bsr);
        match write.bits {
            64 => u64::MAX,
            // It may be left as it is, upper half and all.
            32 if stays || (write.conditional && write.explicit.is_none()) => before.max(CLEAR),
            32 => CLEAR,
            _ => before.max(CLEAR),
        }
    }

    fn flags(&self, state: &State, result: Option<Value>) -> Flags {
        match self.instruction.mnemonic() {
            Mnemonic::Cmp => match (self.operand(state, 0), self.operand(state, 1)) {
                (Some(a), Some(b)) => Flags::Compared(a, b),
                _ => Flags::Unknown,
            },
            Mnemonic::Add if result.is_none() => self.carry(state).unwrap_or(Flags::Unknown),
            _ => Flags::Unknown,
        }
    }

    /// What the carry of a sum tells, which the sum may have.
    fn carry(&self, state: &State) -> Option<Flags> {
        let register = self.instruction.op0_register();
        if !register.is_gpr64() {
            return None;
        }
        let [a, b] = [self.operand(state, 0)?.integer(), self.operand(state, 1)?.integer()];
        let (of, constant) = match (a.as_constant(), b.as_constant()) {
            (_, Some(constant)) => (a, constant),
            (Some(constant), None) => (b, constant),
            (None, None) => return None,
        };
        Some(match of.plus.checked_add(constant) {
            Some(plus) => {
                let sum = Integer { root: of.root, plus, most: u64::MAX };
                Flags::Added(register.number() as u8, sum)
            }
            None => Flags::Carried,
        })
    }

    /// What is known of all 64 bits that are stored.
    fn saved(&self, state: &State) -> Option<Saved> {
        let instruction = self.instruction;
        let stores = instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Memory
            && instruction.op1_register().is_gpr64();
        if !stores {
            return None;
        }
        Saved::of(state.registers[instruction.op1_register().number()])
    }
}
