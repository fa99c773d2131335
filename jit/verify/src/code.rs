//! [`Code`]: what bytes of a function are instructions, and where its jumps go.
//!
//! What lives here: decoding, and what can be said of an instruction alone. What does not: what is
//! in registers when it runs. Invariant: every byte before the constants is of one instruction, and
//! every direct jump or call goes to the begin of one.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};
use wasmtier_jit::{Compiled, Loops, Options};

use crate::allowed;
use crate::refusal::Refusal;

/// The instructions of some code, and where its constants begin.
#[derive(Clone, Debug)]
pub struct Instructions {
    /// All of them, in order.
    pub list: Vec<Instruction>,
    /// Where the constants begin that instructions refer to, or else the end of the bytes.
    pub constants: usize,
}

/// Decodes code with constants behind it, up to the first one that an instruction refers to.
#[must_use]
pub fn instructions(bytes: &[u8]) -> Instructions {
    let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    let mut constants = bytes.len();
    let mut list = Vec::with_capacity(bytes.len() / 4);
    while decoder.can_decode() && decoder.position() < constants {
        let instruction = decoder.decode();
        if instruction.is_ip_rel_memory_operand() {
            let at = instruction.ip_rel_memory_address();
            constants = constants.min(usize::try_from(at).unwrap_or(0));
        }
        list.push(instruction);
    }
    Instructions { list, constants }
}

/// Where no instruction begins.
const NONE: u32 = u32::MAX;

/// The code of a function.
#[derive(Debug)]
pub(crate) struct Code<'a> {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) bytes: &'a [u8],
    /// Where the constants begin.
    pub(crate) constants: usize,
    /// By offset: the place of the instruction that begins there.
    places: Vec<u32>,
    faults: &'a [u32],
    /// Where it is entered besides.
    pub(crate) loops: &'a Loops,
}

impl<'a> Code<'a> {
    /// Decodes, and refuses what no context can make right.
    pub(crate) fn read(compiled: &'a Compiled, options: &Options) -> Result<Self, Refusal> {
        let bytes = &compiled.code;
        let Instructions { list, constants } = instructions(bytes);
        let mut places = vec![NONE; constants];
        for (place, instruction) in (0..).zip(&list) {
            let start = instruction.ip() as usize;
            allowed::check(instruction, options.cpu)
                .and_then(|()| match start + instruction.len() <= constants {
                    true => Ok(()),
                    false => Err("it reaches into the constants".to_owned()),
                })
                .map_err(|reason| refusal(instruction, reason))?;
            // At a return address, that says what code it is.
            if instruction.mnemonic() == Mnemonic::Nop && instruction.memory_displacement64() != 0 {
                return Err(refusal(instruction, "it is a mark of a shared routine".to_owned()));
            }
            places[start] = place;
        }
        let Compiled { faults, loops, .. } = compiled;
        let code = Self { instructions: list, bytes, constants, places, faults, loops };
        code.check_targets()?;
        code.check_faults()?;
        Ok(code)
    }

    /// The place of the instruction that begins at an offset.
    pub(crate) fn place(&self, offset: u64) -> Option<usize> {
        let place = *self.places.get(usize::try_from(offset).ok()?)?;
        (place != NONE).then_some(place as usize)
    }

    /// Whether the fault of an instruction is a trap.
    pub(crate) fn may_fault(&self, instruction: &Instruction) -> bool {
        self.faults.binary_search(&(instruction.ip() as u32)).is_ok()
    }

    fn check_targets(&self) -> Result<(), Refusal> {
        for instruction in &self.instructions {
            let direct = matches!(
                instruction.flow_control(),
                FlowControl::UnconditionalBranch
                    | FlowControl::ConditionalBranch
                    | FlowControl::Call
            );
            if direct && self.place(instruction.near_branch_target()).is_none() {
                let reason = "its target is no instruction of the function".to_owned();
                return Err(refusal(instruction, reason));
            }
        }
        Ok(())
    }

    fn check_faults(&self) -> Result<(), Refusal> {
        let ascending = self.faults.windows(2).all(|pair| pair[0] < pair[1]);
        let unknown = self.faults.iter().find(|fault| self.place(u64::from(**fault)).is_none());
        match (ascending, unknown) {
            (true, None) => Ok(()),
            (false, _) => Err(Refusal {
                offset: 0,
                instruction: String::new(),
                reason: "the list of faults is not ascending".to_owned(),
            }),
            (true, Some(offset)) => Err(Refusal {
                offset: *offset,
                instruction: String::new(),
                reason: "no instruction begins where a fault is listed".to_owned(),
            }),
        }
    }
}

/// A refusal of an instruction.
pub(crate) fn refusal(instruction: &Instruction, reason: String) -> Refusal {
    let (offset, instruction) = (instruction.ip() as u32, instruction.to_string());
    Refusal { offset, instruction, reason }
}
