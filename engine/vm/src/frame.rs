//! The frame: where a function's parameters, locals and operand temps live.
//!
//! One layout for every tier, downwards from high addresses, 8 bytes a slot, v128 two slots.
//! `fp` is the frame pointer; a [`Slot`] is a distance from it in slots.
//!
//! ```text
//! slot  n+1        parameter 0, and result 0 on return   \  these are operand temps
//! slot  2+(n-1-i)  parameter slot i                      /  of the caller: never copied
//! slot  1          return word   (native: return address; portable: the caller's VmCtx)
//! slot  0          caller's fp
//! slot -1          *FuncEntry
//! slot -2          saved pc      (written before every call and trap)
//! slot -3-j        local slot j (declared locals, zeroed at entry)
//! slot -3-L-h      operand temp at stack height h
//! ```
//!
//! A value wider than a slot is addressed by its lowest slot. Result slot `i` is returned in
//! slot `n+1-i`; a callee that returns reads its header *before* it writes results, because
//! results may lie over it.
//!
//! Invariant: nothing but this file knows the numbers.

/// Slots between the parameters and the locals: return word, caller's fp, entry, saved pc.
pub const HEADER_SLOTS: u32 = 4;

/// Bytes of the value stack that a compiled function may use below the stack limit. One whose frame
/// is no larger need only have its top above the limit, and if it calls nothing, need not ask.
pub const UNCHECKED_FRAME_BYTES: u32 = 1024;

/// Bytes that a stack has below its limit: the frame of a function that did not ask lies below one
/// that only asked for its top, and a callee's header is written before the callee asks.
pub const STACK_RESERVE: u32 = 2 * UNCHECKED_FRAME_BYTES + 8 * HEADER_SLOTS;

/// A place in a frame: a signed distance from the frame pointer, in 8-byte slots.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Slot(pub i16);

impl Slot {
    /// The return word: return address in native code, caller's `VmCtx` in the portable world.
    pub const RETURN: Self = Self(1);
    /// The caller's frame pointer.
    pub const CALLER_FP: Self = Self(0);
    /// The `*FuncEntry` of the running function.
    pub const ENTRY: Self = Self(-1);
    /// The pc of the call or trap in progress.
    pub const SAVED_PC: Self = Self(-2);

    /// The distance from the frame pointer in slots.
    #[inline]
    #[must_use]
    pub const fn offset(self) -> isize {
        self.0 as isize
    }
}

/// The slots of one function's frame, from the sizes of its parts.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct FrameLayout {
    /// Slots of all parameters.
    pub param_slots: u32,
    /// Slots of all declared locals.
    pub local_slots: u32,
}

impl FrameLayout {
    /// The slot of the value of `width` slots whose first parameter slot is `index`, or `None`
    /// beyond the reach of a [`Slot`].
    #[must_use]
    pub fn param(self, index: u32, width: u32) -> Option<Slot> {
        let last = index.checked_add(width)?;
        slot(2 + i64::from(self.param_slots) - i64::from(last))
    }

    /// The slot of the value of `width` slots whose first declared-local slot is `index`.
    #[must_use]
    pub fn local(self, index: u32, width: u32) -> Option<Slot> {
        slot(-2 - i64::from(index) - i64::from(width))
    }

    /// The slot of the operand temp of `width` slots at stack height `height` (in slots).
    #[must_use]
    pub fn temp(self, height: u32, width: u32) -> Option<Slot> {
        slot(-2 - i64::from(self.local_slots) - i64::from(height) - i64::from(width))
    }

    /// The slot in which result 0 of `width` slots is returned.
    #[must_use]
    pub fn result(self, width: u32) -> Option<Slot> {
        slot(2 + i64::from(self.param_slots) - i64::from(width))
    }

    /// The frame pointer of a callee whose arguments end at caller stack height `height`, as a
    /// slot of the caller.
    #[must_use]
    pub fn callee_fp(self, height: u32) -> Option<Slot> {
        slot(-4 - i64::from(self.local_slots) - i64::from(height))
    }

    /// Slots below the frame pointer when the operand stack is at most `height` slots deep.
    #[must_use]
    pub fn slots_below_fp(self, height: u32) -> Option<u32> {
        self.local_slots.checked_add(height)?.checked_add(2)
    }
}

fn slot(offset: i64) -> Option<Slot> {
    i16::try_from(offset).ok().map(Slot)
}
