//! Constant expressions, decoded.
//!
//! What lives here: bytes to [`ConstExpr`]. What does not: evaluation, which needs an instance.
//! Invariant: the expression has been validated, so its operators match their operands.

use wasmparser::Operator;
use wasmtier_ops::NumOp;
use wasmtier_vm::{ConstExpr, ConstOp, FuncIdx, GlobalIdx};

use super::Invalid;

/// Decodes a constant expression.
pub(super) fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Invalid> {
    let mut ops = Vec::with_capacity(1);
    let mut reader = expr.get_operators_reader();
    while !reader.eof() {
        let offset = reader.original_position();
        ops.push(match reader.read()? {
            Operator::I32Const { value } => ConstOp::Const(u128::from(value.cast_unsigned())),
            Operator::I64Const { value } => ConstOp::Const(u128::from(value.cast_unsigned())),
            Operator::F32Const { value } => ConstOp::Const(u128::from(value.bits())),
            Operator::F64Const { value } => ConstOp::Const(u128::from(value.bits())),
            Operator::V128Const { value } => ConstOp::Const(u128::from_le_bytes(*value.bytes())),
            Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(global_index)),
            Operator::RefNull { .. } => ConstOp::RefNull,
            Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
            Operator::I32Add => ConstOp::Numeric(NumOp::I32Add),
            Operator::I32Sub => ConstOp::Numeric(NumOp::I32Sub),
            Operator::I32Mul => ConstOp::Numeric(NumOp::I32Mul),
            Operator::I64Add => ConstOp::Numeric(NumOp::I64Add),
            Operator::I64Sub => ConstOp::Numeric(NumOp::I64Sub),
            Operator::I64Mul => ConstOp::Numeric(NumOp::I64Mul),
            Operator::End => break,
            other => {
                let message = format!("constant expressions with {other:?} are not supported");
                return Err(Invalid::new(offset, message));
            }
        });
    }
    Ok(ops.into())
}
