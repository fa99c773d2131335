//! Limits: what a store may hold, as its limiter says.

use wasmtier::{
    Engine, Error, Instance, Memory, MemoryType, Ref, RefType, ResourceLimiter, Store, StoreLimits,
    StoreLimitsBuilder, Table, TableType,
};

use crate::module;

fn limited(limits: StoreLimits) -> Store<StoreLimits> {
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    store
}

const GROWS: &str = r#"(module
    (memory (export "memory") 1)
    (table (export "table") 1 funcref)
    (func (export "memory.grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table.grow") (param i32) (result i32)
        (table.grow (ref.null func) (local.get 0))))"#;

fn instance<T: 'static>(store: &mut Store<T>) -> Result<Instance, Error> {
    let module = module(store.engine(), GROWS);
    Instance::new(store, &module, &[])
}

fn grow<T: 'static>(store: &mut Store<T>, instance: Instance, what: &str, by: i32) -> i32 {
    let grow = instance.get_typed_func::<i32, i32>(&mut *store, what).unwrap();
    grow.call(store, by).unwrap()
}

fn memory_type(minimum: u32) -> MemoryType {
    MemoryType::new(minimum, None)
}

fn table_type(minimum: u32) -> TableType {
    TableType::new(RefType::FUNCREF, minimum, None)
}

#[test]
fn growth_over_the_limit_gives_minus_one() {
    let mut store =
        limited(StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(4).build());
    let instance = instance(&mut store).unwrap();
    assert_eq!(grow(&mut store, instance, "memory.grow", 3), -1);
    assert_eq!(grow(&mut store, instance, "memory.grow", 2), 1);
    assert_eq!(grow(&mut store, instance, "memory.grow", 1), -1);
    assert_eq!(grow(&mut store, instance, "memory.grow", 0), 3);
    assert_eq!(grow(&mut store, instance, "table.grow", 4), -1);
    assert_eq!(grow(&mut store, instance, "table.grow", 3), 1);
    assert_eq!(grow(&mut store, instance, "table.grow", 1), -1);
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    assert_eq!(memory.size(&store), 3);
    let table = instance.get_table(&mut store, "table").unwrap();
    assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
    assert_eq!(table.size(&store), 4);
}

#[test]
fn refused_growth_can_be_an_error_instead() {
    let limits = StoreLimitsBuilder::new().memory_size(1 << 16).trap_on_grow_failure(true);
    let mut store = limited(limits.table_elements(1).build());
    let instance = instance(&mut store).unwrap();
    for what in ["memory.grow", "table.grow"] {
        let grow = instance.get_typed_func::<i32, i32>(&mut store, what).unwrap();
        let error = grow.call(&mut store, 1).unwrap_err();
        assert!(format!("{error:#}").contains("forcing trap"), "{error:#}");
        assert_eq!(grow.call(&mut store, 0).unwrap(), 1);
    }
}

#[test]
fn minimum_sizes_count_too() {
    let limits = StoreLimitsBuilder::new().memory_size(2 << 16).table_elements(5).build();
    let mut store = limited(limits);
    assert!(Memory::new(&mut store, memory_type(3)).is_err());
    assert!(Memory::new(&mut store, memory_type(2)).is_ok());
    assert!(Table::new(&mut store, table_type(6), Ref::Func(None)).is_err());
    assert!(Table::new(&mut store, table_type(5), Ref::Func(None)).is_ok());
    for text in ["(module (memory 3))", "(module (table 6 funcref))"] {
        let module = module(store.engine(), text);
        assert!(Instance::new(&mut store, &module, &[]).is_err());
    }
}

#[test]
fn instances_memories_and_tables_are_counted() {
    for (limits, fits) in [
        (StoreLimitsBuilder::new().instances(2), 2),
        (StoreLimitsBuilder::new().memories(1), 1),
        (StoreLimitsBuilder::new().tables(3), 3),
        (StoreLimitsBuilder::new().instances(0), 0),
    ] {
        let mut store = limited(limits.build());
        for _ in 0..fits {
            instance(&mut store).unwrap();
        }
        let error = instance(&mut store).unwrap_err();
        assert!(format!("{error:#}").contains("limit"), "{error:#}");
    }
    let mut store = limited(StoreLimitsBuilder::new().memories(1).tables(1).build());
    Memory::new(&mut store, memory_type(0)).unwrap();
    assert!(Memory::new(&mut store, memory_type(0)).is_err());
    Table::new(&mut store, table_type(0), Ref::Func(None)).unwrap();
    assert!(Table::new(&mut store, table_type(0), Ref::Func(None)).is_err());
}

/// Writes down what it is asked.
#[derive(Default)]
struct Witness(Vec<String>);

impl ResourceLimiter for Witness {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        self.0.push(format!("memory {} {} {:?}", current >> 16, desired >> 16, maximum));
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        self.0.push(format!("table {current} {desired} {maximum:?}"));
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<(), Error> {
        self.0.push("memory failed".into());
        Ok(())
    }

    fn table_grow_failed(&mut self, _error: Error) -> Result<(), Error> {
        self.0.push("table failed".into());
        Ok(())
    }
}

#[test]
fn a_limiter_is_asked_and_told() {
    let mut store = Store::new(&Engine::default(), Witness::default());
    store.limiter(|witness| witness);
    let module = module(
        store.engine(),
        r#"(module
            (memory 1 2)
            (table 1 2 funcref)
            (func (export "run") (result i32 i32 i32 i32)
                (memory.grow (i32.const 1)) (memory.grow (i32.const 1))
                (table.grow (ref.null func) (i32.const 1))
                (table.grow (ref.null func) (i32.const 1))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let mut asked = std::mem::take(&mut store.data_mut().0);
    asked.sort();
    assert_eq!(asked, ["memory 0 1 Some(131072)", "table 0 1 Some(2)"]);
    type Sizes = (i32, i32, i32, i32);
    let run = instance.get_typed_func::<(), Sizes>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), (1, -1, 1, -1));
    let told = [
        "memory 1 2 Some(131072)",
        "memory 2 3 Some(131072)",
        "memory failed",
        "table 1 2 Some(2)",
        "table 2 3 Some(2)",
        "table failed",
    ];
    assert_eq!(store.data().0, told);
}

/// Fails when asked.
struct Refusal;

impl ResourceLimiter for Refusal {
    fn memory_growing(&mut self, now: usize, _: usize, _: Option<usize>) -> Result<bool, Error> {
        if now == 0 { Ok(true) } else { Err(Error::msg("not today")) }
    }

    fn table_growing(&mut self, now: usize, _: usize, _: Option<usize>) -> Result<bool, Error> {
        assert_eq!(now, 0, "never again");
        Ok(true)
    }
}

#[test]
fn errors_and_panics_of_a_limiter_reach_the_embedder() {
    let mut store = Store::new(&Engine::default(), Refusal);
    store.limiter(|refusal| refusal);
    let instance = instance(&mut store).unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "memory.grow").unwrap();
    let error = grow.call(&mut store, 1).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "not today");
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "table.grow").unwrap();
    let text = crate::panic_text(|| grow.call(&mut store, 1));
    assert!(text.contains("never again"), "{text}");
    let error = instance.get_memory(&mut store, "memory").unwrap().grow(&mut store, 1).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "not today");
}
