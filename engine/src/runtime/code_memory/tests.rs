//! Code memory as its users see it: allocated, run, freed, by many threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, ptr, thread};

use dynasmrt::{DynasmApi, dynasm};
use wasmtier_ops::Trap;
use wasmtier_vm::VmCtx;
use wasmtier_x64::CodeBuffer;

use super::*;
use crate::runtime::activation::NativeActivation;
use crate::runtime::code_range::{range_at, trap_at};
use crate::runtime::emitted::{Code as LoadCode, Memory};
use crate::runtime::reservation_set::ReservationSet;
use crate::tuning::{MAX_CODE_CHUNK, MIN_CODE_CHUNK};

mod forked;
mod refused;

const MIB: usize = 1 << 20;

/// Code that does `args[0] = value`.
fn constant(value: u32) -> Vec<u8> {
    let mut code = CodeBuffer::new();
    dynasm!(code
        ; .arch x64
        ; mov eax, value.cast_signed()
        ; mov [rsi], rax
        ; xor eax, eax
        ; ret
    );
    code.finish().unwrap()
}

fn publish(owner: &CodeOwner, bytes: &[u8], alignment: Alignment) -> Result<Code, CodeMemoryError> {
    let draft = owner.allocate(bytes.len(), alignment)?;
    // SAFETY: `run` enters it as asked, and borrows it meanwhile.
    unsafe { draft.publish(bytes, Vec::new()) }
}

/// Runs code that sets `args[0]`, and returns that.
fn run(code: &Code) -> u64 {
    let reservations = ReservationSet::default();
    let mut activation = NativeActivation::new(&raw const reservations).unwrap();
    let mut args = [0, 0];
    let vmctx = ptr::null_mut::<VmCtx>();
    // SAFETY: the code of these tests is of that signature, and uses the arguments alone.
    let status = unsafe {
        activation.call(code.start(), vmctx, args.as_mut_ptr(), ptr::null(), ptr::null())
    };
    assert!(status.is_ok());
    args[0]
}

/// How the page at `address` is mapped: `r-xs` and the like.
fn access_at(address: usize) -> Option<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let parse = |text| usize::from_str_radix(text, 16).unwrap();
        (parse(start)..parse(end)).contains(&address).then(|| fields.next().unwrap().to_owned())
    })
}

#[test]
fn code_runs_where_it_was_allocated() {
    let memory = CodeMemory::new(8 * MIB).unwrap();
    let owner = memory.owner();
    let codes: Vec<Code> = (0..2_000)
        .map(|value| {
            let is_handler = value % 3 == 0;
            let alignment = if is_handler { Alignment::Handler } else { Alignment::Function };
            let code = publish(&owner, &constant(value), alignment).unwrap();
            assert_eq!(code.start().addr() % if is_handler { 32 } else { 16 }, 0);
            code
        })
        .collect();
    for (code, value) in codes.iter().zip(0..) {
        assert_eq!(run(code), value);
        assert_eq!(memory.base().wrapping_add(code.offset()), code.start());
        assert!(code.offset() + code.addresses().len() <= 8 * MIB);
        assert_eq!(range_at(code.start().addr() + 1), Some(code.addresses()));
    }
}

#[test]
fn an_address_is_known_before_the_code_is_written() {
    let memory = CodeMemory::new(8 * MIB).unwrap();
    let callee = publish(&memory.owner(), &constant(7), Alignment::Function).unwrap();
    let owner = memory.owner();
    let draft = owner.allocate(5, Alignment::Function).unwrap();
    assert_eq!(draft.len(), 16);
    let displacement = callee.start().addr().wrapping_sub(draft.start().addr() + 5);
    let displacement = i32::try_from(displacement.cast_signed()).unwrap();
    let mut jump = vec![0xe9];
    jump.extend(displacement.to_le_bytes());
    // SAFETY: as in `publish`; the callee lives as long.
    let caller = unsafe { draft.publish(&jump, Vec::new()) }.unwrap();
    assert_eq!(run(&caller), 7);
}

#[test]
fn nothing_is_writable_and_executable() {
    let memory = CodeMemory::new(8 * MIB).unwrap();
    let code = publish(&memory.owner(), &constant(1), Alignment::Function).unwrap();
    assert_eq!(access_at(code.start().addr()).as_deref(), Some("r-xs"));
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let access = |line: &str| line.split_ascii_whitespace().nth(1).unwrap_or("").to_owned();
    assert!(maps.lines().any(|line| line.contains("wasmtier-code") && access(line) == "rw-s"));
    assert!(!maps.lines().map(access).any(|access| access.contains("wx")));
}

/// Published one by one, they are one range, in which only what accesses memory may fault.
#[test]
fn handlers_share_the_range_of_their_chunk() {
    let memory = CodeMemory::new(8 * MIB).unwrap();
    let (owner, pages) = (memory.owner(), Memory::new());
    let loads: Vec<_> = (0..300).map(|_| LoadCode::handler_for(&owner).unwrap()).collect();
    for load in &loads {
        pages.check(load, pages.guard().start + 3);
        assert!(trap_at(load.pc()).is_some() && trap_at(load.pc() + 1).is_none());
    }
    let range = range_at(loads[0].pc()).unwrap();
    assert!(range.len() >= MIN_CODE_CHUNK && range.contains(&loads[1].pc()));
    let last = loads.last().unwrap().pc();
    assert_eq!(access_at(last).as_deref(), Some("r-xs"));
    drop(loads);
    assert_eq!((trap_at(last), range_at(last)), (None, None));
    assert_eq!(access_at(range.start).as_deref(), Some("---p"));
}

#[test]
fn code_takes_its_memory_along() {
    let memory = CodeMemory::new(8 * MIB).unwrap();
    let (first, second) = (memory.owner(), memory.owner());
    let codes = [1, 2].map(|value| publish(&first, &constant(value), Alignment::Function).unwrap());
    let other = publish(&second, &constant(3), Alignment::Function).unwrap();
    let addresses = codes[0].addresses();
    drop(first);
    let [one, two] = codes;
    drop(one);
    // The other piece keeps the chunk, but only its own addresses are code.
    assert_eq!(access_at(addresses.start).as_deref(), Some("r-xs"));
    assert_eq!(range_at(addresses.start), None);
    assert_eq!(run(&two), 2);
    drop(two);
    assert_eq!(access_at(addresses.start).as_deref(), Some("---p"));
    let third = publish(&memory.owner(), &constant(4), Alignment::Function).unwrap();
    assert_eq!(third.addresses(), addresses);
    assert_eq!((run(&third), run(&other)), (4, 3));
}

#[test]
fn a_draft_that_is_dropped_is_not_code() {
    let memory = CodeMemory::new(MIB).unwrap();
    let owner = memory.owner();
    let draft = owner.allocate(100, Alignment::Handler).unwrap();
    let start = draft.start().addr();
    assert_eq!(range_at(start), None);
    drop(draft);
    assert_eq!(access_at(start).as_deref(), Some("---p"));
    assert_eq!(run(&publish(&owner, &constant(5), Alignment::Handler).unwrap()), 5);
}

#[test]
fn addresses_run_out_and_come_back() {
    let memory = CodeMemory::new(4 * MIN_CODE_CHUNK).unwrap();
    for _ in 0..10 {
        let owners = [(); 4].map(|()| memory.owner());
        let publish_one = |owner| publish(owner, &constant(6), Alignment::Function).unwrap();
        let codes = owners.each_ref().map(publish_one);
        let last = memory.owner();
        assert_eq!(last.allocate(1, Alignment::Handler).unwrap_err(), CodeMemoryError::Exhausted);
        assert!(codes.iter().all(|code| run(code) == 6));
        // Ranges that were freed in any order are one again.
        let [first, second, third, fourth] = codes;
        drop((second, fourth, first, third));
        let whole = last.allocate(memory.region.addresses().len(), Alignment::Handler).unwrap();
        assert_eq!(whole.start(), memory.base());
    }
    let owner = memory.owner();
    for len in [4 * MIN_CODE_CHUNK + 1, usize::MAX / 2, usize::MAX] {
        owner.allocate(len, Alignment::Handler).unwrap_err();
    }
}

#[test]
fn a_piece_may_be_larger_than_any_chunk() {
    let memory = CodeMemory::new(16 * MIB).unwrap();
    let owner = memory.owner();
    let small = publish(&owner, &constant(1), Alignment::Function).unwrap();
    let mut bytes = vec![0x90; 2 * MAX_CODE_CHUNK];
    bytes.extend(constant(2));
    let large = publish(&owner, &bytes, Alignment::Function).unwrap();
    let next = publish(&owner, &constant(3), Alignment::Function).unwrap();
    assert_eq!(next.addresses().start, small.addresses().end);
    assert_eq!([&small, &large, &next].map(run), [1, 2, 3]);
}

#[test]
fn threads_publish_and_free_while_others_run_and_fault() {
    let memory = CodeMemory::new(64 * MIB).unwrap();
    let shared = memory.owner();
    let (load, done) = (LoadCode::load_for(&shared).unwrap(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let pages = Memory::new();
                // Relaxed: only says when to stop.
                while !done.load(Ordering::Relaxed) {
                    pages.check(&load, pages.guard().start);
                }
            });
        }
        let publishers: Vec<_> = (0..6_u32)
            .map(|thread| {
                let (memory, shared) = (&memory, &shared);
                scope.spawn(move || publish_and_free(memory, shared, thread))
            })
            .collect();
        let results: Vec<_> = publishers.into_iter().map(|publisher| publisher.join()).collect();
        // Relaxed: as above.
        done.store(true, Ordering::Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
    drop((load, shared));
    // Everything came back: the whole region is one free range.
    let len = memory.region.addresses().len();
    assert_eq!(memory.owner().allocate(len, Alignment::Handler).unwrap().start(), memory.base());
}

/// Publishes code for an owner of its own and for one that all threads share, runs it, lets it
/// fault, and drops it after a while.
fn publish_and_free(memory: &CodeMemory, shared: &CodeOwner, thread: u32) {
    let pages = Memory::new();
    for round in 0..60_u32 {
        let own = memory.owner();
        let codes: Vec<(u32, Code)> = (0..20)
            .map(|index| {
                let value = thread << 24 | round << 12 | index;
                let owner = if index % 2 == 0 { &own } else { shared };
                (value, publish(owner, &constant(value), Alignment::Handler).unwrap())
            })
            .collect();
        let load = LoadCode::load_for(if round % 2 == 0 { &own } else { shared }).unwrap();
        pages.check(&load, pages.guard().start + 8);
        for (value, code) in codes {
            assert_eq!(run(&code), u64::from(value));
        }
        assert_eq!(
            pages.load(&load, pages.guard().start).unwrap_err().trap,
            Trap::MemoryOutOfBounds
        );
    }
}
