//! [`CodeBuffer`]: where `dynasm!` and the encoders put their bytes.
//!
//! Owns the bytes and the labels until [`CodeBuffer::finish`]; knows nothing of executable memory.
//! The invariant: every reference is relative to the code itself, so the bytes run at any address.

use std::fmt;

use dynasmrt::components::{LabelRegistry, PatchLoc, RelocRegistry, StaticLabel};
use dynasmrt::relocations::{Relocation, RelocationKind};
use dynasmrt::x64::X64Relocation;
use dynasmrt::{AssemblyOffset, DynamicLabel, DynasmApi, DynasmError, DynasmLabelApi, LabelKind};

/// Why a sequence of instructions is not code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A reference to a label that was never placed.
    UnknownLabel(LabelKind),
    /// A global or dynamic label that was placed twice.
    DuplicateLabel(LabelKind),
    /// A reference to a label that is too far away for its field.
    OutOfReach {
        /// Where in the code the reference ends.
        offset: usize,
    },
    /// A reference to an absolute address.
    Absolute {
        /// Where in the code the reference ends.
        offset: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLabel(label) => write!(f, "{label} is used but never placed"),
            Self::DuplicateLabel(label) => write!(f, "{label} is placed twice"),
            Self::OutOfReach { offset } => {
                write!(f, "the label used at offset {offset:#x} is out of reach")
            }
            Self::Absolute { offset } => {
                write!(f, "the code at offset {offset:#x} depends on an absolute address")
            }
        }
    }
}

impl std::error::Error for Error {}

/// A growing sequence of position-independent machine code with labels.
///
/// Takes `dynasm!` with local (`name:`), global (`->name:`) and dynamic (`=>label`) labels. A
/// mistake does not interrupt emission; [`CodeBuffer::finish`] reports the first one.
///
/// ```
/// use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
///
/// let mut code = wasmtier_x64::CodeBuffer::new();
/// dynasm!(code ; .arch x64 ; again: ; dec ecx ; jnz <again ; ret);
/// assert_eq!(code.finish()?, [0xff, 0xc9, 0x0f, 0x85, 0xf8, 0xff, 0xff, 0xff, 0xc3]);
/// # Ok::<(), wasmtier_x64::Error>(())
/// ```
#[derive(Debug)]
pub struct CodeBuffer {
    bytes: Vec<u8>,
    labels: LabelRegistry,
    references: RelocRegistry<X64Relocation>,
    error: Option<Error>,
}

impl CodeBuffer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            labels: LabelRegistry::new(),
            references: RelocRegistry::new(),
            error: None,
        }
    }

    /// How many bytes were emitted so far: the offset of the next instruction.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was emitted yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Makes room for `additional` more bytes.
    pub fn reserve(&mut self, additional: usize) {
        self.bytes.reserve(additional);
    }

    /// Appends the `len` lowest bytes of a number.
    #[inline(always)]
    pub(crate) fn append(&mut self, bits: u128, len: usize) {
        // A copy of fixed size is one instruction; what is too much is cut off.
        let end = self.bytes.len() + len;
        self.bytes.extend_from_slice(&bits.to_le_bytes());
        self.bytes.truncate(end);
    }

    /// Replaces the four bytes at `at`, a displacement or immediate of an instruction before.
    ///
    /// # Panics
    /// When there are no such bytes.
    pub fn replace_i32(&mut self, at: usize, value: i32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A label to be placed at most once, and used any number of times before and after.
    pub fn new_dynamic_label(&mut self) -> DynamicLabel {
        self.labels.new_dynamic_label()
    }

    /// Where `label` was placed, if it was already.
    #[must_use]
    pub fn label_offset(&self, label: DynamicLabel) -> Option<usize> {
        self.labels.resolve_dynamic(label).ok().map(|offset| offset.0)
    }

    /// Resolves all labels and gives the code.
    ///
    /// # Errors
    /// The first mistake made while emitting, or a label that cannot be resolved.
    pub fn finish(mut self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        for (reference, label) in self.references.take_statics() {
            let unknown = |_| Error::UnknownLabel(kind_of(&label));
            let target = self.labels.resolve_static(&label).map_err(unknown)?;
            patch(&mut self.bytes, &reference, target)?;
        }
        for (reference, label) in self.references.take_dynamics() {
            let unknown = |_| Error::UnknownLabel(LabelKind::Dynamic(label));
            let target = self.labels.resolve_dynamic(label).map_err(unknown)?;
            patch(&mut self.bytes, &reference, target)?;
        }
        Ok(self.bytes)
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    fn reference(
        &mut self,
        target_offset: isize,
        field_offset: u8,
        ref_offset: u8,
        kind: X64Relocation,
    ) -> PatchLoc<X64Relocation> {
        if !matches!(kind.kind(), RelocationKind::Relative) {
            self.fail(Error::Absolute { offset: self.bytes.len() });
        }
        PatchLoc::new(self.offset(), target_offset, field_offset, ref_offset, kind)
    }
}

fn patch(
    bytes: &mut [u8],
    reference: &PatchLoc<X64Relocation>,
    target: AssemblyOffset,
) -> Result<(), Error> {
    let out_of_reach = Error::OutOfReach { offset: reference.location.0 };
    let Some(field) = bytes.get_mut(reference.range(0)) else { return Err(out_of_reach) };
    reference.patch(field, 0, target.0).map_err(|_| out_of_reach)
}

fn kind_of(label: &StaticLabel) -> LabelKind {
    let name = label.get_name();
    if label.is_global() { LabelKind::Global(name) } else { LabelKind::Local(name) }
}

impl Default for CodeBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Extend<u8> for CodeBuffer {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

impl<'a> Extend<&'a u8> for CodeBuffer {
    fn extend<T: IntoIterator<Item = &'a u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

impl DynasmApi for CodeBuffer {
    #[inline]
    fn offset(&self) -> AssemblyOffset {
        AssemblyOffset(self.bytes.len())
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn align(&mut self, alignment: usize, with: u8) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), with);
    }
}

impl DynasmLabelApi for CodeBuffer {
    type Relocation = X64Relocation;

    fn local_label(&mut self, name: &'static str) {
        self.labels.define_local(name, self.offset());
    }

    fn global_label(&mut self, name: &'static str) {
        if self.labels.define_global(name, self.offset()).is_err() {
            self.fail(Error::DuplicateLabel(LabelKind::Global(name)));
        }
    }

    fn dynamic_label(&mut self, id: DynamicLabel) {
        let label = LabelKind::Dynamic(id);
        match self.labels.define_dynamic(id, self.offset()) {
            Ok(()) => {}
            Err(DynasmError::DuplicateLabel(_)) => self.fail(Error::DuplicateLabel(label)),
            Err(_) => self.fail(Error::UnknownLabel(label)),
        }
    }

    fn forward_relocation(
        &mut self,
        name: &'static str,
        target_offset: isize,
        field_offset: u8,
        ref_offset: u8,
        kind: X64Relocation,
    ) {
        let reference = self.reference(target_offset, field_offset, ref_offset, kind);
        let label = match self.labels.place_local_reference(name) {
            Some(label) => label.next(),
            None => StaticLabel::first(name),
        };
        self.references.add_static(label, reference);
    }

    fn backward_relocation(
        &mut self,
        name: &'static str,
        target_offset: isize,
        field_offset: u8,
        ref_offset: u8,
        kind: X64Relocation,
    ) {
        let reference = self.reference(target_offset, field_offset, ref_offset, kind);
        match self.labels.place_local_reference(name) {
            Some(label) => self.references.add_static(label, reference),
            None => self.fail(Error::UnknownLabel(LabelKind::Local(name))),
        }
    }

    fn global_relocation(
        &mut self,
        name: &'static str,
        target_offset: isize,
        field_offset: u8,
        ref_offset: u8,
        kind: X64Relocation,
    ) {
        let reference = self.reference(target_offset, field_offset, ref_offset, kind);
        self.references.add_static(StaticLabel::global(name), reference);
    }

    fn dynamic_relocation(
        &mut self,
        id: DynamicLabel,
        target_offset: isize,
        field_offset: u8,
        ref_offset: u8,
        kind: X64Relocation,
    ) {
        let reference = self.reference(target_offset, field_offset, ref_offset, kind);
        self.references.add_dynamic(id, reference);
    }

    fn value_relocation(
        &mut self,
        _value: usize,
        _field_offset: u8,
        _ref_offset: u8,
        _kind: X64Relocation,
    ) {
        self.fail(Error::Absolute { offset: self.bytes.len() });
    }
}
