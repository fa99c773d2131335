//! [`Host`]: what generated modules find behind their imports.
//!
//! Invariant: what a host function returns follows from which it is and its arguments, so that
//! engines which call the same are told the same.

use std::fmt;

use crate::random::Random;
use crate::value::{HostCall, Type, Value, hash};

/// Host calls after which all fail, so that a module cannot hold up the host.
const MOST_CALLS: u64 = 2_000;

/// One host call in so many fails.
const FAILS_ONE_IN: u64 = 32;

/// The data of a store: who was called.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) calls: Vec<HostCall>,
    count: u64,
}

impl Host {
    /// Notes a call and makes up its results.
    pub(crate) fn answer(
        &mut self,
        import: usize,
        args: Vec<Value>,
        results: &[Type],
    ) -> Result<Vec<Value>, HostStop> {
        let mut random = Random::new(hash(format!("{import} {args:?}").as_bytes()));
        self.calls.push(HostCall { import, args });
        self.count += 1;
        if self.count > MOST_CALLS || random.one_in(FAILS_ONE_IN) {
            return Err(HostStop);
        }
        Ok(results.iter().map(|&ty| random.value(ty)).collect())
    }
}

/// What an imported global holds at first.
pub(crate) fn initial_value(import: usize, ty: Type) -> Value {
    Random::new(import as u64).value(ty)
}

/// The error of a host function that fails on purpose.
#[derive(Debug)]
pub(crate) struct HostStop;

impl fmt::Display for HostStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host stops wasm")
    }
}

impl std::error::Error for HostStop {}
