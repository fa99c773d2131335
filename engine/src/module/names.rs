//! The name section.
//!
//! What lives here: names of the module and its functions. What does not: what they are used for.
//! Invariant: names never make a module invalid; what is malformed is ignored.

use wasmparser::{CustomSectionReader, KnownCustom, Name, NameSectionReader, Parser, Payload};
use wasmtier_vm::{FuncIdx, ModuleInfo};

/// Reads a custom section, if it is the name section.
pub(super) fn read_custom(section: &CustomSectionReader<'_>, info: &mut ModuleInfo) {
    if let KnownCustom::Name(names) = section.as_known() {
        read_names(names, info);
    }
}

fn read_names(names: NameSectionReader<'_>, info: &mut ModuleInfo) {
    for name in names {
        match name {
            Ok(Name::Module { name, .. }) => info.name = Some(name.into()),
            Ok(Name::Function(names)) => {
                let count = info.funcs.len();
                let named = names.into_iter().map_while(Result::ok);
                let known = named.filter(|naming| (naming.index as usize) < count);
                let boxed = known.map(|naming| (FuncIdx(naming.index), naming.name.into()));
                info.func_names.extend(boxed);
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Puts the names that were read in order, when all are there: there may be any number of sections
/// and subsections of them. A function has the first name it is given.
pub(super) fn finish(info: &mut ModuleInfo) {
    info.func_names.sort_by_key(|(func, _)| *func);
    info.func_names.dedup_by_key(|(func, _)| *func);
}

/// The name of one function of a module that may be invalid.
pub(super) fn func_name(bytes: &[u8], func: u32) -> Option<String> {
    let mut sections = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    sections.find_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(mut names) => names.find_map(|name| match name {
                Ok(Name::Function(names)) => {
                    let mut names = names.into_iter().map_while(Result::ok);
                    Some(names.find(|naming| naming.index == func)?.name.to_owned())
                }
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    })
}
