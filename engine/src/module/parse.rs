//! Bytes to [`ModuleInfo`]: one pass over the sections of a module.
//!
//! What lives here: the loop over sections and what each declares. What does not: whether bodies
//! are valid (`validate`), types and constant expressions (`types`, `const_expr`), names.
//!
//! Invariant: a section is recorded only after the validator has accepted it, so counts and
//! indices can be trusted here, and nothing is ever allocated from a declared count alone.

use std::ops::Range;

use wasmparser::{
    DataKind, DataSectionReader, ElementItems, ElementKind, ElementSectionReader,
    ExportSectionReader, ExternalKind, GlobalSectionReader, ImportSectionReader, Parser, Payload,
    TableInit, TableSectionReader, TypeRef, TypeSectionReader, ValidPayload, Validator,
};
use wasmtier_vm::{
    ConstExpr, ConstOp, DataIdx, DataSegment, ElemItems, ElemSegment, Export, ExportItem, FuncIdx,
    GlobalIdx, Import, ImportType, MemoryIdx, ModuleInfo, SegmentMode, TableIdx, TypeIdx,
};

use super::const_expr::const_expr;
use super::validate::Bodies;
use super::{Invalid, names, types};
use crate::config::Config;

/// Parses and validates a whole module, except that `type_ids` stays empty.
pub(super) fn parse(config: &Config, bytes: &[u8]) -> Result<ModuleInfo, Invalid> {
    let mut parser = Parser::new(0);
    parser.set_features(config.features);
    let mut module = ModuleParser {
        validator: Validator::new_with_features(config.features),
        bodies: Bodies::new(config, bytes),
        info: ModuleInfo::default(),
    };
    let sections = parser.parse_all(bytes).try_for_each(|payload| module.payload(payload?));
    // A body in front of a bad section is reported first, wherever the bodies are validated.
    module.bodies.finish(&module.info.bodies)?;
    sections?;
    let mut info = module.info;
    find_escaped_funcs(&mut info);
    names::finish(&mut info);
    Ok(info)
}

struct ModuleParser<'a> {
    validator: Validator,
    bodies: Bodies<'a>,
    info: ModuleInfo,
}

impl<'a> ModuleParser<'a> {
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Invalid> {
        if let ValidPayload::Func(func, body) = self.validator.payload(&payload)? {
            self.info.bodies.push(byte_range(body.range()));
            return self.bodies.add(func, &body);
        }
        match payload {
            Payload::TypeSection(section) => self.types(section),
            Payload::ImportSection(section) => self.imports(section),
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.info.funcs.push(TypeIdx(ty?));
                }
                Ok(())
            }
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => {
                for ty in section {
                    self.info.memories.push(types::memory_type(&ty?));
                }
                Ok(())
            }
            Payload::GlobalSection(section) => self.globals(section),
            Payload::ExportSection(section) => self.exports(section),
            Payload::StartSection { func, .. } => {
                self.info.start = Some(FuncIdx(func));
                Ok(())
            }
            Payload::ElementSection(section) => self.elements(section),
            Payload::DataSection(section) => self.data(section),
            Payload::CustomSection(section) => {
                names::read_custom(&section, &mut self.info);
                Ok(())
            }
            Payload::CodeSectionStart { size, .. } => {
                self.bodies.start(size as usize);
                Ok(())
            }
            // The validator has refused whatever else there is and needs no record of the rest.
            _ => Ok(()),
        }
    }

    fn types(&mut self, section: TypeSectionReader<'a>) -> Result<(), Invalid> {
        let offset = section.range().start;
        for ty in section.into_iter_err_on_gc_types() {
            self.info.types.push(types::func_type(&ty?, offset)?);
        }
        Ok(())
    }

    fn imports(&mut self, section: ImportSectionReader<'a>) -> Result<(), Invalid> {
        for import in section.into_imports_with_offsets() {
            let (offset, import) = import?;
            let info = &mut self.info;
            let ty = match import.ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                    info.funcs.push(TypeIdx(ty));
                    info.imported_funcs += 1;
                    ImportType::Func(TypeIdx(ty))
                }
                TypeRef::Table(ty) => {
                    let ty = types::table_type(&ty, offset)?;
                    info.tables.push(ty);
                    info.imported_tables += 1;
                    ImportType::Table(ty)
                }
                TypeRef::Memory(ty) => {
                    let ty = types::memory_type(&ty);
                    info.memories.push(ty);
                    info.imported_memories += 1;
                    ImportType::Memory(ty)
                }
                TypeRef::Global(ty) => {
                    let ty = types::global_type(ty, offset)?;
                    info.globals.push(ty);
                    info.global_slots.push(0);
                    info.imported_globals += 1;
                    ImportType::Global(ty)
                }
                TypeRef::Tag(_) => {
                    return Err(Invalid::new(offset, "imports of tags are not supported"));
                }
            };
            let (module, name) = (import.module.into(), import.name.into());
            info.imports.push(Import { module, name, ty });
        }
        Ok(())
    }

    fn tables(&mut self, section: TableSectionReader<'a>) -> Result<(), Invalid> {
        for table in section.into_iter_with_offsets() {
            let (offset, table) = table?;
            self.info.tables.push(types::table_type(&table.ty, offset)?);
            self.info.table_inits.push(match table.init {
                TableInit::RefNull => None,
                TableInit::Expr(expr) => Some(const_expr(&expr)?),
            });
        }
        Ok(())
    }

    fn globals(&mut self, section: GlobalSectionReader<'a>) -> Result<(), Invalid> {
        for global in section.into_iter_with_offsets() {
            let (offset, global) = global?;
            let ty = types::global_type(global.ty, offset)?;
            self.info.globals.push(ty);
            self.info.global_slots.push(self.info.global_storage_slots);
            self.info.global_storage_slots += ty.content.slots();
            self.info.global_inits.push(const_expr(&global.init_expr)?);
        }
        Ok(())
    }

    fn exports(&mut self, section: ExportSectionReader<'a>) -> Result<(), Invalid> {
        for export in section.into_iter_with_offsets() {
            let (offset, export) = export?;
            let item = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    ExportItem::Func(FuncIdx(export.index))
                }
                ExternalKind::Table => ExportItem::Table(TableIdx(export.index)),
                ExternalKind::Memory => ExportItem::Memory(MemoryIdx(export.index)),
                ExternalKind::Global => ExportItem::Global(GlobalIdx(export.index)),
                ExternalKind::Tag => {
                    return Err(Invalid::new(offset, "exports of tags are not supported"));
                }
            };
            self.info.exports.push(Export { name: export.name.into(), item });
        }
        Ok(())
    }

    fn elements(&mut self, section: ElementSectionReader<'a>) -> Result<(), Invalid> {
        for element in section.into_iter_with_offsets() {
            let (offset, element) = element?;
            let mode = match element.kind {
                ElementKind::Passive => SegmentMode::Passive,
                ElementKind::Declared => SegmentMode::Declared,
                ElementKind::Active { table_index, offset_expr } => SegmentMode::Active {
                    target: TableIdx(table_index.unwrap_or(0)),
                    offset: const_expr(&offset_expr)?,
                },
            };
            let (ty, items) = elem_items(element.items, offset)?;
            self.info.elements.push(ElemSegment { ty, mode, items });
        }
        Ok(())
    }

    fn data(&mut self, section: DataSectionReader<'a>) -> Result<(), Invalid> {
        for data in section {
            let data = data?;
            let mode = match data.kind {
                DataKind::Passive => SegmentMode::Passive,
                DataKind::Active { memory_index, offset_expr } => SegmentMode::Active {
                    target: MemoryIdx(memory_index),
                    offset: const_expr(&offset_expr)?,
                },
            };
            // The bytes are the last part of a segment.
            let end = byte_range(data.range).end;
            let bytes = end - data.data.len()..end;
            self.info.data.push(DataSegment { mode, bytes });
        }
        debug_assert!(u32::try_from(self.info.data.len()).is_ok(), "{:?} would wrap", DataIdx(0));
        Ok(())
    }
}

fn elem_items(
    items: ElementItems<'_>,
    offset: u64,
) -> Result<(wasmtier_vm::RefType, ElemItems), Invalid> {
    match items {
        ElementItems::Functions(section) => {
            let mut funcs = Vec::new();
            for func in section {
                funcs.push(FuncIdx(func?));
            }
            Ok((wasmtier_vm::RefType::FUNCREF, ElemItems::Funcs(funcs.into())))
        }
        ElementItems::Expressions(ty, section) => {
            let mut exprs = Vec::new();
            for expr in section {
                exprs.push(const_expr(&expr?)?);
            }
            // Compilers write plain lists of functions this way too; one form is enough.
            let funcs: Option<Vec<FuncIdx>> = exprs.iter().map(single_func).collect();
            let items = match funcs {
                Some(funcs) => ElemItems::Funcs(funcs.into()),
                None => ElemItems::Exprs(exprs.into()),
            };
            Ok((types::ref_type(ty, offset)?, items))
        }
    }
}

fn single_func(expr: &ConstExpr) -> Option<FuncIdx> {
    match **expr {
        [ConstOp::RefFunc(func)] => Some(func),
        _ => None,
    }
}

/// Fills in `escaped_funcs`. Bodies need no look: a function that `ref.func` names there must be
/// exported, in a segment or in a constant expression, or the body is invalid.
fn find_escaped_funcs(info: &mut ModuleInfo) {
    let mut escaped = vec![false; info.funcs.len()];
    let mut escape = |func: FuncIdx| escaped[func.index()] = true;
    for export in &info.exports {
        if let ExportItem::Func(func) = export.item {
            escape(func);
        }
    }
    for segment in &info.elements {
        if let ElemItems::Funcs(funcs) = &segment.items {
            funcs.iter().copied().for_each(&mut escape);
        }
    }
    let in_segments = info.elements.iter().flat_map(|segment| match &segment.items {
        ElemItems::Exprs(exprs) => &exprs[..],
        ElemItems::Funcs(_) => &[],
    });
    let in_tables = info.table_inits.iter().flatten();
    for op in info.global_inits.iter().chain(in_tables).chain(in_segments).flatten() {
        if let ConstOp::RefFunc(func) = *op {
            escape(func);
        }
    }
    for (index, _) in escaped.iter().enumerate().filter(|(_, escaped)| **escaped) {
        info.escaped_funcs.push(FuncIdx::from_index(index));
    }
    info.escape_index = vec![None; info.funcs.len()];
    for (place, func) in (0..).zip(&info.escaped_funcs) {
        info.escape_index[func.index()] = Some(place);
    }
}

/// A range of offsets as a range of the bytes in memory, which it lies in.
fn byte_range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
