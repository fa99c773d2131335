//! [`Declared`]: what the counting rewrite must know of a module before it comes to its code.
//!
//! What lives here: sizes of index spaces, names of functions. What does not: code.

use crate::runner::Failure;
use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

/// What is learned of the module on the way to its code.
#[derive(Default)]
pub(super) struct Declared {
    /// Imported functions.
    pub(super) functions: u32,
    /// All memories.
    pub(super) memories: u32,
    export_names: Vec<(u32, String)>,
    section_names: Vec<(u32, String)>,
}

impl Declared {
    pub(super) fn of(wasm: &[u8]) -> Result<Self, Failure> {
        let mut declared = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => declared.functions += 1,
                            TypeRef::Memory(_) => declared.memories += 1,
                            TypeRef::Table(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
                        }
                    }
                }
                Payload::MemorySection(memories) => declared.memories += memories.count(),
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            declared.export_names.push((export.index, export.name.to_owned()));
                        }
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        // A broken name section is no reason not to count.
                        names.into_iter().flatten().for_each(|names| declared.names(names));
                    }
                }
                _ => {}
            }
        }
        Ok(declared)
    }

    fn names(&mut self, names: Name<'_>) {
        if let Name::Function(functions) = names {
            let functions = functions.into_iter().flatten();
            self.section_names.extend(functions.map(|name| (name.index, name.name.to_owned())));
            self.section_names.sort();
        }
    }

    /// The name of a function.
    pub(super) fn name_of(&self, index: u32) -> String {
        if let Ok(at) = self.section_names.binary_search_by_key(&index, |name| name.0) {
            return self.section_names[at].1.clone();
        }
        let export = self.export_names.iter().find(|name| name.0 == index);
        export.map_or_else(|| format!("[{index}]"), |name| name.1.clone())
    }
}
