//! A guest that is to stop stops, at its next call or turn of a loop, in every tier.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use wasmtier_ops::Trap;
use wasmtier_vm::VmCtx;

use crate::{AsContextMut, Config, Engine, Instance, Module, Store, Tier};

/// `(module
///   (func $recurse (export "r") call $recurse)
///   (func (export "l") loop br 0 end))`
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x03\x02\0\0\
    \x07\x09\x02\x01r\0\0\x01l\0\x01\
    \x0a\x0e\x02\x04\0\x10\0\x0b\x07\0\x03\x40\x0c\0\x0b\x0b";

fn engines() -> impl Iterator<Item = Engine> {
    let configure = |(tier, mask)| Engine::new(Config::new().tier(tier).tier_mask(mask)).unwrap();
    let masked = (0..4).map(|mask| (Tier::Jit, mask));
    [(Tier::Interp, 0)].into_iter().chain(masked).map(configure)
}

/// The word of the only instance of `store` that asks its code to stop.
fn stack_limit(store: &mut Store<()>) -> &'static AtomicUsize {
    let ctx: *const VmCtx = store.as_context_mut().0.opaque.instances[0].ctx().as_ptr();
    // SAFETY: the context lives as long as the store, which outlives what a test does with it.
    unsafe { &(*ctx).stack_limit }
}

#[test]
fn at_a_call() {
    for engine in engines() {
        let module = Module::new(&engine, MODULE).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let recurse = instance.get_typed_func::<(), ()>(&mut store, "r").unwrap();
        for (limit, trap) in [(None, Trap::StackOverflow), (Some(usize::MAX), Trap::Interrupt)] {
            if let Some(limit) = limit {
                // Relaxed: this thread calls.
                stack_limit(&mut store).store(limit, Ordering::Relaxed);
            }
            let error = recurse.call(&mut store, ()).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&trap));
        }
    }
}

#[test]
fn in_a_loop() {
    for engine in engines() {
        let module = Module::new(&engine, MODULE).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let endless = instance.get_typed_func::<(), ()>(&mut store, "l").unwrap();
        let limit = stack_limit(&mut store);
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            // Relaxed: nothing else is to be seen.
            limit.store(usize::MAX, Ordering::Relaxed);
        });
        // The first call makes the stack, and is not to take back the request.
        let error = endless.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
        stopper.join().unwrap();
    }
}
