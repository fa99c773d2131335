//! Turns a module's text into its bytes: `cargo run -p wasmtier-tests --example assemble --
//! MODULE.wat MODULE.wasm`. Names of functions and locals are kept in the name section.

use wasmtier::{Context as _, Error, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [text, bytes] = &arguments[..] else {
        return Err(Error::msg("two arguments expected: MODULE.wat MODULE.wasm"));
    };
    let module = wat::parse_file(text).map_err(Error::new)?;
    std::fs::write(bytes, module).with_context(|| format!("cannot write {bytes}"))
}
