//! What memory an instruction may read and write.
//!
//! What lives here: which place an operand in memory is, and what a load finds there. What does
//! not: what becomes of it. Invariant: everything not listed here is refused.

use core::mem::{offset_of, size_of};

use iced_x86::{Instruction, OpAccess, Register, UsedMemory};
use wasmtier_jit::Bounds;
use wasmtier_vm::{
    FuncEntry, FuncIdx, FuncImport, FuncRecord, GlobalIdx, MemoryIdx, TableIdx, TypeIdx, VmCtx,
    VmMemory, VmTable,
};

use crate::flow::Task;
use crate::refusal::{Reason, refuse};
use crate::state::State;
use crate::value::{CLEAR, Callee, Integer, Measured, Name, Object, Value};

/// What lies behind the base of a memory with a guard: an index and an offset of 32 bits, and the
/// access.
const GUARDED: u128 = 2 * CLEAR as u128 + 16;

/// A place in memory.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Guest,
    /// So many bytes above the frame's top.
    Frame(i32),
    Object(Object, i64),
    /// An element of a table.
    Element,
    /// A constant behind the code.
    Constant,
    /// A distance in the jump table at that offset, with at most that index.
    Jump {
        table: u32,
        last: u32,
    },
}

/// The place that an instruction accesses, if it is one; what a load finds there.
pub(crate) fn check(
    task: &Task<'_>,
    state: &State,
    instruction: &Instruction,
    memory: &[UsedMemory],
) -> Result<Option<(Place, Value)>, Reason> {
    let mut found = None;
    for used in memory {
        let (reads, writes) = match used.access() {
            OpAccess::None | OpAccess::NoMemAccess => continue,
            OpAccess::Read | OpAccess::CondRead => (true, false),
            OpAccess::Write | OpAccess::CondWrite => (false, true),
            OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
        };
        let bytes = used.memory_size().size() as i64;
        let place = place(task, state, instruction, used, bytes)?;
        let value = if reads { read(task, state, place, bytes)? } else { any(bytes) };
        if writes {
            check_write(task, place, bytes)?;
        }
        found = Some((place, value));
    }
    let guest = matches!(found, Some((Place::Guest, _)));
    if task.code.may_fault(instruction) {
        if !guest {
            return refuse("its fault would be taken for a guest's");
        }
        if state.registers[5] != Value::Frame(0) {
            return refuse("it may fault while rbp is not at the frame's top");
        }
    }
    Ok(found)
}

fn any(bytes: i64) -> Value {
    let most = match bytes {
        0..=7 => (1 << (8 * bytes)) - 1,
        _ => u64::MAX,
    };
    Value::Integer(Integer::new(Name::Unnamed, most))
}

/// What a register of an address holds.
fn of(state: &State, register: Register) -> Result<Value, Reason> {
    if register == Register::None {
        return Ok(Value::Integer(Integer::constant(0)));
    }
    if !register.is_gpr64() {
        return refuse("its address is not of 64 bits");
    }
    Ok(state.registers[register.number()])
}

fn place(
    task: &Task<'_>,
    state: &State,
    instruction: &Instruction,
    used: &UsedMemory,
    bytes: i64,
) -> Result<Place, Reason> {
    if instruction.is_ip_rel_memory_operand() {
        let at = instruction.ip_rel_memory_address();
        let end = at.checked_add(bytes as u64);
        let fits = end.is_some_and(|end| end <= task.code.bytes.len() as u64);
        return if fits && at >= task.code.constants as u64 {
            Ok(Place::Constant)
        } else {
            refuse("it accesses what is no constant of the function")
        };
    }
    let (base, index) = (of(state, used.base())?, as_number(of(state, used.index())?));
    let displacement = used.displacement() as i64;
    let plain = used.index() == Register::None;
    match (base, index) {
        (Value::Guest(memory, plus), Value::Integer(index))
        | (Value::Integer(index), Value::Guest(memory, plus))
            if used.scale() == 1 =>
        {
            guest(task, state, instruction, (memory, plus, index), displacement, bytes)
        }
        (Value::Frame(at), _) if plain => frame(state, i64::from(at) + displacement, bytes),
        (Value::At(Object::Elements(table), at), Value::Integer(index)) => {
            element(state, table, (index, used.scale()), at + displacement, bytes)
        }
        (Value::At(object, at), _) if plain => Ok(Place::Object(object, at + displacement)),
        (Value::Code(table), Value::Integer(index)) if displacement == 0 => {
            jump(task, table, index, used.scale(), bytes)
        }
        (Value::Integer(_), _) => refuse("its base is a number"),
        (base, index) => Err(format!("its base is {base:?}, its index is {index:?}")),
    }
}

/// A guest may use the length of a table as an index, like any other number of
/// 32 bits.
fn as_number(value: Value) -> Value {
    if value.is_clear() { Value::Integer(value.integer()) } else { value }
}

fn guest(
    task: &Task<'_>,
    state: &State,
    instruction: &Instruction,
    (memory, plus, index): (MemoryIdx, Integer, Integer),
    displacement: i64,
    bytes: i64,
) -> Result<Place, Reason> {
    let listed = task.code.may_fault(instruction);
    let Some(ty) = task.module.memories.get(memory.index()) else {
        return refuse("the module has no such memory");
    };
    // What is added to a root that is never negative must not be either.
    let added = i128::from(plus.plus) + i128::from(index.plus) + i128::from(displacement);
    if added < 0 {
        return refuse("the address may be below the memory's base");
    }
    let most = u128::from(plus.most) + u128::from(index.most);
    let end = most.saturating_add_signed(i128::from(displacement)) + bytes as u128;
    let guarded = memory.0 == 0 && task.options.bounds == Bounds::Guard && !ty.memory64;
    let beyond = added + i128::from(bytes);
    let root = match (plus.as_constant(), index.as_constant()) {
        (Some(_), _) => Some(index.root),
        (None, Some(_)) => Some(plus.root),
        (None, None) => None,
    };
    let minimum = (Name::Zero, i128::from(ty.minimum) << ty.page_size_log2);
    let compared = root.is_some_and(|root| {
        let within = state.within(root, Measured::Memory(memory));
        within.is_some_and(|within| beyond <= i128::from(within))
            || (root == minimum.0 && beyond <= minimum.1)
    });
    match (compared, guarded, listed) {
        (true, ..) => Ok(Place::Guest),
        (false, true, true) if end <= GUARDED => Ok(Place::Guest),
        (false, true, false) if end <= GUARDED => refuse("its fault is not listed"),
        (false, true, _) => Err(format!("the index may be {most:#x}, beyond the guard")),
        (false, false, _) => refuse("no comparison says that it is within its memory"),
    }
}

fn frame(state: &State, at: i64, bytes: i64) -> Result<Place, Reason> {
    if at + bytes > 0 {
        return refuse("it is above the frame");
    }
    if at < -i64::from(state.room.bytes) {
        let room = state.room.bytes;
        return Err(format!("it is {} bytes below the frame's top, of {room}", -at));
    }
    Ok(Place::Frame(at as i32))
}

fn element(
    state: &State,
    table: TableIdx,
    (index, scale): (Integer, u32),
    displacement: i64,
    bytes: i64,
) -> Result<Place, Reason> {
    if bytes != 4 || (scale != 4 && index.as_constant() != Some(0)) {
        return refuse("elements of tables have 4 bytes");
    }
    let first = i128::from(index.plus) * 4 + i128::from(displacement);
    let within = state.within(index.root, Measured::Table(table)).unwrap_or(0);
    if first < 0 || first % 4 != 0 || first / 4 + 1 > i128::from(within) {
        return refuse("no comparison says that it is within its table");
    }
    Ok(Place::Element)
}

fn jump(
    task: &Task<'_>,
    table: u32,
    index: Integer,
    scale: u32,
    bytes: i64,
) -> Result<Place, Reason> {
    let end = u128::from(table) + 4 * (u128::from(index.most) + 1);
    if bytes != 4 || scale != 4 || end > task.code.bytes.len() as u128 {
        return Err(format!("its index may be {}, beyond the jump table", index.most));
    }
    if (table as usize) < task.code.constants {
        return refuse("its jump table is not behind the code");
    }
    Ok(Place::Jump { table, last: index.most as u32 })
}

fn read(task: &Task<'_>, state: &State, place: Place, bytes: i64) -> Result<Value, Reason> {
    match place {
        Place::Guest | Place::Constant => Ok(any(bytes)),
        Place::Frame(at) => match state.saved(at) {
            Some(saved) if bytes == 8 => Ok(saved.value()),
            Some(_) | None => Ok(any(bytes)),
        },
        Place::Element => Ok(Value::Reference),
        Place::Jump { table, last } => Ok(Value::Distance { table, last }),
        Place::Object(object, at) => field(task, object, at, bytes)
            .ok_or_else(|| format!("it reads {bytes} bytes at {at} of {object:?}")),
    }
}

fn check_write(task: &Task<'_>, place: Place, bytes: i64) -> Result<(), Reason> {
    match place {
        Place::Guest | Place::Frame(_) => Ok(()),
        Place::Object(Object::Globals, at) => match global_at(task, at, bytes) {
            Some(global) if task.module.globals[global].mutable => Ok(()),
            _ => refuse("it writes what is no variable global"),
        },
        Place::Object(Object::ImportedGlobal(global), at)
            if task.module.globals[global.index()].mutable
                && field(task, Object::ImportedGlobal(global), at, bytes).is_some() =>
        {
            Ok(())
        }
        Place::Object(..) | Place::Element | Place::Constant | Place::Jump { .. } => {
            refuse("it writes what only the runtime may write")
        }
    }
}

/// The defined global of which so many bytes of the storage are.
fn global_at(task: &Task<'_>, at: i64, bytes: i64) -> Option<usize> {
    let defined = task.module.imported_globals as usize..task.module.globals.len();
    defined.into_iter().find(|&global| {
        let start = 8 * i64::from(task.module.global_slots[global]);
        let length = 8 * i64::from(task.module.globals[global].content.slots());
        start <= at && at + bytes <= start + length
    })
}

/// Which element of an array a place is, and how many bytes into it.
fn split(at: i64, size: usize) -> Option<(u32, usize)> {
    let at = usize::try_from(at).ok()?;
    Some((u32::try_from(at / size).ok()?, at % size))
}

/// The value of a field that code may read.
fn field(task: &Task<'_>, object: Object, at: i64, bytes: i64) -> Option<Value> {
    let module = task.module;
    match (object, bytes) {
        (Object::Context, _) => context(task, usize::try_from(at).ok()?, bytes),
        (Object::Imports, 8) => {
            let (import, rest) = split(at, size_of::<FuncImport>())?;
            let callee = Callee::Imported(FuncIdx(import));
            let known = import < module.imported_funcs;
            known.then(|| called(callee, rest)).flatten()
        }
        (Object::Record(callee), 8) => called(callee, usize::try_from(at).ok()?),
        (Object::Record(Callee::Recorded { record, .. }), 4) => {
            (at == offset_of!(FuncRecord, type_id) as i64).then_some(Value::TypeOf(record))
        }
        (Object::Memories, 8) => {
            let memory = pointer(at, module.memories.len())?;
            Some(Value::At(Object::Memory(MemoryIdx(memory)), 0))
        }
        (Object::Tables, 8) => {
            let table = pointer(at, module.tables.len())?;
            Some(Value::At(Object::Table(TableIdx(table)), 0))
        }
        (Object::ImportedGlobals, 8) => {
            let global = pointer(at, module.imported_globals as usize)?;
            Some(Value::At(Object::ImportedGlobal(GlobalIdx(global)), 0))
        }
        (Object::Memory(memory), 8) => match usize::try_from(at).ok()? {
            at if at == offset_of!(VmMemory, base) => {
                Some(Value::Guest(memory, Integer::constant(0)))
            }
            at if at == offset_of!(VmMemory, len) => Some(Value::Length(Measured::Memory(memory))),
            _ => None,
        },
        (Object::Table(table), 8) => (at == offset_of!(VmTable, base) as i64)
            .then_some(Value::At(Object::Elements(table), 0)),
        (Object::Table(table), 4) => {
            (at == offset_of!(VmTable, len) as i64).then_some(Value::Length(Measured::Table(table)))
        }
        (Object::Globals, _) => global_at(task, at, bytes).map(|_| any(bytes)),
        (Object::ImportedGlobal(global), _) => {
            let length = 8 * i64::from(module.globals[global.index()].content.slots());
            (0 <= at && at + bytes <= length).then(|| any(bytes))
        }
        _ => None,
    }
}

/// Which of so many pointers is at a place.
fn pointer(at: i64, count: usize) -> Option<u32> {
    let (index, rest) = split(at, size_of::<usize>())?;
    (rest == 0 && (index as usize) < count).then_some(index)
}

/// What an import or a record says of a callee.
fn called(callee: Callee, at: usize) -> Option<Value> {
    match at {
        at if at == offset_of!(FuncRecord, entry) => Some(Value::At(Object::Entry(callee), 0)),
        at if at == offset_of!(FuncRecord, vmctx) => Some(Value::ContextOf(callee)),
        _ => None,
    }
}

fn context(task: &Task<'_>, at: usize, bytes: i64) -> Option<Value> {
    let start = |object| Some(Value::At(object, 0));
    match bytes {
        8 => match at {
            at if at == offset_of!(VmCtx, stack_limit) => Some(Value::StackLimit),
            at if at == offset_of!(VmCtx, mem0_base) => {
                Some(Value::Guest(MemoryIdx(0), Integer::constant(0)))
            }
            at if at == offset_of!(VmCtx, mem0_len) => {
                Some(Value::Length(Measured::Memory(MemoryIdx(0))))
            }
            at if at == offset_of!(VmCtx, table0_base) => start(Object::Elements(TableIdx(0))),
            at if at == offset_of!(VmCtx, funcref_base) => start(Object::Records),
            at if at == offset_of!(VmCtx, builtins) => start(Object::Builtins),
            at if at == offset_of!(VmCtx, code_table) => start(Object::Entries),
            at if at == offset_of!(VmCtx, globals) => start(Object::Globals),
            at if at == offset_of!(VmCtx, imported_globals) => start(Object::ImportedGlobals),
            at if at == offset_of!(VmCtx, memories) => start(Object::Memories),
            at if at == offset_of!(VmCtx, tables) => start(Object::Tables),
            at if at == offset_of!(VmCtx, imported_funcs) => start(Object::Imports),
            _ => None,
        },
        4 => match at {
            at if at == offset_of!(VmCtx, table0_len) => {
                Some(Value::Length(Measured::Table(TableIdx(0))))
            }
            at if at == offset_of!(VmCtx, funcref_offset) => Some(any(4)),
            _ => {
                let ids = at.checked_sub(size_of::<VmCtx>())?;
                let ty = ids / 4;
                let known = ids % 4 == 0 && ty < task.module.types.len();
                known.then_some(Value::TypeId(TypeIdx(ty as u32)))
            }
        },
        _ => None,
    }
}

/// Which entry of the module's functions a place is in, and how many bytes into it.
pub(crate) fn entry_at(task: &Task<'_>, at: i64) -> Option<(Callee, usize)> {
    let (defined, rest) = split(at, size_of::<FuncEntry>())?;
    let func = FuncIdx(task.module.imported_funcs.checked_add(defined)?);
    ((func.0 as usize) < task.module.funcs.len()).then_some((Callee::Defined(func), rest))
}
