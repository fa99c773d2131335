//! Lowerings against the rows of the operators, by running what they emit.

mod address;
mod atomic;
mod division;
mod guest;
mod machine;
mod memory;
mod numeric;
mod select;
mod simd;
mod values;
mod wide;
mod wrapping;
