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
    /// Offset behind its last operator.
    pub end: u64,
    /// How many calls it makes.
    pub calls: u32,
    /// Offset of the first of them, or `u64::MAX`.
    pub first_call: u64,
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
    /// How many of these are writes.
    pub sets: u32,
    /// Offset of the first of them.
    pub first: u64,
    /// Offset of the last of them.
    pub last: u64,
}

/// What a body holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prescan {
    /// The body and its loops, in the order of their offsets.
    pub regions: Vec<Region>,
    /// Uses of locals. One region may name a local several times, when it uses it both before and
    /// after an inner loop does.
    pub uses: Vec<LocalUse>,
    /// Locals, by index, of which a read may come before any write.
    pub fresh: Vec<bool>,
    /// Whether the frame may be replaced by a callee's.
    pub tail_calls: bool,
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
        blocks: vec![Block { is_loop: false, id: 0 }],
        opened: 0,
        region: RegionIdx::BODY,
        latest: Vec::new(),
        locals: declared + u64::from(params),
        offset: base,
        reachable: true,
    };
    scanner.open(0);
    reader.walk(&mut scanner)?;
    scanner.scan.regions[0].end = scanner.offset + 1;
    scanner.scan.fresh = scanner.latest.iter().map(|latest| latest.fresh).collect();
    Ok(scanner.scan)
}

/// No use of a local yet.
const UNUSED: u32 = u32::MAX;

/// An open block, or one arm of an `if`; the body is one too.
#[derive(Copy, Clone)]
struct Block {
    is_loop: bool,
    /// Its number in the order of their beginnings.
    id: u32,
}

/// What is known of a local so far.
#[derive(Copy, Clone)]
struct Latest {
    /// The place of its latest entry in `uses`.
    entry: u32,
    /// Whether a read may come before a write.
    fresh: bool,
    /// The block that begins with a write, before any read: how many blocks are around it, and its
    /// number. While it is open the local has been written.
    written: (u32, u32),
}

struct Scanner {
    scan: Prescan,
    blocks: Vec<Block>,
    /// How many blocks were opened.
    opened: u32,
    region: RegionIdx,
    /// By local, as far as they are used.
    latest: Vec<Latest>,
    locals: u64,
    offset: u64,
    reachable: bool,
}

type Visit = Result<(), PrescanError>;

impl Scanner {
    fn open(&mut self, depth: u32) {
        let region = RegionIdx(self.scan.regions.len() as u32);
        let (parent, offset) = (self.region, self.offset);
        let first_call = u64::MAX;
        self.scan.regions.push(Region { parent, depth, offset, end: offset, calls: 0, first_call });
        self.region = region;
    }

    fn operator(&mut self) {
        self.scan.operators = self.scan.operators.saturating_add(1);
    }

    fn block(&mut self, is_loop: bool) {
        if is_loop {
            self.open(self.scan.regions[self.region.index()].depth + 1);
        }
        self.opened += 1;
        self.blocks.push(Block { is_loop, id: self.opened });
    }

    fn other_arm(&mut self) {
        self.reachable = true;
        self.opened += 1;
        if let Some(block) = self.blocks.last_mut() {
            block.id = self.opened;
        }
    }

    fn end(&mut self) {
        if self.blocks.pop().is_some_and(|block| block.is_loop) {
            let region = &mut self.scan.regions[self.region.index()];
            region.end = self.offset + 1;
            self.region = region.parent;
        }
        // Whether the end can be reached is not known without types; the body's last is none.
        self.reachable = true;
    }

    fn local(&mut self, local: u32, is_set: bool) -> Visit {
        if u64::from(local) >= self.locals {
            let (local, offset) = (LocalIdx(local), self.offset);
            return Err(PrescanError::UnknownLocal { local, offset });
        }
        let at = local as usize;
        if self.latest.len() <= at {
            self.latest
                .resize(at + 1, Latest { entry: UNUSED, fresh: false, written: (0, UNUSED) });
        }
        let latest = &mut self.latest[at];
        if latest.entry == UNUSED {
            let depth = self.blocks.len() - 1;
            latest.fresh = !is_set;
            latest.written = (depth as u32, self.blocks[depth].id);
        } else {
            let (depth, id) = latest.written;
            let open = self.blocks.get(depth as usize);
            latest.fresh |= open.is_none_or(|block| block.id != id);
        }
        let offset = self.offset;
        match self.scan.uses.get_mut(latest.entry as usize) {
            Some(latest) if latest.region == self.region => {
                latest.count += 1;
                latest.sets += u32::from(is_set);
                latest.last = offset;
            }
            _ => {
                latest.entry = self.scan.uses.len() as u32;
                self.scan.uses.push(LocalUse {
                    region: self.region,
                    local: LocalIdx(local),
                    count: 1,
                    sets: u32::from(is_set),
                    first: offset,
                    last: offset,
                });
            }
        }
        Ok(())
    }

    fn replaced(&mut self) {
        self.scan.tail_calls = true;
        self.reachable = false;
    }

    fn call(&mut self) {
        let region = &mut self.scan.regions[self.region.index()];
        region.calls += 1;
        region.first_call = region.first_call.min(self.offset);
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

    fn unary(&mut self, _: NumOp) -> Visit {
        self.operator();
        Ok(())
    }

    fn binary(&mut self, _: NumOp) -> Visit {
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
    (@visit_else $args:tt) => { scan!(|scanner| scanner.other_arm(); visit_else $args); };
    (@visit_end $args:tt) => { scan!(|scanner| scanner.end(); visit_end $args); };
    (@visit_br $args:tt) => { scan!(@leaves visit_br $args); };
    (@visit_br_table $args:tt) => { scan!(@leaves visit_br_table $args); };
    (@visit_return $args:tt) => { scan!(@leaves visit_return $args); };
    (@visit_unreachable $args:tt) => { scan!(@leaves visit_unreachable $args); };
    (@visit_throw $args:tt) => { scan!(@leaves visit_throw $args); };
    (@visit_throw_ref $args:tt) => { scan!(@leaves visit_throw_ref $args); };
    (@visit_return_call $args:tt) => { scan!(@replaced visit_return_call $args); };
    (@visit_return_call_ref $args:tt) => { scan!(@replaced visit_return_call_ref $args); };
    (@visit_return_call_indirect $args:tt) => {
        scan!(@replaced visit_return_call_indirect $args);
    };
    (@visit_memory_grow $args:tt) => { scan!(@builtin visit_memory_grow $args); };
    (@visit_memory_init $args:tt) => { scan!(@builtin visit_memory_init $args); };
    (@visit_memory_copy $args:tt) => { scan!(@builtin visit_memory_copy $args); };
    (@visit_memory_fill $args:tt) => { scan!(@builtin visit_memory_fill $args); };
    (@visit_table_get $args:tt) => { scan!(@builtin visit_table_get $args); };
    (@visit_table_set $args:tt) => { scan!(@builtin visit_table_set $args); };
    (@visit_table_grow $args:tt) => { scan!(@builtin visit_table_grow $args); };
    (@visit_table_init $args:tt) => { scan!(@builtin visit_table_init $args); };
    (@visit_table_copy $args:tt) => { scan!(@builtin visit_table_copy $args); };
    (@visit_table_fill $args:tt) => { scan!(@builtin visit_table_fill $args); };
    (@builtin $visit:ident $args:tt) => { scan!(|scanner| scanner.call(); $visit $args); };
    (@visit_call $args:tt) => { scan!(|scanner| scanner.call(); visit_call $args); };
    (@visit_call_ref $args:tt) => { scan!(|scanner| scanner.call(); visit_call_ref $args); };
    (@visit_call_indirect $args:tt) => {
        scan!(|scanner| scanner.call(); visit_call_indirect $args);
    };
    (@visit_local_get $args:tt) => { scan!(@local false; visit_local_get $args); };
    (@visit_local_set $args:tt) => { scan!(@local true; visit_local_set $args); };
    (@visit_local_tee $args:tt) => { scan!(@local true; visit_local_tee $args); };
    (@replaced $visit:ident $args:tt) => {
        scan!(|scanner| scanner.replaced(); $visit $args);
    };
    (@leaves $visit:ident $args:tt) => {
        scan!(|scanner| scanner.reachable = false; $visit $args);
    };
    (@local $is_set:literal; $visit:ident ($local:ident: $argty:ty)) => {
        fn $visit(&mut self, $local: $argty) -> Visit {
            self.operator();
            self.local($local, $is_set)
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
