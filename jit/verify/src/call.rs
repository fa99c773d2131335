//! Leaving code, and coming back.
//!
//! What lives here: what must hold at calls, returns and ends, and what holds behind a call. What
//! does not: jumps within the code. Invariant: what is assumed at the entry of a function is
//! checked at every call of one, and what is assumed behind a call is checked at every return.

use core::mem::offset_of;

use iced_x86::{Instruction, Register};
use wasmtier_jit::{arguments, results};
use wasmtier_vm::{Builtin, BuiltinTable, FuncEntry, FuncType, MemoryIdx, NativeStubs, TypeIdx};
use wasmtier_x64::Gpr;
use wasmtier_x64::lower::Reg;

use crate::access::entry_at;
use crate::flow::Task;
use crate::refusal::{Reason, refuse};
use crate::state::{PRESERVED, State};
use crate::value::{Callee, Integer, Object, Value};

/// What an indirect call or jump goes to.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Leaving {
    Function(Callee),
    Routine(Routine),
}

/// A routine that all code shares.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Routine {
    Trap,
    Refuse,
    CallBuiltin,
    Resolve,
    OutOfBounds,
    CallOther,
    TailCallOther,
}

const ROUTINES: [(usize, Routine); 7] = [
    (offset_of!(NativeStubs, trap), Routine::Trap),
    (offset_of!(NativeStubs, refuse), Routine::Refuse),
    (offset_of!(NativeStubs, call_builtin), Routine::CallBuiltin),
    (offset_of!(NativeStubs, resolve), Routine::Resolve),
    (offset_of!(NativeStubs, out_of_bounds), Routine::OutOfBounds),
    (offset_of!(NativeStubs, call_other), Routine::CallOther),
    (offset_of!(NativeStubs, tail_call_other), Routine::TailCallOther),
];

/// Where a call or a jump through memory goes.
pub(crate) fn leaving(
    task: &Task<'_>,
    state: &State,
    instruction: &Instruction,
) -> Result<Leaving, Reason> {
    let base = instruction.memory_base();
    if !base.is_gpr64() || instruction.memory_index() != Register::None {
        return refuse("it goes to an address from an unknown place");
    }
    let displacement = instruction.memory_displacement64().cast_signed();
    let Value::At(object, at) = state.registers[base.number()] else {
        return refuse("it goes to an address from no object of the runtime");
    };
    let entry = offset_of!(FuncEntry, reg_entry);
    match object {
        Object::Builtins => {
            let native = offset_of!(BuiltinTable, native) as i64;
            let routine =
                ROUTINES.into_iter().find(|(place, _)| at + displacement == native + *place as i64);
            match routine {
                Some((_, routine)) => Ok(Leaving::Routine(routine)),
                None => refuse("it goes to no routine that code may use"),
            }
        }
        Object::Entry(callee) if at == 0 && displacement == entry as i64 => {
            Ok(Leaving::Function(callee))
        }
        Object::Entries => match entry_at(task, at + displacement) {
            Some((callee, rest)) if rest == entry => {
                // Adapters look at the entry.
                match state.register(Gpr::R11) {
                    Value::At(Object::Entries, at) if entry_at(task, at) == Some((callee, 0)) => {
                        Ok(Leaving::Function(callee))
                    }
                    _ => refuse("r11 is not the callee's entry"),
                }
            }
            _ => refuse("it goes to no entry of a function"),
        },
        _ => refuse("it goes to an address from an unknown object"),
    }
}

/// The type of a callee that may be entered in the running context.
fn own_type<'a>(task: &Task<'a>, callee: Callee) -> Result<&'a FuncType, Reason> {
    match callee {
        Callee::Recorded { own: false, .. } | Callee::Imported(_) => {
            refuse("the callee may be of another instance")
        }
        Callee::Defined(_) | Callee::Recorded { own: true, .. } => any_type(task, callee),
    }
}

fn any_type<'a>(task: &Task<'a>, callee: Callee) -> Result<&'a FuncType, Reason> {
    match callee {
        Callee::Defined(func) | Callee::Imported(func) => Ok(task.module.func_type(func)),
        Callee::Recorded { ty: Some(ty), .. } => Ok(&task.module.types[ty.index()]),
        Callee::Recorded { ty: None, .. } => refuse("the callee's type was not compared"),
    }
}

/// The type of the callee whose entry is in `r11` and whose context is in `rcx`.
fn other_type<'a>(task: &Task<'a>, state: &State) -> Result<&'a FuncType, Reason> {
    let same = |a: Callee, b: Callee| match (a, b) {
        (Callee::Recorded { record: a, .. }, Callee::Recorded { record: b, .. }) => {
            a == b && a != crate::value::Name::Unnamed
        }
        (a, b) => a == b,
    };
    match (state.register(Gpr::R11), state.register(Gpr::Rcx)) {
        (Value::At(Object::Entry(callee), 0), Value::ContextOf(context))
            if same(callee, context) =>
        {
            any_type(task, callee)
        }
        _ => refuse("r11 and rcx are not the entry and the context of one callee"),
    }
}

/// Checks a call that comes back; what holds then.
pub(crate) fn call(
    task: &Task<'_>,
    state: &mut State,
    callee: Callee,
    at: u32,
) -> Result<(), Reason> {
    let ty = own_type(task, callee)?;
    call_type(task, state, ty, at)
}

fn call_type(task: &Task<'_>, state: &mut State, ty: &FuncType, at: u32) -> Result<(), Reason> {
    let Value::Frame(top) = state.register(Gpr::Rbp) else {
        return refuse("rbp is not the top of a frame");
    };
    if !state.room.asked {
        return refuse("nothing has asked for room for a callee");
    }
    if top > -32 || top % 8 != 0 || top.unsigned_abs() > state.room.bytes {
        return Err(format!("the callee's frame is {} bytes below the top", -top));
    }
    check_arguments(task, state, ty)?;
    state.after_call(at);
    state.take_results(ty, at);
    state.write_below(top);
    Ok(())
}

fn check_arguments(task: &Task<'_>, state: &State, ty: &FuncType) -> Result<(), Reason> {
    check_base(state)?;
    for place in arguments(ty) {
        check_clear(task, state, place, "argument")?;
    }
    Ok(())
}

fn check_base(state: &State) -> Result<(), Reason> {
    if state.register(Gpr::Rbx) != Value::Guest(MemoryIdx(0), Integer::constant(0)) {
        return refuse("rbx is not the base of memory 0");
    }
    Ok(())
}

fn check_clear(
    task: &Task<'_>,
    state: &State,
    place: wasmtier_jit::Place,
    what: &str,
) -> Result<(), Reason> {
    let Some(Reg::Gpr(register)) = place.register else { return Ok(()) };
    let most = crate::state::most(place.ty);
    if task.most(state.register(register)) > most {
        return Err(format!("the upper half of an {what} in {register:?} may not be clear"));
    }
    Ok(())
}

/// Checks that the frame is given back as it was found.
fn check_restored(state: &State) -> Result<(), Reason> {
    check_top(state)?;
    for register in PRESERVED {
        if state.register(register) != Value::Kept(register.number()) {
            return Err(format!("{register:?} is not what it was at the entry"));
        }
    }
    check_base(state)
}

fn check_top(state: &State) -> Result<(), Reason> {
    if state.register(Gpr::Rbp) != Value::Frame(0) {
        return refuse("rbp is not the frame's top");
    }
    Ok(())
}

/// Checks a return.
pub(crate) fn give_back(task: &Task<'_>, state: &State) -> Result<(), Reason> {
    check_restored(state)?;
    for place in results(task.module.func_type(task.func)) {
        check_clear(task, state, place, "result")?;
    }
    Ok(())
}

/// Checks a jump to a function or a routine, which never comes back.
pub(crate) fn jump(task: &Task<'_>, state: &State, to: Leaving) -> Result<(), Reason> {
    let ty = match to {
        Leaving::Function(callee) => own_type(task, callee)?,
        Leaving::Routine(Routine::TailCallOther) => other_type(task, state)?,
        Leaving::Routine(_) => return refuse("the routine has to be called"),
    };
    check_restored(state)?;
    // The results are the caller's.
    if ty.results() != task.module.func_type(task.func).results() {
        return refuse("the callee has other results");
    }
    check_arguments(task, state, ty)
}

/// Checks a call of a routine. Whether it comes back; what holds then.
pub(crate) fn routine(
    task: &Task<'_>,
    state: &mut State,
    routine: Routine,
    at: u32,
) -> Result<bool, Reason> {
    match routine {
        Routine::Trap | Routine::Refuse => {
            check_top(state)?;
            return Ok(false);
        }
        Routine::TailCallOther => return refuse("the routine has to be jumped to"),
        Routine::CallOther => {
            let ty = other_type(task, state)?;
            call_type(task, state, ty, at)?;
        }
        Routine::OutOfBounds => {
            check_top(state)?;
            state.clobber(Gpr::R11.number());
            state.make(Gpr::R11.number(), at, u64::MAX);
            state.flags = crate::state::Flags::Unknown;
        }
        Routine::Resolve => resolve(task, state, at)?,
        Routine::CallBuiltin => builtin(state, at)?,
    }
    Ok(true)
}

fn resolve(task: &Task<'_>, state: &mut State, at: u32) -> Result<(), Reason> {
    check_top(state)?;
    let low = low(state)?;
    let constant = |register| state.register(register).integer().as_constant();
    let table = constant(Gpr::Rdx).filter(|&table| table < task.module.tables.len() as u64);
    let ty = constant(Gpr::Rcx).filter(|&ty| ty < task.module.types.len() as u64);
    let (Some(table), Some(ty)) = (table, ty) else {
        return refuse("edx and ecx are not a table and a type");
    };
    if !task.module.tables[table as usize].table64 && !state.register(Gpr::Rsi).is_clear() {
        return refuse("the upper half of the index may not be clear");
    }
    for register in [Gpr::Rax, Gpr::Rcx, Gpr::Rdx, Gpr::R11] {
        state.make(register.number(), at, u64::MAX);
    }
    state.flags = crate::state::Flags::Unknown;
    state.write_below(low);
    let record = state.fresh(Gpr::Rax.number(), at);
    let callee = Callee::Recorded { record, ty: Some(TypeIdx(ty as u32)), own: false };
    state.registers[Gpr::Rax as usize] = Value::At(Object::Record(callee), 0);
    Ok(())
}

/// Where the part of the frame ends that is in use, which `r8` says.
fn low(state: &State) -> Result<i32, Reason> {
    match state.register(Gpr::R8) {
        Value::Frame(low) if low <= 0 && low.unsigned_abs() <= state.room.bytes => Ok(low),
        _ => refuse("r8 is not within the frame"),
    }
}

fn builtin(state: &mut State, at: u32) -> Result<(), Reason> {
    check_top(state)?;
    let low = low(state)?;
    let code = state.register(Gpr::Rax).integer().as_constant();
    let builtin = Builtin::ALL.iter().find(|builtin| Some(builtin_offset(**builtin)) == code);
    let Some(builtin) = builtin else { return refuse("eax names no builtin") };
    let slots = builtin.operands().max(builtin.results()) as i32;
    let first = match state.register(Gpr::Rsi) {
        Value::Frame(first) if low <= first - 8 * (slots - 1) && first <= -8 => first,
        _ if slots == 0 => low - 8,
        _ => return refuse("rsi is not the slot of the first operand, within the frame"),
    };
    state.flags = crate::state::Flags::Unknown;
    state.after_call(at);
    state.registers[Gpr::Rbx as usize] = Value::Guest(MemoryIdx(0), Integer::constant(0));
    state.write_below(first + 8);
    Ok(())
}

/// Where the code of a builtin is in the table.
fn builtin_offset(builtin: Builtin) -> u64 {
    (offset_of!(BuiltinTable, memory_grow) + size_of::<usize>() * builtin as usize) as u64
}
