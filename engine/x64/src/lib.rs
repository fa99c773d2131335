//! x86-64 code buffer and operator lowerings.
