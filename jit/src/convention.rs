//! Where functions take their arguments and leave their results.
//!
//! What lives here: the places, for compiled callers and callees and for the adapters to those that
//! have everything in slots. What does not: how values get there. Invariant: a place depends on the
//! types before it alone, and every value has its slots whether it is in a register or not.

use wasmtier_vm::{FuncType, ValType};
use wasmtier_x64::lower::Reg;
use wasmtier_x64::{Gpr, Mem, Xmm};

/// The registers of the first integer and reference arguments.
pub const INT_ARGUMENTS: [Gpr; 5] = [Gpr::Rdi, Gpr::Rsi, Gpr::R8, Gpr::R9, Gpr::R10];

/// The registers of the first float and vector arguments.
pub const FLOAT_ARGUMENTS: [Xmm; 8] = {
    let mut registers = [Xmm::new(4); 8];
    let mut i = 0;
    while i < registers.len() {
        registers[i] = Xmm::new(4 + i as u8);
        i += 1;
    }
    registers
};

/// The registers of the first integer and reference results.
pub const INT_RESULTS: [Gpr; 2] = [Gpr::Rax, Gpr::Rdx];

/// The registers of the first float and vector results.
pub const FLOAT_RESULTS: [Xmm; 2] = [Xmm::new(0), Xmm::new(1)];

/// Where an argument or a result is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its type.
    pub ty: ValType,
    /// Its register; if it has none, it is in its slots.
    pub register: Option<Reg>,
    /// The first of its slots, counted from the frame's top downwards.
    pub slot: u32,
}

impl Place {
    /// Bytes from the frame's top down to its slots, where its lowest byte is.
    #[must_use]
    pub fn below_top(self) -> u32 {
        8 * (self.slot + self.ty.slots())
    }

    /// Its slots, given the register that holds the address of the frame's top.
    #[must_use]
    pub fn mem(self, top: Gpr) -> Mem {
        Mem::new(top, -(self.below_top() as i32))
    }
}

/// Where the arguments of a function of this type are when it is entered.
///
/// ```
/// use wasmtier_jit::arguments;
/// use wasmtier_vm::{FuncType, ValType};
/// use wasmtier_x64::{Gpr, Xmm};
/// let ty = FuncType::new([ValType::I32, ValType::V128, ValType::I64], []);
/// let places: Vec<_> = arguments(&ty).map(|place| (place.register, place.slot)).collect();
/// let registers = [Gpr::Rdi.into(), Xmm::new(4).into(), Gpr::Rsi.into()].map(Some);
/// assert_eq!(places, [(registers[0], 0), (registers[1], 1), (registers[2], 3)]);
/// ```
pub fn arguments(ty: &FuncType) -> impl Iterator<Item = Place> + '_ {
    places(ty.params(), &INT_ARGUMENTS, &FLOAT_ARGUMENTS)
}

/// Where the results of a function of this type are when it has returned.
pub fn results(ty: &FuncType) -> impl Iterator<Item = Place> + '_ {
    places(ty.results(), &INT_RESULTS, &FLOAT_RESULTS)
}

fn places<'a>(
    types: &'a [ValType],
    ints: &'static [Gpr],
    floats: &'static [Xmm],
) -> impl Iterator<Item = Place> + 'a {
    let (mut ints, mut floats) = (ints.iter(), floats.iter());
    let mut next = 0;
    types.iter().map(move |&ty| {
        let slot = next;
        next += ty.slots();
        let register = if ty.is_float() {
            floats.next().map(|register| Reg::Xmm(*register))
        } else {
            ints.next().map(|register| Reg::Gpr(*register))
        };
        Place { ty, register, slot }
    })
}
