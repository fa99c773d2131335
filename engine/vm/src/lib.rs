//! The contract every tier compiles against.
