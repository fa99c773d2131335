//! Arbitrary modules, made by wasm-smith.
//!
//! What lives here: the settings that make most modules do real work, and the host they may import.
//!
//! Invariant: sizes are small. A divergence shows in few operators or not at all, and every page of
//! memory is hashed after every call.

use arbitrary::{Result, Unstructured};
use wasm_encoder::{
    EntityType, ExportKind, ExportSection, GlobalType, ImportSection, MemoryType, RefType,
    TableType, TypeSection, ValType,
};
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices, Module};
use wasmparser::{Parser, Payload};

use crate::oracle::{FUEL, FUEL_EXPORT};

/// A module of the bytes of a fuzzer; `None` when they do not make one.
pub(super) fn generate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Unstructured::new(bytes);
    let config = configure(&mut bytes).ok()?;
    let mut module = Module::new(config, &mut bytes).ok()?;
    let fuel = module.ensure_termination(FUEL).ok()?;
    export_global(&module.to_bytes(), fuel)
}

fn configure(bytes: &mut Unstructured<'_>) -> Result<Config> {
    Ok(Config {
        available_imports: Some(host()),
        export_everything: true,
        canonicalize_nans: true,
        // Modules that may trap mostly do so at once.
        disallow_traps: !bytes.ratio(1, 4)?,
        allowed_instructions: instructions(bytes)?,
        max_instructions: if bytes.ratio(1, 8)? { 1000 } else { 150 },
        min_funcs: 2,
        max_funcs: 8,
        max_types: 12,
        min_types: 3,
        max_type_size: 100,
        max_globals: 6,
        min_globals: 1,
        min_memories: 1,
        max_memories: if bytes.ratio(1, 4)? { 3 } else { 1 },
        memory64_enabled: bytes.ratio(1, 6)?,
        max_memory32_bytes: 3 << 16,
        max_memory64_bytes: 3 << 16,
        memory_max_size_required: true,
        memory_offset_choices: MemoryOffsetChoices(80, 15, 5),
        max_data_segments: 3,
        min_tables: 1,
        max_tables: 3,
        max_table_elements: 40,
        table_max_size_required: true,
        max_element_segments: 3,
        max_elements: 20,
        max_nesting_depth: 8,
        max_tags: 0,
        tail_call_enabled: true,
        simd_enabled: true,
        relaxed_simd_enabled: false,
        gc_enabled: false,
        exceptions_enabled: false,
        threads_enabled: false,
        compact_imports_enabled: false,
        wide_arithmetic_enabled: true,
        custom_page_sizes_enabled: bytes.ratio(1, 4)?,
        ..Config::default()
    })
}

/// Kinds of instructions: leaving some out makes the others meet more often.
fn instructions(bytes: &mut Unstructured<'_>) -> Result<InstructionKinds> {
    use InstructionKind::{
        Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector,
    };
    let mut kinds = vec![Control, Parametric, Variable];
    for kind in [Numeric, Numeric, Vector, Memory, Reference, Table] {
        if bytes.arbitrary()? {
            kinds.push(kind);
        }
    }
    Ok(InstructionKinds::new(&kinds))
}

/// A module whose imports are those that generated modules may have.
fn host() -> Vec<u8> {
    const I32: ValType = ValType::I32;
    const I64: ValType = ValType::I64;
    const F32: ValType = ValType::F32;
    const F64: ValType = ValType::F64;
    const V128: ValType = ValType::V128;
    const EXTERN: ValType = ValType::Ref(RefType::EXTERNREF);
    const FUNC: ValType = ValType::Ref(RefType::FUNCREF);
    const SIGNATURES: [(&[ValType], &[ValType]); 6] = [
        (&[], &[]),
        (&[I32], &[I32]),
        (&[I64, F32, F64], &[F64]),
        (&[V128, I32], &[I32, V128]),
        (&[EXTERN, FUNC, I64], &[EXTERN]),
        (&[I32, I32, I32, I64, I64, I64, F32, F64, V128, I32], &[I64, F32, V128, I32, F64]),
    ];
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    for (index, (params, results)) in (0..).zip(SIGNATURES) {
        types.ty().function(params.iter().copied(), results.iter().copied());
        imports.import("host", &format!("f{index}"), EntityType::Function(index));
    }
    for (name, val_type, mutable) in
        [("i", I32, false), ("l", I64, true), ("f", F32, true), ("v", V128, true)]
    {
        let ty = GlobalType { val_type, mutable, shared: false };
        imports.import("host", name, EntityType::Global(ty));
    }
    let memory = MemoryType {
        minimum: 1,
        maximum: Some(2),
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    imports.import("host", "memory", EntityType::Memory(memory));
    let table = TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 4,
        maximum: Some(9),
        shared: false,
    };
    imports.import("host", "table", EntityType::Table(table));
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports);
    module.finish()
}

/// `wasm` with one more export: its global `index`, as that of the fuel.
fn export_global(wasm: &[u8], index: u32) -> Option<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        if let Payload::ExportSection(section) = payload {
            let mut exports = ExportSection::new();
            for export in section {
                let export = export.ok()?;
                exports.export(export.name, export_kind(export.kind), export.index);
            }
            exports.export(FUEL_EXPORT, ExportKind::Global, index);
            module.section(&exports);
        } else if let Some((id, range)) = payload.as_section() {
            let range = range.start as usize..range.end as usize;
            let data = wasm.get(range)?;
            module.section(&wasm_encoder::RawSection { id, data });
        }
    }
    Some(module.finish())
}

fn export_kind(kind: wasmparser::ExternalKind) -> ExportKind {
    use wasmparser::ExternalKind;
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}
