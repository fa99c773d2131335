//! The native world of hosts that have none.
//!
//! Invariant: there is no value of it.

use std::io;

use wasmtier_interp::{Backend, Code};
use wasmtier_vm::{Activation, FuncEntry, Status, VmCtx};

use super::memory::BoundsMode;
use super::mmap::MapError;
use super::reservation_set::ReservationSet;
use super::unavailable::Unavailable;
use crate::config::{Config, ProfilingStrategy};

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

    /// # Safety
    ///
    /// Cannot be called.
    pub(super) unsafe fn enter(
        &self,
        _: *mut VmCtx,
        _: *const FuncEntry,
        _: *mut u64,
        _: *mut Activation,
        _: *const ReservationSet,
    ) -> Result<Status, MapError> {
        match *self {}
    }
}
