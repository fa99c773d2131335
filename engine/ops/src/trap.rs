//! The ways a wasm program can be stopped. A trap is a value here: what raises it and how it
//! unwinds lives in `vm` and the tiers. Discriminants are stored in code images and never change
//! meaning.

use std::error::Error;
use std::fmt;

/// Defines [`Trap`] and its derived tables from one row per trap: name, code, message.
macro_rules! define_traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $message:literal;)*) => {
        /// Why execution was aborted.
        ///
        /// The `Display` texts contain the messages that the specification's test suite expects.
        ///
        /// ```
        /// use wasmtier_ops::Trap;
        /// let trap = Trap::IntegerDivisionByZero;
        /// assert_eq!(trap.to_string(), "integer divide by zero");
        /// assert_eq!(Trap::from_u8(trap as u8), Some(trap));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Trap {
            $($(#[$doc])* $name = $code,)*
        }

        impl Trap {
            /// Every trap, in order of its code.
            pub const ALL: &[Trap] = &[$(Trap::$name),*];

            /// The trap whose code is `code`, if there is one. Zero is no trap.
            #[must_use]
            pub const fn from_u8(code: u8) -> Option<Trap> {
                match code {
                    $($code => Some(Trap::$name),)*
                    _ => None,
                }
            }

            const fn message(self) -> &'static str {
                match self {
                    $(Trap::$name => $message,)*
                }
            }
        }
    };
}

define_traps! {
    /// A call would have exceeded the stack limit.
    StackOverflow = 1, "call stack exhausted";
    /// An access outside of a linear memory.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// An atomic access whose effective address is not a multiple of its width.
    HeapMisaligned = 3, "unaligned atomic";
    /// An access outside of a table.
    TableOutOfBounds = 4, "undefined element: out of bounds table access";
    /// An indirect call through a null table element.
    IndirectCallToNull = 5, "uninitialized element";
    /// An indirect call to a function of another type.
    BadSignature = 6, "indirect call type mismatch";
    /// A quotient or converted float that its integer type cannot hold.
    IntegerOverflow = 7, "integer overflow";
    /// An integer division or remainder by zero.
    IntegerDivisionByZero = 8, "integer divide by zero";
    /// A conversion of NaN to an integer.
    BadConversionToInteger = 9, "invalid conversion to integer";
    /// An `unreachable` operator was executed.
    UnreachableCodeReached = 10, "wasm `unreachable` instruction executed";
    /// The embedder interrupted execution.
    Interrupt = 11, "interrupt";
    /// The store's fuel is used up.
    OutOfFuel = 12, "all fuel consumed by WebAssembly";
    /// An operator that needs a reference found null.
    NullReference = 13, "null reference";
    /// `memory.atomic.wait*` on a memory that is not shared.
    AtomicWaitNonSharedMemory = 14, "expected shared memory: atomic wait on non-shared memory";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for Trap {}
