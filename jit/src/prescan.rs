//! The prescan: one walk over a body that finds its loops and what they use.
//!
//! What lives here: counting. What does not: the choice of registers that is made of it.
//!
//! Invariant: time and memory are linear in the size of the body whatever it holds. Nothing is
//! summed over nested loops here; each region tells its own operators only, and its parent.

use core::fmt;

use wasmparser::{BinaryReaderError, FrameKind, FrameStack, VisitOperator, VisitSimdOperator};
use wasmtier_ops::{LoadOp, NumOp, StoreOp};
use wasmtier_vm::{LocalIdx, MemoryIdx, VALIDATED_FRAME, Walk, open_body};

/// Index of a region of a body: region 0 is the body itself, the others are its loops in order.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RegionIdx(u32);

impl RegionIdx {
    /// The body outside all loops.
    pub const BODY: Self = Self(0);

    /// The region as an index into [`Prescan::regions`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The body, or a loop in it, without the loops inside.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// The region around it; the body is its own parent.
    pub parent: RegionIdx,
    /// How many loops surround its operators: 0 in the body.
    pub depth: u32,
    /// Offset of its `loop` operator in the module, or of the body's first operator.
    pub offset: u64,
    /// How many calls it makes.
    pub calls: u32,
}

/// How often a region uses a local.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct LocalUse {
    /// The region, without those inside.
    pub region: RegionIdx,
    /// The local.
    pub local: LocalIdx,
    /// Its reads and writes, as they stand in the code.
    pub count: u32,
}

/// What a body holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prescan {
    /// The body and its loops, in the order of their offsets.
    pub regions: Vec<Region>,
    /// Uses of locals. One region may name a local several times, when it uses it both before and
    /// after an inner loop does.
    pub uses: Vec<LocalUse>,
    /// Reachable operators.
    pub operators: u32,
}

impl Prescan {
    /// How often `local` is used, each use weighed by 8 to the depth of its loop, up to 6 deep.
    ///
    /// Linear in the number of [`Prescan::uses`].
    #[must_use]
    pub fn weight(&self, local: LocalIdx) -> u64 {
        let weigh = |used: &LocalUse| {
            let depth = self.regions[used.region.index()].depth.min(6);
            u64::from(used.count) << (3 * depth)
        };
        self.uses.iter().filter(|used| used.local == local).map(weigh).sum()
    }
}

/// Why a body cannot be prescanned: it was not validated.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PrescanError {
    /// The bytes are no function body.
    Malformed(BinaryReaderError),
    /// An operator names a local that the function does not have.
    UnknownLocal {
        /// The local.
        local: LocalIdx,
        /// The operator's offset in the module.
        offset: u64,
    },
}

impl fmt::Display for PrescanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "malformed function body: {error}"),
            Self::UnknownLocal { local, offset } => {
                write!(f, "unknown local {} at offset {offset:#x}", local.0)
            }
        }
    }
}

impl core::error::Error for PrescanError {}

impl From<BinaryReaderError> for PrescanError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

/// Prescans a validated function body with `params` parameters. `base` is the offset of `body` in
/// its module.
///
/// # Errors
///
/// When `body` is no function body, or names a local it does not have.
///
/// ```
/// use wasmtier_jit::{RegionIdx, prescan};
/// use wasmtier_vm::LocalIdx;
/// // (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
/// let body = [0, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b];
/// let scan = prescan(&body, 0, 1)?;
/// assert_eq!(scan.regions.len(), 2);
/// assert_eq!(scan.regions[1].parent, RegionIdx::BODY);
/// assert_eq!(scan.weight(LocalIdx(0)), 2 * 8);
/// # Ok::<(), wasmtier_jit::PrescanError>(())
/// ```
pub fn prescan(body: &[u8], base: u64, params: u32) -> Result<Prescan, PrescanError> {
    let reader = open_body(body, base)?;
    let declared = reader.locals.iter().map(|(count, _)| u64::from(*count)).sum::<u64>();
    let mut scanner = Scanner {
        scan: Prescan::default(),
        blocks: Vec::new(),
        region: RegionIdx::BODY,
        last_use: Vec::new(),
        locals: declared + u64::from(params),
        offset: base,
        reachable: true,
    };
    scanner.open(0);
    reader.walk(&mut scanner)?;
    Ok(scanner.scan)
}

/// No use of a local yet.
const UNUSED: u32 = u32::MAX;

struct Scanner {
    scan: Prescan,
    /// For each open block: whether it is a loop.
    blocks: Vec<bool>,
    region: RegionIdx,
    /// For each local that was used: the place of its latest entry in `uses`.
    last_use: Vec<u32>,
    locals: u64,
    offset: u64,
    reachable: bool,
}

type Visit = Result<(), PrescanError>;

impl Scanner {
    fn open(&mut self, depth: u32) {
        let region = RegionIdx(self.scan.regions.len() as u32);
        let (parent, offset) = (self.region, self.offset);
        self.scan.regions.push(Region { parent, depth, offset, calls: 0 });
        self.region = region;
    }

    fn operator(&mut self) {
        self.scan.operators = self.scan.operators.saturating_add(1);
    }

    fn block(&mut self, is_loop: bool) {
        if is_loop {
            self.open(self.scan.regions[self.region.index()].depth + 1);
        }
        self.blocks.push(is_loop);
    }

    fn end(&mut self) {
        if self.blocks.pop() == Some(true) {
            self.region = self.scan.regions[self.region.index()].parent;
        }
        // Whether the end can be reached is not known without types; the body's last is none.
        self.reachable = true;
    }

    fn local(&mut self, local: u32) -> Visit {
        if u64::from(local) >= self.locals {
            let (local, offset) = (LocalIdx(local), self.offset);
            return Err(PrescanError::UnknownLocal { local, offset });
        }
        let at = local as usize;
        if self.last_use.len() <= at {
            self.last_use.resize(at + 1, UNUSED);
        }
        match self.scan.uses.get_mut(self.last_use[at] as usize) {
            Some(latest) if latest.region == self.region => latest.count += 1,
            _ => {
                self.last_use[at] = self.scan.uses.len() as u32;
                let (region, local) = (self.region, LocalIdx(local));
                self.scan.uses.push(LocalUse { region, local, count: 1 });
            }
        }
        Ok(())
    }

    fn call(&mut self) {
        self.scan.regions[self.region.index()].calls += 1;
    }
}

impl FrameStack for Scanner {
    fn current_frame(&self) -> Option<FrameKind> {
        VALIDATED_FRAME
    }
}

impl Walk<'_> for Scanner {
    type Error = PrescanError;

    fn reachable(&self) -> bool {
        self.reachable
    }

    fn at(&mut self, offset: u64) {
        self.offset = offset;
    }

    fn numeric(&mut self, _: NumOp) -> Visit {
        self.operator();
        Ok(())
    }

    fn load(&mut self, _: LoadOp, _: MemoryIdx, _: u64) -> Visit {
        self.operator();
        Ok(())
    }

    fn store(&mut self, _: StoreOp, _: MemoryIdx, _: u64) -> Visit {
        self.operator();
        Ok(())
    }
}

/// A method for each operator: what it tells the scanner, beyond that it is there.
macro_rules! scan {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })?
        => $visit:ident ($($ann:tt)*))*) => {
        $(scan!(@$visit ($($($arg: $argty),*)?));)*
    };
    (@visit_block $args:tt) => { scan!(|scanner| scanner.block(false); visit_block $args); };
    (@visit_if $args:tt) => { scan!(|scanner| scanner.block(false); visit_if $args); };
    (@visit_try_table $args:tt) => {
        scan!(|scanner| scanner.block(false); visit_try_table $args);
    };
    (@visit_loop $args:tt) => { scan!(|scanner| scanner.block(true); visit_loop $args); };
    (@visit_else $args:tt) => { scan!(|scanner| scanner.reachable = true; visit_else $args); };
    (@visit_end $args:tt) => { scan!(|scanner| scanner.end(); visit_end $args); };
    (@visit_br $args:tt) => { scan!(@leaves visit_br $args); };
    (@visit_br_table $args:tt) => { scan!(@leaves visit_br_table $args); };
    (@visit_return $args:tt) => { scan!(@leaves visit_return $args); };
    (@visit_unreachable $args:tt) => { scan!(@leaves visit_unreachable $args); };
    (@visit_throw $args:tt) => { scan!(@leaves visit_throw $args); };
    (@visit_throw_ref $args:tt) => { scan!(@leaves visit_throw_ref $args); };
    (@visit_return_call $args:tt) => { scan!(@leaves visit_return_call $args); };
    (@visit_return_call_ref $args:tt) => { scan!(@leaves visit_return_call_ref $args); };
    (@visit_return_call_indirect $args:tt) => {
        scan!(@leaves visit_return_call_indirect $args);
    };
    (@visit_call $args:tt) => { scan!(|scanner| scanner.call(); visit_call $args); };
    (@visit_call_ref $args:tt) => { scan!(|scanner| scanner.call(); visit_call_ref $args); };
    (@visit_call_indirect $args:tt) => {
        scan!(|scanner| scanner.call(); visit_call_indirect $args);
    };
    (@visit_local_get $args:tt) => { scan!(@local visit_local_get $args); };
    (@visit_local_set $args:tt) => { scan!(@local visit_local_set $args); };
    (@visit_local_tee $args:tt) => { scan!(@local visit_local_tee $args); };
    (@leaves $visit:ident $args:tt) => {
        scan!(|scanner| scanner.reachable = false; $visit $args);
    };
    (@local $visit:ident ($local:ident: $argty:ty)) => {
        fn $visit(&mut self, $local: $argty) -> Visit {
            self.operator();
            self.local($local)
        }
    };
    (@$visit:ident $args:tt) => { scan!(|_scanner| (); $visit $args); };
    (|$scanner:ident| $does:expr; $visit:ident ($($arg:ident: $argty:ty),*)) => {
        fn $visit(&mut self $(, _: $argty)*) -> Visit {
            self.operator();
            let $scanner = self;
            $does;
            Ok(())
        }
    };
}

impl<'a> VisitOperator<'a> for Scanner {
    type Output = Visit;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Visit>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(scan);
}

impl VisitSimdOperator<'_> for Scanner {
    wasmparser::for_each_visit_simd_operator!(scan);
}
