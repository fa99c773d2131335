//! The native world of hosts that have none.
//!
//! Invariant: there is no value of it.

use std::io;
use std::ops::Range;

use wasmtier_interp::{Backend, Code};
use wasmtier_vm::{Activation, BuiltinTable, FuncEntry, FuncType, Status, TypeId, VmCtx};
use wasmtier_x64::CpuFeatures;

use super::backtrace::RawFrame;
use super::memory::BoundsMode;
use super::mmap::MapError;
use super::reservation_set::ReservationSet;
use super::unavailable::Unavailable;
use crate::config::{Config, ProfilingStrategy};

/// A stand-in for functions of one signature.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Adapter {
    SlotsToRegisters,
    RegistersToSlots,
    RegistersToHost,
}

/// Compiled functions, which there are not.
#[derive(Debug)]
pub(crate) enum CompiledCode {}

impl CompiledCode {
    pub(crate) fn addresses(&self) -> Range<usize> {
        match *self {}
    }
}

/// The native world of an engine.
#[derive(Debug)]
pub(crate) enum Native {}

impl Native {
    /// The native world, which there is not.
    pub(crate) fn new(_: &Config) -> Result<Self, Unavailable> {
        Err(Unavailable::Host)
    }

    /// There is no code to profile.
    pub(crate) fn open_profile(_: ProfilingStrategy) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn backend(&self, _: BoundsMode) -> Backend<'_> {
        match *self {}
    }

    pub(crate) fn stubs(&self) -> std::iter::Empty<(&'static str, u32)> {
        match *self {}
    }

    pub(crate) fn compose(&self, _: &Code, _: BoundsMode) -> Option<*mut u8> {
        match *self {}
    }

    pub(crate) fn lazy_entry(&self) -> *mut u8 {
        match *self {}
    }

    pub(crate) fn code(&self, _: u32) -> *mut u8 {
        match *self {}
    }

    pub(crate) fn builtins(&self) -> *const BuiltinTable {
        match *self {}
    }

    pub(crate) fn cpu(&self) -> CpuFeatures {
        match *self {}
    }

    pub(crate) fn compiles(&self) -> bool {
        match *self {}
    }

    pub(crate) fn adapt_entry(&self) -> Option<*mut u8> {
        match *self {}
    }

    pub(crate) fn adapter(
        &self,
        _: Adapter,
        _: TypeId,
        _: &FuncType,
    ) -> Result<*mut u8, Unavailable> {
        match *self {}
    }

    pub(crate) fn publish_compiled(
        &self,
        _: &[u8],
        _: &[u32],
    ) -> Result<CompiledCode, Unavailable> {
        match *self {}
    }

    pub(crate) fn names_code(&self) -> bool {
        match *self {}
    }

    pub(crate) fn name_code(&self, _: usize, _: &[u8], _: &str) {
        match *self {}
    }

    pub(crate) fn at(&self, _: usize) -> *mut u8 {
        match *self {}
    }

    /// # Safety
    ///
    /// Cannot be called.
    pub(super) unsafe fn note_fault(&self, _: *mut Activation) {
        match *self {}
    }

    /// # Safety
    ///
    /// Cannot be called.
    pub(super) unsafe fn frames(&self, _: *const Activation, _: &mut dyn FnMut(RawFrame)) {
        match *self {}
    }

    /// # Safety
    ///
    /// Cannot be called.
    pub(super) unsafe fn enter(
        &self,
        _: *mut VmCtx,
        _: *const FuncEntry,
        _: *mut u64,
        _: *const ReservationSet,
    ) -> Result<Status, MapError> {
        match *self {}
    }
}
