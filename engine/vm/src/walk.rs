//! The one bytecode walk: drives a visitor over the operators of a function body.
//!
//! What lives here: decoding of locals, the loop over operators, and the skipping of dead code,
//! done once for every tier. What does not: what an operator means to the visitor.
//!
//! Invariant: a visitor sees no operator that cannot be reached, except the `else` and `end` that
//! make code reachable again. The body has been validated.

use wasmparser::{
    BinaryReader, BinaryReaderError, FrameKind, FrameStack, VisitOperator, VisitSimdOperator,
};

/// A visitor of one function body.
///
/// `FrameStack::current_frame` may answer [`VALIDATED_FRAME`] always: blocks are known to nest.
pub trait Walk<'a>:
    VisitOperator<'a, Output = Result<(), <Self as Walk<'a>>::Error>> + FrameStack
{
    /// Why a visit stops.
    type Error: From<BinaryReaderError>;

    /// Whether the next operator can be reached.
    fn reachable(&self) -> bool;

    /// Told before each visit: the offset in the module's bytes of the operator to come.
    fn at(&mut self, offset: u64);
}

/// The answer of a [`FrameStack`] in a validated body: the one frame in which wasmparser accepts
/// every operator. Keeping its own stack of frames beside the visitor's cost a fifth of the
/// translation time.
pub const VALIDATED_FRAME: Option<FrameKind> = Some(FrameKind::If);

/// Splits a body into its run-length coded locals and its operators.
///
/// `base` is the offset of `body` in the module's bytes: offsets told to visitors count from there.
///
/// # Errors
///
/// When the body is not a function body.
pub fn open_body(body: &[u8], base: u64) -> Result<BodyReader<'_>, BinaryReaderError> {
    let mut reader = BinaryReader::new(body, base);
    let groups = reader.read_var_u32()?;
    let mut locals = Vec::new();
    for _ in 0..groups {
        let count = reader.read_var_u32()?;
        locals.push((count, reader.read::<wasmparser::ValType>()?));
    }
    Ok(BodyReader { locals, operators: reader })
}

/// A function body, opened.
pub struct BodyReader<'a> {
    /// How many locals of which type, in order.
    pub locals: Vec<(u32, wasmparser::ValType)>,
    operators: BinaryReader<'a>,
}

impl<'a> BodyReader<'a> {
    /// Shows every reachable operator to `visitor`, in order.
    ///
    /// # Errors
    ///
    /// When the visitor stops or the body is malformed.
    pub fn walk<V: Walk<'a>>(mut self, visitor: &mut V) -> Result<(), V::Error> {
        while !self.operators.eof() {
            if !visitor.reachable() {
                self.skip_dead_code()?;
            }
            visitor.at(self.operators.original_position());
            self.operators.visit_operator(visitor)??;
        }
        Ok(())
    }

    /// Stops before the `else` or `end` that closes the block in which code died.
    fn skip_dead_code(&mut self) -> Result<(), BinaryReaderError> {
        let mut depth = 0u32;
        loop {
            let mut next = self.operators.clone();
            match next.visit_operator(&mut Nesting)? {
                Nested::Opens => depth += 1,
                Nested::Splits | Nested::Closes if depth == 0 => return Ok(()),
                Nested::Closes => depth -= 1,
                Nested::Splits | Nested::Stays => {}
            }
            self.operators = next;
        }
    }
}

/// What an operator does to the nesting of blocks.
enum Nested {
    Opens,
    Splits,
    Closes,
    Stays,
}

/// Tells [`Nested`] of every operator.
struct Nesting;

impl FrameStack for Nesting {
    fn current_frame(&self) -> Option<FrameKind> {
        VALIDATED_FRAME
    }
}

macro_rules! nesting {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })?
        => $visit:ident ($($ann:tt)*))*) => {
        $(nesting!(@$visit ($($($argty),*)?));)*
    };
    (@visit_block $args:tt) => { nesting!(@as Opens visit_block $args); };
    (@visit_loop $args:tt) => { nesting!(@as Opens visit_loop $args); };
    (@visit_if $args:tt) => { nesting!(@as Opens visit_if $args); };
    (@visit_try_table $args:tt) => { nesting!(@as Opens visit_try_table $args); };
    (@visit_else $args:tt) => { nesting!(@as Splits visit_else $args); };
    (@visit_end $args:tt) => { nesting!(@as Closes visit_end $args); };
    (@$visit:ident $args:tt) => { nesting!(@as Stays $visit $args); };
    (@as $nested:ident $visit:ident ($($argty:ty),*)) => {
        fn $visit(&mut self $(, _: $argty)*) -> Nested {
            Nested::$nested
        }
    };
}

impl<'a> VisitOperator<'a> for Nesting {
    type Output = Nested;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Nested>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(nesting);
}

impl VisitSimdOperator<'_> for Nesting {
    wasmparser::for_each_visit_simd_operator!(nesting);
}
