//! The one integer rule that Rust's own integer methods do not state: division by zero traps.

use crate::Trap;

/// `divisor` if it is not zero.
///
/// # Errors
///
/// [`Trap::IntegerDivisionByZero`] if it is.
#[inline(always)]
pub fn nonzero<T: PartialEq + Default>(divisor: T) -> Result<T, Trap> {
    if divisor == T::default() { Err(Trap::IntegerDivisionByZero) } else { Ok(divisor) }
}
