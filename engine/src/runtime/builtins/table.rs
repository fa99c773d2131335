//! Builtins on tables and element segments.

use wasmtier_ops::Trap;
use wasmtier_vm::{ElemIdx, TableIdx};

use super::{Frame, Leave};
use crate::runtime::grow::grow_table;
use crate::runtime::table::TableObject;

fn index(frame: &Frame<'_>, table: u32) -> usize {
    frame.instance().tables[TableIdx(table).index()]
}

fn table_mut<'a>(frame: &'a mut Frame<'_>, table: u32) -> &'a mut TableObject {
    let index = index(frame, table);
    &mut frame.store.tables[index]
}

pub(super) fn get(frame: &mut Frame<'_>, table: u32, _: u32) -> Result<(), Leave> {
    let at = frame.operand(0);
    let reference = table_mut(frame, table).get(at).ok_or(Trap::TableOutOfBounds)?;
    frame.result(reference.into());
    Ok(())
}

pub(super) fn set(frame: &mut Frame<'_>, table: u32, _: u32) -> Result<(), Leave> {
    let (at, reference) = (frame.operand(0), frame.operand(1) as u32);
    table_mut(frame, table).set(at, reference).ok_or(Trap::TableOutOfBounds)?;
    Ok(())
}

pub(super) fn size(frame: &mut Frame<'_>, table: u32, _: u32) -> Result<(), Leave> {
    let len = table_mut(frame, table).len();
    frame.result(len.into());
    Ok(())
}

pub(super) fn grow(frame: &mut Frame<'_>, table: u32, _: u32) -> Result<(), Leave> {
    let (reference, delta) = (frame.operand(0) as u32, frame.operand(1));
    let index = index(frame, table);
    let failure = if frame.store.tables[index].ty().table64 { u64::MAX } else { u32::MAX.into() };
    let grown = frame.guarded(|store| grow_table(store, index, delta, reference))?;
    frame.result(grown.unwrap_or(failure));
    Ok(())
}

pub(super) fn fill(frame: &mut Frame<'_>, table: u32, _: u32) -> Result<(), Leave> {
    let (start, reference, len) = (frame.operand(0), frame.operand(1) as u32, frame.operand(2));
    Ok(table_mut(frame, table).fill(start, reference, len)?)
}

pub(super) fn copy(frame: &mut Frame<'_>, target: u32, source: u32) -> Result<(), Leave> {
    let [to, from, len] = [0, 1, 2].map(|place| frame.operand(place));
    let (target, source) = (index(frame, target), index(frame, source));
    Ok(frame.store.copy_table(target, to, source, from, len)?)
}

pub(super) fn init(frame: &mut Frame<'_>, elem: u32, table: u32) -> Result<(), Leave> {
    let [to, from, len] = [0, 1, 2].map(|place| frame.operand(place));
    let elem = ElemIdx(elem);
    let index = index(frame, table);
    let instance = frame.instance();
    let elements = &instance.module().info().element(elem).items;
    let count = if instance.has_elements(elem) { elements.len() as u64 } else { 0 };
    let end = from.checked_add(len).filter(|&end| end <= count).ok_or(Trap::TableOutOfBounds)?;
    let at = frame.instance;
    let store = &mut *frame.store;
    let room = u64::from(store.tables[index].len());
    if to.checked_add(len).is_none_or(|end| end > room) {
        return Err(Trap::TableOutOfBounds.into());
    }
    // At most `count`, the length of a slice.
    let references = store.elements(at, elem, from as usize..end as usize);
    Ok(store.tables[index].init(to, &references)?)
}

pub(super) fn elem_drop(frame: &mut Frame<'_>, elem: u32, _: u32) -> Result<(), Leave> {
    frame.instance_mut().dropped_elements[ElemIdx(elem).index()] = true;
    Ok(())
}
