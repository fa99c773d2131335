//! Builtins on function references.

use wasmtier_ops::Trap;
use wasmtier_vm::{FuncIdx, TableIdx, TypeIdx};

use super::{Frame, Leave};

pub(super) fn func(frame: &mut Frame<'_>, func: u32, _: u32) -> Result<(), Leave> {
    let reference = frame.instance().func_ref(FuncIdx(func));
    frame.store.func_record(reference);
    frame.result(reference.into());
    Ok(())
}

pub(super) fn resolve_indirect(frame: &mut Frame<'_>, table: u32, ty: u32) -> Result<(), Leave> {
    let at = frame.operand(0);
    let instance = frame.instance();
    let table = instance.tables[TableIdx(table).index()];
    let wanted = instance.module().info().type_ids[TypeIdx(ty).index()];
    let reference = frame.store.tables[table].get(at).ok_or(Trap::TableOutOfBounds)?;
    if reference == 0 {
        return Err(Trap::IndirectCallToNull.into());
    }
    if frame.store.func_record(reference).type_id != wanted {
        return Err(Trap::BadSignature.into());
    }
    frame.result(reference.into());
    Ok(())
}
