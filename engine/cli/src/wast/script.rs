//! [`Script`]: what each directive does.
//!
//! What lives here: the instances and modules a script knows, running directives, and whether what
//! happened is what they assert. What does not: single values (`value`), threads (`thread`).
//!
//! Invariant: a name that a script has given to something that then failed names nothing.

use std::collections::HashMap;

use wasmtier::{Engine, Error, Instance, Linker, Module, SharedMemory, Store, Trap, Val};
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use super::thread::{Spawner, Threads};
use super::{spectest, value};

/// What a directive comes to, or why it failed.
pub(super) type Checked = Result<(), String>;

/// What wasm came to. A script that cannot be run at all is a `String` around it.
type Ran = Result<Vec<Val>, Error>;

/// The state of a script, or of one of its threads.
pub(super) struct Script<'scope, 'env> {
    pub(super) engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    /// By name, for `(module instance ..)`.
    definitions: HashMap<String, Module>,
    last_definition: Option<Module>,
    instances: HashMap<String, Instance>,
    /// What directives that name no instance are about.
    current: Option<Instance>,
    /// The exported memories of the instance that this thread shares with the one it comes from, by
    /// name.
    pub(super) shared: HashMap<String, Vec<(String, SharedMemory)>>,
    pub(super) threads: Threads<'scope, 'env>,
}

impl<'scope, 'env> Script<'scope, 'env> {
    /// A script of which nothing has run.
    pub(super) fn new(engine: &Engine, spawner: Spawner<'scope, 'env>) -> Result<Self, Error> {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        Ok(Self {
            engine: engine.clone(),
            store,
            linker,
            definitions: HashMap::new(),
            last_definition: None,
            instances: HashMap::new(),
            current: None,
            shared: HashMap::new(),
            threads: Threads::new(spawner),
        })
    }

    /// Runs one directive.
    pub(super) fn run(&mut self, directive: WastDirective<'env>) -> Checked {
        use WastDirective as D;
        match directive {
            D::Module(module) => self.module(module),
            D::ModuleDefinition(module) => self.define(module).map(drop),
            D::ModuleInstance { instance, module, .. } => self.instance(instance, module),
            D::Register { name, module, .. } => self.register(name, module),
            D::Invoke(invoke) => match self.invoke(&invoke)? {
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            },
            D::AssertReturn { exec, results, .. } => self.assert_return(exec, &results),
            D::AssertTrap { exec, message, .. } => check_trap(self.execute(exec)?, message),
            D::AssertExhaustion { call, message, .. } => check_trap(self.invoke(&call)?, message),
            D::AssertInvalid { module, .. } => self.assert_invalid(module),
            D::AssertMalformed { module, .. }
            | D::AssertInvalidCustom { module, .. }
            | D::AssertMalformedCustom { module, .. } => self.assert_malformed(module),
            D::AssertUnlinkable { module, message, .. } => self.assert_unlinkable(module, message),
            D::AssertException { .. } => Err("exceptions are not built yet".to_owned()),
            D::AssertSuspension { .. } => Err("stack switching is not built yet".to_owned()),
            D::Thread(thread) => self.thread(thread),
            D::Wait { thread, .. } => self.threads.wait(thread),
        }
    }

    fn module(&mut self, module: QuoteWat<'_>) -> Checked {
        self.current = None;
        let id = module.name();
        if let Some(id) = id {
            self.instances.remove(id.name());
        }
        let module = self.define(module)?;
        self.instantiate_as(id, &module)
    }

    fn define(&mut self, mut module: QuoteWat<'_>) -> Result<Module, String> {
        self.last_definition = None;
        let id = module.name();
        if let Some(id) = id {
            self.definitions.remove(id.name());
        }
        let module = self.compile(&encode(&mut module)?).map_err(|error| error.to_string())?;
        self.last_definition = Some(module.clone());
        if let Some(id) = id {
            self.definitions.insert(id.name().to_owned(), module.clone());
        }
        Ok(module)
    }

    fn instance(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Checked {
        self.current = None;
        let found = match module {
            Some(id) => self.definitions.get(id.name()),
            None => self.last_definition.as_ref(),
        };
        let module = found.cloned().ok_or_else(|| absent("module", module))?;
        self.instantiate_as(instance, &module)
    }

    fn instantiate_as(&mut self, id: Option<Id<'_>>, module: &Module) -> Checked {
        let instance = self.linker.instantiate(&mut self.store, module);
        let instance = instance.map_err(|error| error.to_string())?;
        self.current = Some(instance);
        if let Some(id) = id {
            self.instances.insert(id.name().to_owned(), instance);
        }
        Ok(())
    }

    fn compile(&self, bytes: &[u8]) -> Result<Module, Error> {
        Module::new(&self.engine, bytes)
    }

    /// The shared memories that an instance exports.
    pub(super) fn shared_memories(
        &mut self,
        id: Id<'_>,
    ) -> Result<Vec<(String, SharedMemory)>, String> {
        let exports = self.find(Some(id))?.exports(&mut self.store);
        let memory = |export: wasmtier::Export<'_>| {
            let name = export.name().to_owned();
            Some((name, export.into_shared_memory()?))
        };
        Ok(exports.filter_map(memory).collect())
    }

    fn find(&self, id: Option<Id<'_>>) -> Result<Instance, String> {
        let found = match id {
            Some(id) => self.instances.get(id.name()).copied(),
            None => self.current,
        };
        found.ok_or_else(|| absent("instance", id))
    }

    fn register(&mut self, name: &str, id: Option<Id<'_>>) -> Checked {
        if let Some(memories) = id.and_then(|id| self.shared.get(id.name())) {
            for (export, memory) in memories {
                let defined = self.linker.define(&self.store, name, export, memory.clone());
                defined.map_err(|error| error.to_string())?;
            }
            return Ok(());
        }
        let instance = self.find(id)?;
        let defined = self.linker.instance(&mut self.store, name, instance);
        defined.map(drop).map_err(|error| error.to_string())
    }

    fn execute(&mut self, execute: WastExecute<'_>) -> Result<Ran, String> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let instance = self.instantiate(QuoteWat::Wat(module))?;
                Ok(instance.map(|_| Vec::new()))
            }
            WastExecute::Get { module, global: name, .. } => {
                let global = self.find(module)?.get_global(&mut self.store, name);
                let global = global.ok_or_else(|| format!("no global is exported as `{name}`"))?;
                Ok(Ok(vec![global.get(&mut self.store)]))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Ran, String> {
        let func = self.find(invoke.module)?.get_func(&mut self.store, invoke.name);
        let func = func.ok_or_else(|| format!("no function is exported as `{}`", invoke.name))?;
        let arguments = invoke.args.iter().map(|arg| value::argument(&mut self.store, arg));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let ty = func.ty(&self.store);
        let mut results: Vec<_> = ty.results().iter().map(|&ty| Val::default_for_ty(ty)).collect();
        let called = func.call(&mut self.store, &arguments, &mut results);
        Ok(called.map(|()| results))
    }

    /// Instantiates a module that must compile.
    fn instantiate(&mut self, mut module: QuoteWat<'_>) -> Result<Result<Instance, Error>, String> {
        let module = self.compile(&encode(&mut module)?).map_err(|error| error.to_string())?;
        Ok(self.linker.instantiate(&mut self.store, &module))
    }

    fn assert_return(&mut self, execute: WastExecute<'_>, wanted: &[WastRet<'_>]) -> Checked {
        let found = self.execute(execute)?.map_err(|error| error.to_string())?;
        if found.len() != wanted.len() {
            return Err(format!("expected {} results, found {found:?}", wanted.len()));
        }
        for (place, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
            if !value::matches(&self.store, wanted, found) {
                let (wanted, found) = (value::pattern(wanted), value::text(found));
                return Err(format!("result {place}: expected {wanted}, found {found}"));
            }
        }
        Ok(())
    }

    /// A module that decodes, and then fails.
    fn assert_invalid(&self, mut module: QuoteWat<'_>) -> Checked {
        match self.compile(&encode(&mut module)?) {
            Ok(_) => Err("the module is valid".to_owned()),
            Err(_) => Ok(()),
        }
    }

    /// A module that fails, as text or as bytes.
    fn assert_malformed(&self, mut module: QuoteWat<'_>) -> Checked {
        let Ok(bytes) = encode(&mut module) else { return Ok(()) };
        match self.compile(&bytes) {
            Ok(_) => Err("the module is well-formed and valid".to_owned()),
            Err(_) => Ok(()),
        }
    }

    fn assert_unlinkable(&mut self, module: Wat<'_>, message: &str) -> Checked {
        match self.instantiate(QuoteWat::Wat(module))? {
            Ok(_) => Err(format!("expected the link error `{message}`, the module links")),
            Err(error) if error.is::<Trap>() => {
                Err(format!("expected the link error `{message}`, found the trap `{error}`"))
            }
            Err(error) if error.to_string().contains(message) => Ok(()),
            Err(error) => Err(format!("expected the link error `{message}`, found `{error}`")),
        }
    }
}

fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    module.encode().map_err(|error| error.message())
}

pub(super) fn absent(kind: &str, id: Option<Id<'_>>) -> String {
    match id {
        Some(id) => format!("no {kind} is called `${}`", id.name()),
        None => format!("there is no current {kind}"),
    }
}

/// Whether it is a trap that the testsuite describes by `wanted`: its texts leave out the end of
/// ours, or add an index to it.
fn check_trap(ran: Ran, wanted: &str) -> Checked {
    let error = match ran {
        Ok(values) => return Err(format!("expected the trap `{wanted}`, found {values:?}")),
        Err(error) => error,
    };
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return Err(format!("expected the trap `{wanted}`, found the error `{error}`"));
    };
    let found = trap.to_string();
    if found.contains(wanted) || wanted.starts_with(&found) {
        return Ok(());
    }
    Err(format!("expected the trap `{wanted}`, found `{found}`"))
}

/// How a directive begins.
pub(super) fn keyword(directive: &WastDirective<'_>) -> &'static str {
    use WastDirective as D;
    match directive {
        D::Module(_) => "module",
        D::ModuleDefinition(_) => "module definition",
        D::ModuleInstance { .. } => "module instance",
        D::AssertMalformed { .. } => "assert_malformed",
        D::AssertInvalid { .. } => "assert_invalid",
        D::AssertInvalidCustom { .. } => "assert_invalid_custom",
        D::AssertMalformedCustom { .. } => "assert_malformed_custom",
        D::Register { .. } => "register",
        D::Invoke(_) => "invoke",
        D::AssertTrap { .. } => "assert_trap",
        D::AssertReturn { .. } => "assert_return",
        D::AssertExhaustion { .. } => "assert_exhaustion",
        D::AssertUnlinkable { .. } => "assert_unlinkable",
        D::AssertException { .. } => "assert_exception",
        D::AssertSuspension { .. } => "assert_suspension",
        D::Thread(_) => "thread",
        D::Wait { .. } => "wait",
    }
}
