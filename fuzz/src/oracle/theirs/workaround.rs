//! What wasmi 2.0.0 is known to get wrong, kept out of its sight.
//!
//! Only the reference runs rewritten modules; the engines under test run what was generated.
//!
//! Invariant: a rewritten module computes what the original one does. A bug joins this list only
//! after the specification was read, with a `.wat` that shows it.
//!
//! * `select` directly behind a comparison with zero. wasmi leaves out the comparison and then
//!   tests whatever is in its register instead of the value that was compared:
//!   `(select (i32.const 1) (i32.const 2) (i32.eqz (local.get 0)))` of 0 may be 2.
//! * `local.tee`, when its value stays on the stack while a loop with a parameter is entered: the
//!   value becomes that of the parameter.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Instruction, Module};
use wasmparser::{FunctionBody, Operator, Parser};

/// `wasm`, computing the same in a way that wasmi gets right.
pub(super) fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let mut module = Module::new();
    Rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Rewriter;

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut function = utils::new_function_with_parsed_locals(self, &body)?;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if let Operator::LocalTee { local_index } = operator {
                function.instruction(&Instruction::LocalSet(local_index));
                function.instruction(&Instruction::LocalGet(local_index));
                continue;
            }
            if matches!(operator, Operator::Select | Operator::TypedSelect { .. }) {
                // Rotating a condition leaves it what it is, zero or not.
                function.instruction(&Instruction::I32Const(1));
                function.instruction(&Instruction::I32Rotl);
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }
}
