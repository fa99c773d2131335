//! Parents and children: neither may change the code of the other, nor wait for it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::runtime::child_process::succeed_in_child;

/// The full path of a test of this file.
fn path(test: &str) -> String {
    format!("runtime::code_memory::tests::forked::{test}")
}

/// How a child is made.
#[derive(Clone, Copy)]
enum Fork {
    /// By the C library, which tells those that asked.
    Told,
    /// By the kernel alone.
    Raw,
}

/// Runs `body` in a forked child, which ends with it, and returns its process id.
fn fork(how: Fork, body: impl FnOnce()) -> libc::pid_t {
    let pid = match how {
        // SAFETY: the child runs `body` and exits. It uses nothing that another thread may have
        // locked, but for the allocator, which the C library sees to.
        Fork::Told => unsafe { libc::fork() },
        Fork::Raw => {
            let signal = libc::c_long::from(libc::SIGCHLD);
            // SAFETY: as above, and there is no other thread; without a new stack the child has
            // a copy of this one.
            let pid = unsafe { libc::syscall(libc::SYS_clone, signal, 0, 0, 0, 0) };
            libc::pid_t::try_from(pid).unwrap()
        }
    };
    if pid == 0 {
        let status = i32::from(catch_unwind(AssertUnwindSafe(body)).is_err());
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(status) };
    }
    assert!(pid > 0, "{}", std::io::Error::last_os_error());
    pid
}

/// Waits for a child, which must have come to its end.
fn join(pid: libc::pid_t) {
    assert_eq!(wait(pid), 0, "the child failed");
}

/// Waits for a child, and returns its status.
fn wait(pid: libc::pid_t) -> libc::c_int {
    let mut status = -1;
    // SAFETY: writes to `status` only.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    status
}

#[test]
fn a_child_runs_old_code_and_makes_its_own() {
    succeed_in_child(&path("a_child_runs_old_code_and_makes_its_own"), || {
        for how in [Fork::Told, Fork::Raw] {
            let memory = CodeMemory::new(16 * MIB).unwrap();
            let owner = memory.owner();
            let old = publish(&owner, &constant(1), Alignment::Function).unwrap();
            let child = fork(how, || {
                let new = publish(&owner, &constant(2), Alignment::Function).unwrap();
                assert_eq!((run(&old), run(&new)), (1, 2));
                // In the same reservation, so that old and new code reach each other.
                assert!(memory.region.addresses().range().contains(&new.start().addr()));
                assert_ne!(new.offset() / MIN_CODE_CHUNK, old.offset() / MIN_CODE_CHUNK);
                join(fork(how, || {
                    let newest = publish(&owner, &constant(3), Alignment::Function).unwrap();
                    assert_eq!([&old, &new, &newest].map(run), [1, 2, 3]);
                }));
                assert_eq!((run(&old), run(&new)), (1, 2));
            });
            join(child);
            // What the child wrote is nowhere here: these bytes have never been written.
            let next = owner.allocate(4096, Alignment::Function).unwrap();
            // SAFETY: mapped readable, and written by nobody.
            let bytes = unsafe { std::slice::from_raw_parts(next.start(), next.len()) };
            assert!(bytes.iter().all(|&byte| byte == 0));
            assert_eq!(run(&old), 1);
        }
    });
}

/// The other direction: the parent frees code that the child still runs, and uses its addresses.
#[test]
fn a_parent_cannot_change_the_code_of_its_child() {
    succeed_in_child(&path("a_parent_cannot_change_the_code_of_its_child"), || {
        for how in [Fork::Told, Fork::Raw] {
            let memory = CodeMemory::new(MIN_CODE_CHUNK).unwrap();
            let old = publish(&memory.owner(), &constant(1), Alignment::Function).unwrap();
            let (mut ours, mut theirs) = UnixStream::pair().unwrap();
            let child = fork(how, || {
                theirs.read_exact(&mut [0]).unwrap();
                assert_eq!(run(&old), 1);
            });
            let addresses = old.addresses();
            drop(old);
            let new = publish(&memory.owner(), &constant(2), Alignment::Function).unwrap();
            assert_eq!((new.addresses(), run(&new)), (addresses, 2));
            ours.write_all(&[0]).unwrap();
            join(child);
        }
    });
}

#[test]
fn a_child_frees_what_it_inherited_for_itself_alone() {
    succeed_in_child(&path("a_child_frees_what_it_inherited_for_itself_alone"), || {
        let memory = CodeMemory::new(MIN_CODE_CHUNK).unwrap();
        let mut old = Some(publish(&memory.owner(), &constant(1), Alignment::Function).unwrap());
        let child = fork(Fork::Told, || {
            // All addresses are in use, until the code is dropped here.
            let owner = memory.owner();
            let error = owner.allocate(1, Alignment::Function).unwrap_err();
            assert_eq!(error, CodeMemoryError::Exhausted);
            drop(old.take());
            assert_eq!(run(&publish(&owner, &constant(2), Alignment::Function).unwrap()), 2);
        });
        join(child);
        assert_eq!(run(old.as_ref().unwrap()), 1);
    });
}

#[test]
fn a_draft_does_not_cross_a_fork() {
    succeed_in_child(&path("a_draft_does_not_cross_a_fork"), || {
        for how in [Fork::Told, Fork::Raw] {
            let memory = CodeMemory::new(MIB).unwrap();
            let mut draft = Some(memory.owner().allocate(100, Alignment::Function).unwrap());
            join(fork(how, || {
                // SAFETY: nobody runs it.
                let result = unsafe { draft.take().unwrap().publish(&constant(9), Vec::new()) };
                assert_eq!(result.unwrap_err(), CodeMemoryError::Forked);
            }));
            // SAFETY: as in `publish`.
            let code = unsafe { draft.unwrap().publish(&constant(1), Vec::new()) }.unwrap();
            assert_eq!(run(&code), 1);
        }
    });
}

#[test]
fn a_child_drops_everything() {
    succeed_in_child(&path("a_child_drops_everything"), || {
        let memory = CodeMemory::new(MIB).unwrap();
        let owner = memory.owner();
        let code = publish(&owner, &constant(1), Alignment::Function).unwrap();
        let start = code.start().addr();
        let mut everything = Some((memory, owner, code));
        join(fork(Fork::Told, || {
            drop(everything.take());
            assert_eq!(access_at(start), None);
        }));
        assert_eq!(run(&everything.unwrap().2), 1);
    });
}

/// The threads are gone in the child, and with them whoever held a lock.
#[test]
fn a_child_of_a_busy_process_waits_for_nobody() {
    succeed_in_child(&path("a_child_of_a_busy_process_waits_for_nobody"), || {
        let memory = CodeMemory::new(64 * MIB).unwrap();
        let owner = memory.owner();
        let load = LoadCode::load_for(&owner).unwrap();
        // The more ranges there are, the longer takes a change of their list.
        let publish_one = |value| publish(&owner, &constant(value), Alignment::Function).unwrap();
        let _many: Vec<Code> = (0..1_000).map(publish_one).collect();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for thread in 0..3_u32 {
                let (memory, owner, load, done) = (&memory, &owner, &load, &done);
                scope.spawn(move || {
                    let pages = Memory::new();
                    // Relaxed: only says when to stop.
                    while !done.load(Ordering::Relaxed) {
                        for owner in [owner, &memory.owner()] {
                            let code = publish(owner, &constant(thread), Alignment::Handler);
                            assert_eq!(run(&code.unwrap()), u64::from(thread));
                        }
                        pages.check(load, pages.guard().start);
                    }
                });
            }
            let round = |round| {
                wait(fork(Fork::Told, || {
                    // A child that waits is killed.
                    // SAFETY: no preconditions.
                    unsafe { libc::alarm(60) };
                    let new = publish(&owner, &constant(round), Alignment::Function).unwrap();
                    assert_eq!(run(&new), u64::from(round));
                    let pages = Memory::new();
                    pages.check(&load, pages.guard().start);
                    pages.check(&LoadCode::load_for(&owner).unwrap(), pages.guard().start);
                }))
            };
            let failed = (0..100).map(round).find(|&status| status != 0);
            // Relaxed: as above.
            done.store(true, Ordering::Relaxed);
            assert_eq!(failed, None);
        });
    });
}
