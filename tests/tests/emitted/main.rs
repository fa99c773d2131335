//! What the compiler emits, looked at from outside, without being run.
//!
//! What lives here: that it stays within its bounds (`verified`), that the verifier would notice
//! if it did not (`mutated`), that it is the same bytes every time (`same`), and that the time it
//! takes is linear (`linear`). Beside them: `modules`, what is compiled. What does not: whether
//! results are right.
//!
//! Invariant: every function is compiled or exceeds a limit.

mod linear;
mod modules;
mod mutated;
mod same;
mod verified;
