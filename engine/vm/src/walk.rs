//! The one bytecode walk: drives a visitor over the operators of a function body.
//!
//! What lives here: decoding of locals, the loop over operators, and the skipping of dead code,
//! done once for every tier. What does not: what an operator means to the visitor.
//!
//! Invariant: a visitor sees no operator that cannot be reached, except the `else` and `end` that
//! make code reachable again. The body has been validated.

use wasmparser::{BinaryReader, BinaryReaderError, Operator, OperatorsReader, VisitOperator};

/// A visitor of one function body.
pub trait Walk<'a>: VisitOperator<'a, Output = Result<(), <Self as Walk<'a>>::Error>> {
    /// Why a visit stops.
    type Error: From<BinaryReaderError>;

    /// Whether the next operator can be reached.
    fn reachable(&self) -> bool;

    /// Told before each visit: the offset in the module's bytes of the operator to come.
    fn at(&mut self, offset: u64);
}

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
    Ok(BodyReader { locals, operators: OperatorsReader::new(reader) })
}

/// A function body, opened.
pub struct BodyReader<'a> {
    /// How many locals of which type, in order.
    pub locals: Vec<(u32, wasmparser::ValType)>,
    operators: OperatorsReader<'a>,
}

impl<'a> BodyReader<'a> {
    /// Shows every reachable operator to `visitor`, in order.
    ///
    /// # Errors
    ///
    /// When the visitor stops or the body is malformed.
    pub fn walk<V: Walk<'a>>(mut self, visitor: &mut V) -> Result<(), V::Error> {
        while !self.operators.eof() {
            visitor.at(self.operators.original_position());
            if visitor.reachable() {
                self.operators.visit_operator(visitor)??;
            } else {
                self.skip_dead_code(visitor)?;
            }
        }
        Ok(())
    }

    /// Reads to the `else` or `end` that closes the block in which code died, and shows that.
    fn skip_dead_code<V: Walk<'a>>(&mut self, visitor: &mut V) -> Result<(), V::Error> {
        let mut depth = 0u32;
        loop {
            let offset = self.operators.original_position();
            match self.operators.read()? {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => depth += 1,
                Operator::Else if depth == 0 => {
                    visitor.at(offset);
                    return visitor.visit_else();
                }
                Operator::End if depth == 0 => {
                    visitor.at(offset);
                    return visitor.visit_end();
                }
                Operator::End => depth -= 1,
                _ => {}
            }
        }
    }
}
