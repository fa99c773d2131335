//! What wasmi 2.0.0 is known to get wrong, kept out of its sight.
//!
//! Only the reference runs rewritten modules; the engines under test run what was generated.
//!
//! Invariant: a rewritten module computes what the original one does. A bug joins this list only
//! when the specification was read and the cause in wasmi was found.
//!
//! * `select` directly behind a comparison with zero (`try_fuse_select`). The comparison is left
//!   out, and then whatever is in the register is tested instead of the value that was compared:
//!   `(select (i32.const 1) (i32.const 2) (i32.eqz (local.get 0)))` of 0 may be 2.
//! * A loop with parameters (`visit_loop`). They are moved to their registers first; locals on the
//!   stack below them that were still in those registers are copied after that, and so are lost.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, Instruction, Module};
use wasmparser::{BlockType, FunctionBody, Operator, Parser, Payload, TypeRef, ValType};

/// `wasm`, computing the same in a way that wasmi gets right.
pub(super) fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let mut rewriter = Rewriter { variable: variable(wasm)? };
    let mut module = Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Rewriter {
    /// A global whose value is not known in advance, of type `i32`.
    variable: Option<u32>,
}

/// The first global that is such a one.
fn variable(wasm: &[u8]) -> Result<Option<u32>, Error> {
    let mut globals = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Global(ty) = import?.ty {
                        globals.push(ty);
                    }
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    globals.push(global?.ty);
                }
            }
            _ => {}
        }
    }
    let is_variable = |(_, ty): &(u32, _)| {
        let ty: &wasmparser::GlobalType = ty;
        ty.mutable && ty.content_type == ValType::I32
    };
    Ok((0..).zip(globals).find(is_variable).map(|(index, _)| index))
}

impl Rewriter {
    /// Computes into each of wasmi's registers, so that no local is thought to be in one.
    fn fill_registers(&self, function: &mut Function) {
        let Some(variable) = self.variable else { return };
        let conversions =
            [None, Some(Instruction::F32ConvertI32U), Some(Instruction::F64ConvertI32U)];
        for conversion in conversions {
            function.instruction(&Instruction::GlobalGet(variable));
            if let Some(conversion) = conversion {
                function.instruction(&conversion);
            }
            function.instruction(&Instruction::Drop);
        }
    }
}

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
            match operator {
                Operator::Select | Operator::TypedSelect { .. } => {
                    // Rotating a condition leaves it what it is, zero or not.
                    function.instruction(&Instruction::I32Const(1));
                    function.instruction(&Instruction::I32Rotl);
                }
                Operator::Loop { blockty: BlockType::FuncType(_) } => {
                    self.fill_registers(&mut function);
                }
                _ => {}
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }
}
