//! The native world where something is scarce, refused or forked, each in a process of its own.

use std::sync::atomic::Ordering;
use std::{fs, mem, ptr};

use wasmtier_ops::Trap;
use wasmtier_vm::FuncIdx;

use crate::runtime::child_process::succeed_in_child;
use crate::runtime::code_range::range_at;
use crate::runtime::memory::BoundsMode;
use crate::{
    AsContextMut, Config, Engine, Instance, Memory, Module, Store, Tier, TypedFunc, WasmBacktrace,
};

mod stop;
mod storm;

/// The full path of a test of this file.
fn path(test: &str) -> String {
    format!("runtime::native::tests::{test}")
}

/// `(module (memory (export "m") 1)
///   (func (export "load") (param i32) (result i32) local.get 0 i32.load)
///   (func (export "sum") (param i32) (result i32) local.get 0 i32.load local.get 0 i32.add))`
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7f\x03\x03\x02\0\0\
    \x05\x03\x01\0\x01\x07\x12\x03\x01m\x02\0\x04load\0\0\x03sum\0\x01\
    \x0a\x14\x02\x07\0\x20\0\x28\x02\0\x0b\x0a\0\x20\0\x28\x02\0\x20\0\x6a\x0b";

const PAGE: i32 = 65536;

/// An instance of [`MODULE`] in a store.
struct Program {
    memory: Memory,
    load: TypedFunc<i32, i32>,
    sum: TypedFunc<i32, i32>,
}

impl Program {
    fn new(store: &mut Store<()>, module: &Module) -> Self {
        let instance = Instance::new(&mut *store, module, &[]).unwrap();
        let memory = instance.get_memory(&mut *store, "m").unwrap();
        let load = instance.get_typed_func(&mut *store, "load").unwrap();
        let sum = instance.get_typed_func(&mut *store, "sum").unwrap();
        Self { memory, load, sum }
    }

    fn bounds(&self, store: &mut Store<()>) -> BoundsMode {
        let store = &mut store.as_context_mut().0.opaque;
        store.memory(self.memory.index(store)).bounds_mode()
    }

    /// Loads within and without the memory, before and after it has grown.
    fn check(&self, store: &mut Store<()>) {
        for pages in 1..=3 {
            let len = pages * PAGE;
            let last = usize::try_from(len).unwrap() - 4;
            self.memory.data_mut(&mut *store)[last..].copy_from_slice(&pages.to_le_bytes());
            for _ in 0..3 {
                assert_eq!(self.load.call(&mut *store, len - 4).unwrap(), pages);
                assert_eq!(self.sum.call(&mut *store, len - 4).unwrap(), len - 4 + pages);
                for index in [len - 3, len, len + PAGE, i32::MAX, -1] {
                    self.check_trap(store, index);
                }
            }
            self.memory.grow(&mut *store, 1).unwrap();
        }
    }

    fn check_trap(&self, store: &mut Store<()>, index: i32) {
        for (func, offset) in [(&self.load, 0x35), (&self.sum, 0x3d)] {
            let error = func.call(&mut *store, index).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
            let trace: &WasmBacktrace = error.downcast_ref().unwrap();
            let offsets: Vec<_> =
                trace.frames().iter().map(|frame| frame.module_offset()).collect();
            assert_eq!(offsets, [Some(offset)]);
        }
    }
}

/// The tiers that have machine code.
const NATIVE: [Tier; 2] = [Tier::Interp, Tier::Jit];

fn engine(tier: Tier) -> Engine {
    Engine::new(Config::new().tier(tier)).unwrap()
}

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: limits this process, which was started for that.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

/// Of two instances of a module, in one store, one has guards and the other code that compares.
#[test]
fn a_module_has_code_for_guarded_memories_and_others() {
    succeed_in_child(&path("a_module_has_code_for_guarded_memories_and_others"), || {
        let engines = NATIVE.map(engine);
        let status = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
        limit(libc::RLIMIT_AS, pages * 4096 + (9 << 30));
        for engine in engines {
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            let programs = [(); 3].map(|()| Program::new(&mut store, &module));
            let bounds = programs.each_ref().map(|program| program.bounds(&mut store));
            assert_eq!(bounds, [BoundsMode::Guard, BoundsMode::Explicit, BoundsMode::Explicit]);
            for program in &programs {
                program.check(&mut store);
            }
        }
    });
}

/// Address space for a chunk of code, but not for a memory with guards.
#[test]
fn little_address_space_is_enough() {
    succeed_in_child(&path("little_address_space_is_enough"), || {
        let status = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
        limit(libc::RLIMIT_AS, pages * 4096 + (64 << 20));
        for engine in NATIVE.map(engine) {
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            let program = Program::new(&mut store, &module);
            assert_eq!(program.bounds(&mut store), BoundsMode::Explicit);
            program.check(&mut store);
        }
    });
}

#[test]
fn a_host_without_executable_memory() {
    succeed_in_child(&path("a_host_without_executable_memory"), || {
        limit(libc::RLIMIT_FSIZE, 0);
        for (tier, name) in NATIVE.into_iter().zip(["interp", "jit"]) {
            let message = Engine::new(Config::new().tier(tier)).unwrap_err().to_string();
            let start =
                format!("tier `{name}` cannot run here: no executable memory: fallocate failed: ");
            assert!(message.starts_with(&start), "{message}");
        }
        for engine in [engine(Tier::Auto), Engine::default()] {
            assert!(engine.native().is_none());
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            Program::new(&mut store, &module).check(&mut store);
        }
    });
}

/// The handler of SIGSEGV.
fn handler() -> usize {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: asks only.
    let status = unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), &raw mut action) };
    assert_eq!(status, 0);
    action.sa_sigaction
}

#[test]
fn signals_are_left_alone_if_asked() {
    succeed_in_child(&path("signals_are_left_alone_if_asked"), || {
        let before = handler();
        let config = Config::new().tier(Tier::Interp).signals_based_traps(false).clone();
        for (config, is_ours) in [(config, false), (Config::new().tier(Tier::Interp).clone(), true)]
        {
            let engine = Engine::new(&config).unwrap();
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            let program = Program::new(&mut store, &module);
            program.check(&mut store);
            assert_eq!(program.bounds(&mut store) == BoundsMode::Guard, is_ours);
            assert_eq!(handler() != before, is_ours);
        }
    });
}

/// A child runs what its parent has translated or compiled, and what it has not.
#[test]
fn a_forked_child_goes_on() {
    succeed_in_child(&path("a_forked_child_goes_on"), || {
        let mut runs = NATIVE.map(|tier| {
            let engine = engine(tier);
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            let program = Program::new(&mut store, &module);
            assert_eq!(program.load.call(&mut store, 0).unwrap(), 0);
            (store, program)
        });
        // SAFETY: there is no other thread.
        let child = unsafe { libc::fork() };
        for (store, program) in &mut runs {
            program.check(store);
        }
        for engine in NATIVE.map(engine) {
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            Program::new(&mut store, &module).check(&mut store);
        }
        if child == 0 {
            // SAFETY: ends the child, which has come this far, at once.
            unsafe { libc::_exit(7) };
        }
        let mut status = 0;
        // SAFETY: writes to `status` only.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(libc::WEXITSTATUS(status), 7);
    });
}

/// An engine is gone when nothing of it is left, and its handlers with it.
#[test]
fn an_engine_takes_its_handlers_along() {
    // No other thread uses the addresses meanwhile.
    succeed_in_child(&path("an_engine_takes_its_handlers_along"), || {
        for engine in NATIVE.map(engine) {
            let module = Module::new(&engine, MODULE).unwrap();
            let mut store = Store::new(&engine, ());
            let program = Program::new(&mut store, &module);
            assert_eq!(program.load.call(&mut store, 0).unwrap(), 0);
            let record = store.as_context_mut().0.opaque.instance(0).record(FuncIdx(0));
            // SAFETY: the record is of a live instance.
            let entry = unsafe { &*record.entry };
            // Acquire: pairs with the release when the code was published.
            let code = [&entry.slot_entry, &entry.reg_entry]
                .map(|code| code.load(Ordering::Acquire).addr());
            let compiles = engine.native().unwrap().compiles();
            drop((engine, module));
            assert_eq!(program.sum.call(&mut store, 8).unwrap(), 8);
            assert_eq!(code.map(|code| range_at(code).is_some()), [true, compiles]);
            drop(store);
            assert_eq!(code.map(range_at), [None, None]);
        }
    });
}
