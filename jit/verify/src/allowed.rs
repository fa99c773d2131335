//! Which instructions there may be.
//!
//! What lives here: the list of scalar ones; vector ones are those of the encoders' tables. What
//! does not: what they may be applied to. Invariant: none changes the machine in a way that the
//! other modules do not know of.

use std::collections::HashSet;
use std::sync::LazyLock;

use iced_x86::{CpuidFeature, Instruction, Mnemonic, Register};
use wasmtier_x64::{CpuFeatures, XmmBlend, XmmImm, XmmOp, XmmShift, XmmUnary, XmmUnaryImm};

use crate::refusal::Reason;

/// Those without vector registers.
const SCALAR: &str = "
    mov movzx movsx movsxd lea xchg bswap
    cmovo cmovno cmovb cmovae cmove cmovne cmovbe cmova cmovs cmovns cmovp cmovnp cmovl cmovge
    cmovle cmovg
    seto setno setb setae sete setne setbe seta sets setns setp setnp setl setge setle setg
    add or adc sbb and sub xor cmp test inc dec not neg
    bsf bsr lzcnt tzcnt popcnt andn blsr blsmsk blsi bt
    rol ror shl shr sar shlx shrx sarx rorx
    imul mul div idiv cdq cqo mulx
    jmp jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg
    call ret nop ud2 int3
    xadd cmpxchg mfence
";

/// Moves and conversions between files, which have no table.
const MIXED: &str = "
    movss movsd movups movupd movd movq
    cvtsi2ss cvtsi2sd cvttss2si cvttsd2si movmskps movmskpd pmovmskb
    pinsrb pinsrw pinsrd pinsrq pextrb pextrw pextrd pextrq
";

static ALLOWED: LazyLock<HashSet<Mnemonic>> = LazyLock::new(|| {
    let mut names: HashSet<String> = SCALAR.split_whitespace().map(str::to_owned).collect();
    let mut vector = |name: String| {
        let name = name.to_lowercase();
        names.insert(format!("v{name}"));
        names.insert(name);
    };
    MIXED.split_whitespace().for_each(|name| vector(name.to_owned()));
    XmmOp::ALL.iter().for_each(|op| vector(format!("{op:?}")));
    XmmUnary::ALL.iter().for_each(|op| vector(format!("{op:?}")));
    XmmImm::ALL.iter().for_each(|op| vector(format!("{op:?}")));
    XmmUnaryImm::ALL.iter().for_each(|op| vector(format!("{op:?}")));
    XmmShift::ALL.iter().for_each(|op| vector(format!("{op:?}")));
    for blend in [XmmBlend::Pblendvb, XmmBlend::Blendvps, XmmBlend::Blendvpd] {
        vector(format!("{blend:?}"));
    }
    for op in ["fmadd", "fnmadd"] {
        for order in [132, 213, 231] {
            ["ss", "sd", "ps", "pd"].iter().for_each(|of| vector(format!("{op}{order}{of}")));
        }
    }
    let known = |mnemonic: &Mnemonic| names.contains(&format!("{mnemonic:?}").to_lowercase());
    Mnemonic::values().filter(known).collect()
});

/// What an instruction needs of the processor, beyond what every one has.
fn needed(feature: CpuidFeature) -> Option<CpuFeatures> {
    use CpuidFeature as F;
    match feature {
        F::INTEL8086 | F::INTEL186 | F::INTEL286 | F::INTEL386 | F::INTEL486 | F::X64 => {
            Some(CpuFeatures::FLOOR)
        }
        F::CMOV | F::SSE | F::SSE2 | F::SSE3 | F::SSSE3 | F::SSE4_1 | F::MULTIBYTENOP => {
            Some(CpuFeatures::FLOOR)
        }
        F::CPUID | F::INTEL8086_ONLY => None,
        F::AVX => Some(CpuFeatures::AVX),
        F::BMI1 => Some(CpuFeatures::BMI1),
        F::BMI2 => Some(CpuFeatures::BMI2),
        F::LZCNT => Some(CpuFeatures::LZCNT),
        F::POPCNT => Some(CpuFeatures::POPCNT),
        F::FMA => Some(CpuFeatures::FMA),
        _ => None,
    }
}

/// Refuses what the encoders do not make, or the processor does not have.
pub(crate) fn check(instruction: &Instruction, cpu: CpuFeatures) -> Result<(), Reason> {
    if instruction.is_invalid() {
        return Err("it is none".to_owned());
    }
    if !ALLOWED.contains(&instruction.mnemonic()) {
        return Err("no encoder makes it".to_owned());
    }
    let prefixed = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    if prefixed || instruction.segment_prefix() != Register::None {
        return Err("no encoder makes its prefix".to_owned());
    }
    let lacking = |feature: &&CpuidFeature| needed(**feature).is_none_or(|one| !cpu.has(one));
    match instruction.cpuid_features().iter().find(lacking) {
        None => Ok(()),
        Some(feature) => Err(format!("the processor need not have {feature:?}")),
    }
}
