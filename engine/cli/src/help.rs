//! What `--help` prints.
//!
//! Invariant: every option that `args` and `settings` accept stands here, and a test says so.

/// `wasmtier --help`.
pub(crate) const GENERAL: &str = "\
Runs WebAssembly.

Usage:
  wasmtier [run] [OPTIONS] FILE [ARGUMENT...]   run a program, or a function of a module
  wasmtier explore FILE [FUNCTION]              show what functions are run as
  wasmtier validate FILE...                     check modules without running them
  wasmtier wast FILE...                         run test scripts of the specification

FILE is a core module, binary or text. Everything behind it belongs to the program.

Options:
  -h, --help      this text; `wasmtier run --help` lists the options of `run`
  -V, --version   the version

Exit status: the program's; 134 if it traps, with a backtrace; 1 if something else is wrong.
";

/// `wasmtier run --help`.
pub(crate) const RUN: &str = "\
Runs a WebAssembly program (WASI preview1), or one function of a module.

Usage: wasmtier [run] [OPTIONS] FILE [ARGUMENT...]

FILE is a core module, binary or text. Its `_start` is called with the arguments; or, with
--invoke, the function named there, with arguments of its types, and its results are printed.
The program gets the standard streams, and nothing else that is not given to it here.

Options:
      --invoke NAME             call this exported function instead of `_start`; integers may be
                                decimal or hexadecimal, floats also `inf`, `nan` and `0x1.8p3`
      --dir HOST[::GUEST[::ro]]
                                give the program a directory, under the name GUEST; with `::ro`
                                it can change nothing there (repeatable)
      --env NAME[=VALUE]        set a variable; without VALUE, as it is set here (repeatable)
      --argv0 NAME              what the program sees as its own name, in place of FILE's
      --preload NAME=FILE       instantiate a module first, for imports from NAME (repeatable)
      --tier TIER               auto (the default), portable, interp or jit
      --profile FORMAT          tell perf what machine code is called: perfmap (in
                                /tmp/perf-PID.map) or jitdump (in ./jit-PID.dump)
  -W KEY[=VALUE][,KEY...]       settings of WebAssembly (repeatable):
       max-memory-size=BYTES      most that each memory may grow to
       max-wasm-stack=BYTES       stack of the program (default 1048576)
       unknown-imports-default    imported functions that are missing return zero and null
       unknown-imports-trap       imported functions that are missing trap when called
       PROPOSAL[=n]               turn a proposal of WebAssembly on, or off:
                                  bulk-memory, custom-page-sizes, exceptions, extended-const,
                                  function-references, gc, memory64, multi-memory, multi-value,
                                  reference-types, relaxed-simd, simd, tail-call, threads,
                                  wide-arithmetic
  -h, --help                    this text

Exit status: the program's; 134 if it traps, with a backtrace; 1 if something else is wrong.
";

/// `wasmtier explore --help`.
pub(crate) const EXPLORE: &str = "\
Shows what becomes of functions, side by side: the offset and text of each operator of WebAssembly,
the cells it is translated to, and the pieces of machine code that run them. With `--tier jit` also
the code they are compiled to: for each operator the offset and the bytes. What an operator leaves
to the next, such as a comparison to a branch, is in the code of that one.

Usage: wasmtier explore [OPTIONS] FILE [FUNCTION]

FILE is a core module, binary or text. FUNCTION is an index, the name of an export, or a name from
the name section; without it all functions are shown. Nothing of the module runs.

In the cells, [N] is the slot of 8 bytes at N from the frame pointer. In the names of handlers, the
letters behind the operator say where its result goes and its operands are: S in a slot, A in the
accumulator, C a constant, L0 to L3 and F0 to F3 in a register for an integer or float local.

Options:
      --summary                 only a line of sizes for each function
      --tier TIER               auto (the default), portable, interp or jit
  -W KEY[=VALUE][,KEY...]       settings of WebAssembly, as for `run` (repeatable)
  -h, --help                    this text

Exit status: 0, or 1 if something is wrong.
";

/// `wasmtier validate --help`.
pub(crate) const VALIDATE: &str = "\
Checks that files are valid WebAssembly modules, binary or text. Prints nothing when they are.

Usage: wasmtier validate FILE...

Exit status: 0 if all are valid, else 1, with a line for each that is not.
";

/// `wasmtier wast --help`.
pub(crate) const WAST: &str = "\
Runs test scripts of the WebAssembly specification (.wast).

Usage: wasmtier wast FILE...

Exit status: 0 if every directive passes, else 1.
";
