//! [`Shape`]: a kind of memory, with the offsets and indices that are at its edges; [`Way`]: how an
//! index is made.

const PAGE: u64 = 1 << 16;

/// A kind of memory.
#[derive(Copy, Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// The index of the memory that is accessed. Others are smaller or larger.
    pub(super) memory: usize,
    pub(super) wide: bool,
    pub(super) shared: bool,
    pub(super) pages: u64,
    /// How many of the pages are grown.
    pub(super) grown: u64,
}

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "one page", memory: 0, wide: false, shared: false, pages: 1, grown: 0 },
    Shape { name: "largest", memory: 0, wide: false, shared: false, pages: 65536, grown: 0 },
    Shape { name: "empty", memory: 0, wide: false, shared: false, pages: 0, grown: 0 },
    Shape { name: "grown", memory: 0, wide: false, shared: false, pages: 4, grown: 3 },
    Shape { name: "second", memory: 1, wide: false, shared: false, pages: 2, grown: 1 },
    Shape { name: "wide", memory: 0, wide: true, shared: false, pages: 2, grown: 1 },
    Shape { name: "second wide", memory: 1, wide: true, shared: false, pages: 1, grown: 0 },
    Shape { name: "shared", memory: 0, wide: false, shared: true, pages: 3, grown: 1 },
];

impl Shape {
    pub(super) fn len(&self) -> u64 {
        self.pages * PAGE
    }

    pub(super) fn offsets(&self) -> Vec<u64> {
        let len = self.len();
        let mut all = vec![
            0,
            1,
            8,
            len / 2,
            len.saturating_sub(8),
            len.saturating_sub(1),
            len,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_0000,
            0xffff_fff8,
            0xffff_ffff,
        ];
        all.retain(|offset| *offset <= 0xffff_ffff);
        if self.wide {
            all.extend([1 << 32, i64::MAX as u64, u64::MAX - 7, u64::MAX]);
        }
        all
    }

    pub(super) fn indices(&self) -> Vec<u64> {
        let len = self.len();
        let mut all = vec![
            0,
            1,
            16,
            len / 2,
            len.saturating_sub(16),
            len.saturating_sub(5),
            len.saturating_sub(1),
            len,
            0x7fff_fff8,
            0x8000_0000,
            0xffff_fff0,
            0xffff_ffff,
        ];
        all.retain(|index| *index <= 0xffff_ffff);
        if self.wide {
            all.extend([(1 << 32) + 16, 1 << 63, u64::MAX - 15, u64::MAX]);
        }
        all
    }

    pub(super) fn index_type(&self) -> &'static str {
        if self.wide { "i64" } else { "i32" }
    }

    /// The text of what is imported, and of the memories.
    pub(super) fn memories(&self) -> String {
        let before = self.pages - self.grown;
        let wide = if self.wide { "i64" } else { "" };
        let ty = self.index_type();
        let host = format!("(func $host (import \"env\" \"same\") (param {ty}) (result {ty}))");
        let tested = if self.shared {
            format!("(memory (import \"env\" \"memory\") {before} {} shared)", self.pages)
        } else {
            format!("(memory (export \"memory\") {wide} {before} {})", self.pages)
        };
        let all = match self.memory {
            0 => tested + "(memory $scratch 1)",
            _ => "(memory $scratch 1)".to_owned() + &tested,
        };
        host + &all + &format!("(memory $full {wide} 1 1)")
    }
}

/// How an index is made of the parameter `$i`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Parameter,
    Local,
    CallResult,
    HostResult,
    GrowResult,
    Wrapped,
    Spilled,
    Merged,
    Lane,
    Global,
    Loaded,
    Sum,
    Carried,
    Constant(u64),
}

impl Way {
    /// Those that are not constant.
    pub(super) const ALL: [Self; 13] = [
        Self::Parameter,
        Self::Local,
        Self::CallResult,
        Self::HostResult,
        Self::GrowResult,
        Self::Wrapped,
        Self::Spilled,
        Self::Merged,
        Self::Lane,
        Self::Global,
        Self::Loaded,
        Self::Sum,
        Self::Carried,
    ];

    /// Text of the index. `$dirty` is an `i64` whose upper half is not zero, and the lower is.
    pub(super) fn text(self, shape: &Shape) -> String {
        let ty = shape.index_type();
        let get = "(local.get $i)";
        let sum = format!("({ty}.sub {get} (local.get $zero))");
        match self {
            Self::Parameter => get.to_owned(),
            Self::Local => "(local.get $s)".to_owned(),
            Self::CallResult => format!("(call $same {get})"),
            Self::HostResult => format!("(call $host {get})"),
            // The number of pages, or -1 if that is asked for.
            Self::GrowResult => format!(
                "(memory.grow $full (select ({ty}.const 0) ({ty}.const 9)
                   ({ty}.eq {get} ({ty}.const 1))))"
            ),
            Self::Wrapped if shape.wide => format!("(i64.extend_i32_u (i32.wrap_i64 {get}))"),
            Self::Wrapped => {
                format!("(i32.wrap_i64 (i64.or (i64.extend_i32_u {get}) (local.get $dirty)))")
            }
            Self::Spilled => format!("{sum} (call $clobber)"),
            Self::Merged => format!(
                "(block (result {ty}) {get} (br_if 0 (i64.eqz (local.get $dirty))) drop {sum})"
            ),
            Self::Lane if shape.wide => format!("(i64x2.extract_lane 1 (i64x2.splat {get}))"),
            Self::Lane => format!("(i32x4.extract_lane 2 (i32x4.splat {get}))"),
            Self::Global => "(global.get $g)".to_owned(),
            Self::Loaded => format!("({ty}.load $scratch (i32.const 8))"),
            Self::Sum => format!("({ty}.add (local.get $s) (local.get $zero))"),
            // Folded into an address, this would leave 32 bits.
            Self::Carried => format!(
                "({ty}.add ({ty}.sub {get} ({ty}.const 0x7ffffff0)) ({ty}.const 0x7ffffff0))"
            ),
            Self::Constant(index) => format!("({ty}.const {index})"),
        }
    }

    /// The index, of what is passed.
    pub(super) fn index(self, shape: &Shape, passed: u64) -> u64 {
        match self {
            Self::Parameter
            | Self::Local
            | Self::CallResult
            | Self::HostResult
            | Self::Spilled
            | Self::Merged
            | Self::Lane
            | Self::Global
            | Self::Loaded
            | Self::Sum
            | Self::Carried => passed,
            Self::GrowResult if passed == 1 => 1,
            Self::GrowResult => {
                if shape.wide {
                    u64::MAX
                } else {
                    u64::from(u32::MAX)
                }
            }
            Self::Wrapped => passed & 0xffff_ffff,
            Self::Constant(index) => index,
        }
    }
}
