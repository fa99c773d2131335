//! The `wasmtier` command: everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    wasmtier_cli::main(std::env::args_os().skip(1))
}
