//! The machine code of a function: `cargo run -p wasmtier-tests --example compiled -- FILE.wasm
//! FUNCTION [floor] [explicit]`, FILE being text or not.
//!
//! Prints each instruction with its offset, `*` before those whose fault is a trap, and what the
//! verifier refuses if it does.

#![expect(clippy::print_stdout, reason = "a program whose report is its output")]

use wasmtier::{Context as _, Engine, Error, Module, Result};
use wasmtier_jit::{Bounds, Options, Scratch, compile};
use wasmtier_verify::{instructions, verify};
use wasmtier_vm::FuncIdx;
use wasmtier_x64::CpuFeatures;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, function, choices @ ..] = &arguments[..] else {
        return Err(Error::msg("expected: FILE FUNCTION [floor] [explicit]"));
    };
    let chosen = |choice: &str| choices.iter().any(|given| given == choice);
    let cpu = if chosen("floor") { CpuFeatures::FLOOR } else { CpuFeatures::ALL };
    let bounds = if chosen("explicit") { Bounds::Explicit } else { Bounds::Guard };
    let bytes = wat::parse_file(file).map_err(Error::new)?;
    let module = Module::new(&Engine::default(), &bytes)?;
    let info = module.declarations();
    let func = FuncIdx(function.parse().context("FUNCTION is an index")?);
    if info.defined_func(func).is_none_or(|defined| defined as usize >= info.bodies.len()) {
        return Err(Error::msg("the module defines no such function"));
    }
    let options = Options { cpu, bounds, sites: true };
    let compiled = compile(&mut Scratch::default(), info, func, &bytes, &options);
    let compiled = compiled.map_err(Error::new)?;
    let decoded = instructions(&compiled.code);
    for instruction in &decoded.list {
        let at = instruction.ip() as u32;
        let fault = if compiled.faults.contains(&at) { '*' } else { ' ' };
        println!("{at:6x} {fault} {instruction}");
    }
    for (place, word) in compiled.code[decoded.constants..].chunks(4).enumerate() {
        println!("{:6x}   {word:02x?}", decoded.constants + 4 * place);
    }
    match verify(&compiled, info, func, &options) {
        Ok(verified) => println!("{verified:?}"),
        Err(refusal) => println!("refused {refusal}"),
    }
    Ok(())
}
