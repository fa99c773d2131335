//! Systems that refuse executable memory, each made in a process of its own.

use super::*;
use crate::runtime::child_process::succeed_in_child;

/// The full path of a test of this file.
fn path(test: &str) -> String {
    format!("runtime::code_memory::tests::refused::{test}")
}

/// Which calls a filter refuses.
struct Refused {
    call: libc::c_long,
    /// The number of an argument, of whose lower half the masked bits must be the value.
    argument: u32,
    mask: u32,
    value: u32,
    errno: libc::c_int,
}

impl Refused {
    /// Every call of this number.
    const fn all(call: libc::c_long, errno: libc::c_int) -> Self {
        Self { call, argument: 0, mask: 0, value: 0, errno }
    }

    /// What maps memory for execution.
    const fn execution(call: libc::c_long, errno: libc::c_int) -> Self {
        let bit = libc::PROT_EXEC.cast_unsigned();
        Self { call, argument: 2, mask: bit, value: bit, errno }
    }

    /// From now on the thread, and the threads it starts, cannot do this. Says whether the kernel
    /// has such filters.
    #[must_use]
    fn apply(&self) -> bool {
        let step = |code: u32, yes, no, k| libc::sock_filter {
            code: u16::try_from(code).unwrap(),
            jt: yes,
            jf: no,
            k,
        };
        let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let and = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;
        let errno = libc::SECCOMP_RET_ERRNO | self.errno.cast_unsigned();
        let mut program = [
            step(load, 0, 0, 0),
            step(equal, 0, 4, u32::try_from(self.call).unwrap()),
            // The arguments begin behind the number, the architecture and the address.
            step(load, 0, 0, 16 + 8 * self.argument),
            step(and, 0, 0, self.mask),
            step(equal, 0, 1, self.value),
            step(libc::BPF_RET, 0, 0, errno),
            step(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = libc::sock_fprog { len: 7, filter: program.as_mut_ptr() };
        // SAFETY: restricts this process, which was started for that.
        let status = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        assert_eq!(status, 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        // SAFETY: a valid program, which the kernel copies.
        let status = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) };
        let error = std::io::Error::last_os_error();
        let exists = status == 0 || error.raw_os_error() != Some(libc::EINVAL);
        assert!(status == 0 || !exists, "{error}");
        if !exists {
            eprintln!("skipped: this kernel has no filters for system calls");
        }
        exists
    }
}

/// Why no code can be had.
fn refusal(len: usize) -> CodeMemoryError {
    let attempt = CodeMemory::new(len)
        .and_then(|memory| publish(&memory.owner(), &constant(1), Alignment::Handler));
    attempt.unwrap_err()
}

/// There is no code memory, and nothing is left behind.
fn assert_none(call: &'static str, errno: libc::c_int) {
    let before = fs::read_to_string("/proc/self/maps").unwrap();
    let error = refusal(16 * MIB);
    assert_eq!(error, CodeMemoryError::Refused(MapError::Os { call, errno }));
    assert!(error.to_string().starts_with("no executable memory: "), "{error}");
    assert!(!before.contains("wasmtier-code"));
    assert!(!fs::read_to_string("/proc/self/maps").unwrap().contains("wasmtier-code"));
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    assert!(!targets.into_iter().any(|file| file.to_string_lossy().contains("wasmtier-code")));
}

#[test]
fn a_filter_on_executable_mappings() {
    succeed_in_child(&path("a_filter_on_executable_mappings"), || {
        if !Refused::execution(libc::SYS_mmap, libc::EACCES).apply() {
            return;
        }
        assert_none("mmap", libc::EACCES);
    });
}

#[test]
fn a_filter_on_files_in_memory() {
    succeed_in_child(&path("a_filter_on_files_in_memory"), || {
        if !Refused::all(libc::SYS_memfd_create, libc::EPERM).apply() {
            return;
        }
        assert_none("memfd_create", libc::EPERM);
    });
}

#[test]
fn memory_that_cannot_be_had() {
    succeed_in_child(&path("memory_that_cannot_be_had"), || {
        if !Refused::all(libc::SYS_fallocate, libc::ENOSPC).apply() {
            return;
        }
        assert_none("fallocate", libc::ENOSPC);
    });
}

#[test]
fn writable_mappings_that_fail() {
    succeed_in_child(&path("writable_mappings_that_fail"), || {
        // Shared ones, that is: the test itself needs others.
        let value = libc::MAP_SHARED.cast_unsigned();
        let call = libc::SYS_mmap;
        let refused = Refused { call, argument: 3, mask: value, value, errno: libc::ENOMEM };
        if !refused.apply() {
            return;
        }
        assert_none("mmap", libc::ENOMEM);
    });
}

#[test]
fn no_more_open_files() {
    succeed_in_child(&path("no_more_open_files"), || {
        limit(libc::RLIMIT_NOFILE, 0);
        let error = refusal(16 * MIB);
        let refused = MapError::Os { call: "memfd_create", errno: libc::EMFILE };
        assert_eq!(error, CodeMemoryError::Refused(refused));
    });
}

#[test]
fn no_address_space() {
    succeed_in_child(&path("no_address_space"), || {
        let status = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
        limit(libc::RLIMIT_AS, pages * 4096 + (64 << 20));
        let refused = MapError::Os { call: "mmap", errno: libc::ENOMEM };
        assert_eq!(refusal(128 * MIB), CodeMemoryError::Refused(refused));
        let memory = CodeMemory::new(16 * MIB).unwrap();
        assert_eq!(run(&publish(&memory.owner(), &constant(1), Alignment::Function).unwrap()), 1);
    });
}

/// Where to reach the limit is to be killed.
#[test]
fn small_files_only() {
    succeed_in_child(&path("small_files_only"), || {
        limit(libc::RLIMIT_FSIZE, 4 * MIN_CODE_CHUNK as u64);
        let memory = CodeMemory::new(16 * MIB).unwrap();
        let owner = memory.owner();
        assert_eq!(run(&publish(&owner, &constant(1), Alignment::Function).unwrap()), 1);
        let refused = MapError::Os { call: "fallocate", errno: libc::EFBIG };
        let error = owner.allocate(MIB, Alignment::Function).unwrap_err();
        assert_eq!(error, CodeMemoryError::Refused(refused));
        limit(libc::RLIMIT_FSIZE, 0);
        assert_none("fallocate", libc::EFBIG);
    });
}

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: limits this process, which was started for that.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// No page may become executable that was writable: ours never are.
#[test]
fn memory_deny_write_execute() {
    succeed_in_child(&path("memory_deny_write_execute"), || {
        const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
        // SAFETY: restricts this process, which was started for that.
        let status = unsafe { libc::prctl(libc::PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) };
        if status != 0 {
            let error = std::io::Error::last_os_error();
            eprintln!("skipped: this kernel has no PR_SET_MDWE: {error}");
            return;
        }
        let memory = CodeMemory::new(16 * MIB).unwrap();
        for value in 0..100 {
            let code = publish(&memory.owner(), &constant(value), Alignment::Function).unwrap();
            assert_eq!(run(&code), u64::from(value));
        }
    });
}

/// Whoever has code keeps it, when the process locks itself up later.
#[test]
fn refused_from_some_time_on() {
    succeed_in_child(&path("refused_from_some_time_on"), || {
        let memory = CodeMemory::new(16 * MIB).unwrap();
        let owner = memory.owner();
        let code = publish(&owner, &constant(1), Alignment::Function).unwrap();
        if !Refused::execution(libc::SYS_mmap, libc::EACCES).apply() {
            return;
        }
        if !Refused::execution(libc::SYS_mprotect, libc::EACCES).apply() {
            return;
        }
        let more = publish(&owner, &constant(2), Alignment::Function).unwrap();
        let refused = MapError::Os { call: "mmap", errno: libc::EACCES };
        for _ in 0..3 {
            let error = memory.owner().allocate(1, Alignment::Function).unwrap_err();
            assert_eq!(error, CodeMemoryError::Refused(refused));
        }
        assert_eq!((run(&code), run(&more)), (1, 2));
        // What failed took no addresses.
        assert_eq!(memory.region.addresses().len(), 16 * MIB);
        let whole = owner.allocate(16 * MIB - MIN_CODE_CHUNK, Alignment::Handler);
        assert_eq!(whole.unwrap_err(), CodeMemoryError::Refused(refused));
    });
}

/// Memory that cannot be taken away is lost, but never used twice.
#[test]
fn memory_that_cannot_be_given_back() {
    succeed_in_child(&path("memory_that_cannot_be_given_back"), || {
        let memory = CodeMemory::new(16 * MIB).unwrap();
        let code = publish(&memory.owner(), &constant(1), Alignment::Function).unwrap();
        // This reserves the stack for signals, too, which the filter would refuse.
        assert_eq!(run(&code), 1);
        let addresses = code.addresses();
        let none = libc::PROT_NONE.cast_unsigned();
        let (call, mask) = (libc::SYS_mmap, u32::MAX);
        let refused = Refused { call, argument: 2, mask, value: none, errno: libc::ENOMEM };
        if !refused.apply() {
            return;
        }
        drop(code);
        assert_eq!(range_at(addresses.start), None);
        let code = publish(&memory.owner(), &constant(2), Alignment::Function).unwrap();
        assert_ne!(code.addresses(), addresses);
        assert_eq!(run(&code), 2);
    });
}
