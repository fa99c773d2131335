//! What the tiers make of wasm, against files that were looked at and accepted.
//!
//! What lives here: finding the files, comparing, accepting. Beside it: `show`, what a file can ask
//! to see; `disassembly`, machine code as text.
//!
//! Each `tests/filetests/NAME.wat` says in its first lines, `;; show: ...`, what is to be shown of
//! its functions; `NAME.txt` is what was accepted. After a change that is meant,
//! `WASMTIER_BLESS=1 cargo test -p wasmtier-tests --test filetests` accepts what is shown now, and
//! the diff of the `.txt` files is what there is to review.
//!
//! Invariant: what is shown depends on no host: the features of the processor are named, and
//! addresses count from the start of a handler.

mod disassembly;
mod show;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> process::ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests");
    let files = fs::read_dir(&folder).expect("tests/filetests can be listed");
    let mut paths: Vec<PathBuf> =
        files.map(|file| file.expect("a file has a name").path()).collect();
    paths.sort();
    let mut trials = Vec::new();
    for path in paths {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        trials.push(Trial::test(name, move || check(&path)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(path: &Path) -> Result<(), Failed> {
    let accepted = path.with_extension("txt");
    if path == accepted {
        let source = path.with_extension("wat");
        return if source.exists() { Ok(()) } else { Err("it has no .wat: delete it".into()) };
    }
    let shown = show::show(&fs::read_to_string(path)?)?;
    if env::var_os("WASMTIER_BLESS").is_some() {
        return Ok(fs::write(&accepted, shown)?);
    }
    let expected = fs::read_to_string(&accepted).unwrap_or_default();
    match first_difference(&expected, &shown) {
        None => Ok(()),
        Some(difference) => Err(format!(
            "{}:{difference}\nif that is what was meant: \
             WASMTIER_BLESS=1 cargo test -p wasmtier-tests --test filetests",
            accepted.display()
        )
        .into()),
    }
}

/// The first line that is not as expected: its number, and both.
fn first_difference(expected: &str, shown: &str) -> Option<String> {
    let (mut expected, mut shown) = (expected.lines(), shown.lines());
    let mut section = "";
    for number in 1.. {
        let pair = (expected.next(), shown.next());
        match pair {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => {
                if !a.starts_with(' ') && !a.is_empty() {
                    section = a;
                }
            }
            (a, b) => {
                let [a, b] = [a, b].map(|line| line.unwrap_or("(the end)"));
                return Some(format!(
                    "{number}: below `{section}`\n  accepted: {a}\n  now:      {b}"
                ));
            }
        }
    }
    None
}
