//! Files and directories.
//!
//! [`resolve`] is the only file that turns a guest path into a host descriptor. The others act on
//! descriptors, or on one name within a descriptor it returned.

pub(crate) mod entry;
pub(crate) mod file;
pub(crate) mod open;
pub(crate) mod readdir;
pub(crate) mod resolve;
pub(crate) mod stat;
