//! [`Program`]: the programs that are measured, and where they lie.
//!
//! What lives here: finding them. What does not: running them. The repository carries its own in
//! `tests/bench/programs`; real ones come from a corpus beside the repository when it is there.

use crate::record::Entry;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where a program comes from.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `tests/bench/programs`.
    Repository,
    /// `../shared/corpus/programs` beside the repository.
    Corpus,
}

/// A program in a folder of its own, with its inputs and `NAME.wasm`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Program {
    /// The name of its folder.
    pub name: String,
    /// Its module, as an absolute path.
    pub wasm: PathBuf,
    /// How it is entered.
    pub entry: Entry,
    /// Where it comes from.
    pub origin: Origin,
}

/// The folder of the bench crate.
#[must_use]
pub fn bench_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    bench_folder().join("../..")
}

/// The folder of the corpus, whether or not it exists.
#[must_use]
pub fn corpus() -> PathBuf {
    repository().join("../shared/corpus/programs")
}

/// Measured for the start of a process, not for its own time.
const STARTUP: &str = "hello";

impl Program {
    /// The programs of both places, each sorted by name; the corpus may be absent.
    ///
    /// # Errors
    ///
    /// When a folder cannot be read.
    pub fn all() -> io::Result<Vec<Self>> {
        let mut programs = Self::within(&bench_folder().join("programs"), Origin::Repository)?;
        if corpus().is_dir() {
            programs.extend(Self::within(&corpus(), Origin::Corpus)?);
        }
        Ok(programs)
    }

    fn within(folder: &Path, origin: Origin) -> io::Result<Vec<Self>> {
        let mut programs = Vec::new();
        let folder = folder.canonicalize().map_err(|error| named(folder, &error))?;
        for entry in fs::read_dir(&folder).map_err(|error| named(&folder, &error))? {
            let folder = entry?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let wasm = folder.join(format!("{name}.wasm"));
            if wasm.is_file() && name != STARTUP {
                let entry = if name == "coremark" { Entry::Score } else { Entry::Command };
                programs.push(Self { name, wasm, entry, origin });
            }
        }
        programs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(programs)
    }

    /// The folder it runs in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.wasm.parent().unwrap_or(Path::new("."))
    }

    /// What it must print, where that is written down.
    #[must_use]
    pub fn expected(&self) -> Option<Vec<u8>> {
        let names = [format!("{}.stdout.expected", self.name), "benchmark.stdout.expected".into()];
        names.iter().find_map(|name| fs::read(self.folder().join(name)).ok())
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
