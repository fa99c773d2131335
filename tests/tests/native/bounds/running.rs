//! [`Running`]: a module of one access on one subject, and the memory that it accesses.

use wasmtier::{
    Extern, Func, Instance, Memory, MemoryType, Module, SharedMemory, Store, Trap, TypedFunc,
    WasmBacktrace,
};

use super::shape::Shape;
use crate::Subject;

/// The memory that is accessed.
#[derive(Clone)]
enum Accessed {
    Own(Memory),
    Shared(SharedMemory),
}

/// A module of one access on one subject.
pub(super) struct Running {
    pub(super) name: &'static str,
    store: Store<()>,
    memory: Accessed,
    run: Run,
}

enum Run {
    Narrow(TypedFunc<(i32, i32), i64>),
    Wide(TypedFunc<(i32, i64), i64>),
}

impl Running {
    pub(super) fn new(subject: &Subject, shape: &Shape, wasm: &[u8]) -> Self {
        let engine = &subject.engine;
        let module = Module::new(engine, wasm).expect("the module is valid");
        let mut store = Store::new(engine, ());
        let pages = shape.pages - shape.grown;
        let shared = shape.shared.then(|| {
            SharedMemory::new(engine, MemoryType::shared(pages as u32, shape.pages as u32))
                .expect("there is room")
        });
        let same = if shape.wide {
            Func::wrap(&mut store, |index: i64| index)
        } else {
            Func::wrap(&mut store, |index: i32| index)
        };
        let mut imports: Vec<Extern> = vec![same.into()];
        imports.extend(shared.iter().map(|it| Extern::from(it.clone())));
        let instance = Instance::new(&mut store, &module, &imports).expect("there is room");
        let memory = match shared {
            Some(memory) => Accessed::Shared(memory),
            None => Accessed::Own(instance.get_memory(&mut store, "memory").expect("exported")),
        };
        let run = if shape.wide {
            Run::Wide(instance.get_typed_func(&mut store, "run").expect("it is so"))
        } else {
            Run::Narrow(instance.get_typed_func(&mut store, "run").expect("it is so"))
        };
        let mut this = Self { name: subject.name, store, memory, run };
        if shape.grown > 0 {
            // Translated and run before the memory grows.
            for index in [0, shape.len() - 1] {
                _ = this.run(0, index);
            }
            this.grow(shape.grown);
        }
        let len = shape.len();
        if len > 0 {
            let bytes: Vec<u8> = (0..251).map(|byte| (byte * 89 + 3) as u8).collect();
            for at in [0, len / 2 - 120, len - 251] {
                this.write(at as usize, &bytes);
            }
        }
        this
    }

    fn grow(&mut self, pages: u64) {
        match &self.memory {
            Accessed::Own(memory) => memory.grow(&mut self.store, pages),
            Accessed::Shared(memory) => memory.grow(pages),
        }
        .expect("there is room");
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        match &self.memory {
            Accessed::Own(memory) => memory.write(&mut self.store, at, bytes),
            Accessed::Shared(memory) => memory.write(at, bytes),
        }
        .expect("in bounds");
    }

    /// What is at an address, as far as the memory goes.
    pub(super) fn bytes(&self, at: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        for (byte, next) in bytes.iter_mut().zip(0..) {
            let at = at.saturating_add(next);
            let mut one = [0];
            let read = match &self.memory {
                Accessed::Own(memory) => memory.read(&self.store, at as usize, &mut one),
                Accessed::Shared(memory) => memory.read(at as usize, &mut one),
            };
            *byte = if read.is_ok() { one[0] } else { 0xee };
        }
        bytes
    }

    /// What is at the edges of a memory, and in its middle.
    pub(super) fn edges(&self, shape: &Shape) -> Vec<u8> {
        const SEEN: u64 = 1 << 12;
        let len = shape.len();
        let mut all = Vec::new();
        for at in [0, len / 2 - SEEN.min(len) / 2, len - SEEN.min(len)] {
            let mut part = vec![0; SEEN.min(len) as usize];
            match &self.memory {
                Accessed::Own(memory) => memory.read(&self.store, at as usize, &mut part),
                Accessed::Shared(memory) => memory.read(at as usize, &mut part),
            }
            .expect("in bounds");
            all.extend(part);
        }
        all
    }

    /// The result, or the trap and where it was.
    pub(super) fn run(&mut self, case: i32, index: u64) -> Result<i64, (Trap, wasmtier::Error)> {
        let result = match &self.run {
            Run::Narrow(run) => run.call(&mut self.store, (case, index as i32)),
            Run::Wide(run) => run.call(&mut self.store, (case, index as i64)),
        };
        result.map_err(|error| (*error.downcast_ref().expect("it is a trap"), error))
    }
}

/// The offsets of a backtrace.
pub(super) fn places(error: &wasmtier::Error) -> Vec<Option<u64>> {
    let backtrace: &WasmBacktrace = error.downcast_ref().expect("a trap has a backtrace");
    backtrace.frames().iter().map(wasmtier::FrameInfo::module_offset).collect()
}
