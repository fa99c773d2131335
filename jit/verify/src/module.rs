//! [`verify_module`]: all functions of a module.
//!
//! Invariant: the order of functions makes no difference.

use std::fmt;

use wasmtier_jit::{CompileError, Options, Scratch, compile};
use wasmtier_vm::{FuncIdx, ModuleInfo};

use crate::{Refusal, Verified, verify};

/// What became of the functions of a module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Emitted {
    /// How many were compiled.
    pub functions: usize,
    /// Bytes of their code.
    pub bytes: usize,
    /// What was proven of them all.
    pub verified: Verified,
    /// Those that were not compiled, and why.
    pub left: Vec<(FuncIdx, CompileError)>,
}

impl std::ops::AddAssign for Emitted {
    fn add_assign(&mut self, other: Self) {
        self.functions += other.functions;
        self.bytes += other.bytes;
        self.verified += other.verified;
        self.left.extend(other.left);
    }
}

/// The function of which something could not be proven.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Which one.
    pub func: FuncIdx,
    /// What.
    pub refusal: Refusal,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}, {}", self.func.0, self.refusal)
    }
}

impl std::error::Error for Refused {}

/// Compiles every function that a module defines, and [`verify`]s it. `bytes` are the module's.
///
/// # Errors
///
/// The first function of which something cannot be proven. One that cannot be compiled is none.
pub fn verify_module(
    module: &ModuleInfo,
    bytes: &[u8],
    options: &Options,
) -> Result<Emitted, Refused> {
    let (mut scratch, mut emitted) = (Scratch::default(), Emitted::default());
    for func in (module.imported_funcs..module.funcs.len() as u32).map(FuncIdx) {
        match compile(&mut scratch, module, func, bytes, options) {
            Ok(compiled) => {
                emitted.functions += 1;
                emitted.bytes += compiled.code.len();
                emitted.verified += verify(&compiled, module, func, options)
                    .map_err(|refusal| Refused { func, refusal })?;
            }
            Err(error) => emitted.left.push((func, error)),
        }
    }
    Ok(emitted)
}
