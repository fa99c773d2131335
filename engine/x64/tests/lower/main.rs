//! Lowerings against the rows of the operators, by running what they emit.

mod machine;
mod numeric;
mod simd;
mod values;
mod wrapping;
