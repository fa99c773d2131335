//! [`ExternType`]: what is known of an import, an export or an external value before it is used.
//!
//! What lives here: the sum of the four kinds of types, import matching, and their text. What does
//! not: the types themselves (`wasmtier_vm`). Invariant: matching is the only subtyping there is.

use core::fmt;

use crate::{ErrorKind, FuncType, GlobalType, MemoryType, TableType};

/// The type of an external value, of an import or of an export.
///
/// ```
/// use wasmtier::{ExternType, FuncType, ValType};
///
/// let ty = ExternType::Func(FuncType::new([ValType::I32], [ValType::I64]));
/// assert_eq!(ty.to_string(), "func (i32) -> i64");
/// assert_eq!(ty.func().map(|ty| ty.params().len()), Some(1));
/// assert!(ty.memory().is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExternType {
    /// The type of a function.
    Func(FuncType),
    /// The type of a global variable.
    Global(GlobalType),
    /// The type of a table.
    Table(TableType),
    /// The type of a linear memory.
    Memory(MemoryType),
}

impl ExternType {
    /// The function type, if this is one.
    #[must_use]
    pub fn func(&self) -> Option<&FuncType> {
        match self {
            Self::Func(ty) => Some(ty),
            Self::Global(_) | Self::Table(_) | Self::Memory(_) => None,
        }
    }

    /// The global type, if this is one.
    #[must_use]
    pub fn global(&self) -> Option<&GlobalType> {
        match self {
            Self::Global(ty) => Some(ty),
            Self::Func(_) | Self::Table(_) | Self::Memory(_) => None,
        }
    }

    /// The table type, if this is one.
    #[must_use]
    pub fn table(&self) -> Option<&TableType> {
        match self {
            Self::Table(ty) => Some(ty),
            Self::Func(_) | Self::Global(_) | Self::Memory(_) => None,
        }
    }

    /// The memory type, if this is one.
    #[must_use]
    pub fn memory(&self) -> Option<&MemoryType> {
        match self {
            Self::Memory(ty) => Some(ty),
            Self::Func(_) | Self::Global(_) | Self::Table(_) => None,
        }
    }

    /// Whether an external value of this type may be used for the import `module`.`name` of type
    /// `wanted`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Link`] when it may not.
    pub(crate) fn check_import(
        &self,
        module: &str,
        name: &str,
        wanted: &Self,
    ) -> Result<(), ErrorKind> {
        if self.matches(wanted) {
            return Ok(());
        }
        let (module, name) = (module.escape_debug(), name.escape_debug());
        Err(ErrorKind::Link(format!(
            "incompatible import type for `{module}`.`{name}`: expected {wanted}, found {self}"
        )))
    }

    /// Whether an external value of this type may stand where `import` is asked for
    /// (specification section 4.5.2, import matching).
    fn matches(&self, import: &Self) -> bool {
        match (self, import) {
            (Self::Func(found), Self::Func(wanted)) => found == wanted,
            (Self::Global(found), Self::Global(wanted)) => found == wanted,
            (Self::Table(found), Self::Table(wanted)) => {
                found.element == wanted.element
                    && found.table64 == wanted.table64
                    && limits_match(
                        (found.minimum, found.maximum),
                        (wanted.minimum, wanted.maximum),
                    )
            }
            (Self::Memory(found), Self::Memory(wanted)) => {
                found.memory64 == wanted.memory64
                    && found.shared == wanted.shared
                    && found.page_size_log2 == wanted.page_size_log2
                    && limits_match(
                        (found.minimum, found.maximum),
                        (wanted.minimum, wanted.maximum),
                    )
            }
            (Self::Func(_) | Self::Global(_) | Self::Table(_) | Self::Memory(_), _) => false,
        }
    }
}

/// Whether something with `found` limits may be used as if it had the `wanted` ones.
fn limits_match(found: (u64, Option<u64>), wanted: (u64, Option<u64>)) -> bool {
    let maximum_matches = match (found.1, wanted.1) {
        (_, None) => true,
        (Some(found), Some(wanted)) => found <= wanted,
        (None, Some(_)) => false,
    };
    found.0 >= wanted.0 && maximum_matches
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "func {ty}"),
            Self::Global(ty) => {
                write!(f, "global {}{}", if ty.mutable { "mut " } else { "" }, ty.content)
            }
            Self::Table(ty) => {
                f.write_str("table ")?;
                write_limits(f, ty.table64, ty.minimum, ty.maximum)?;
                write!(f, " {}", ty.element)
            }
            Self::Memory(ty) => {
                f.write_str("memory ")?;
                write_limits(f, ty.memory64, ty.minimum, ty.maximum)?;
                if ty.shared {
                    f.write_str(" shared")?;
                }
                if ty.page_size_log2 != 16 {
                    write!(f, " (pagesize {})", ty.page_size())?;
                }
                Ok(())
            }
        }
    }
}

fn write_limits(
    f: &mut fmt::Formatter<'_>,
    is_64: bool,
    minimum: u64,
    maximum: Option<u64>,
) -> fmt::Result {
    write!(f, "{}{minimum}", if is_64 { "i64 " } else { "" })?;
    maximum.map_or(Ok(()), |maximum| write!(f, " {maximum}"))
}
