//! The opcodes of vector instructions, which SSE and VEX share.
//!
//! What lives here: one table per shape of operands; the name in it is the vendors'. What does not:
//! emission (`sse.rs`, `vex.rs`). Invariant: everything is in the floor,
//! SSE4.1, but `Pcmpgtq`, of which only the form of AVX may be used.

use super::form::{Map, Opcode, Prefix};

macro_rules! opcodes {
    ($(#[$about:meta])* $name:ident {
        $($op:ident $prefix:ident $map:ident $byte:literal,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("The instruction of opcode `", stringify!($byte), "`.")] $op,)*
        }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$op),*];

            pub(super) const fn opcode(self) -> Opcode {
                match self {
                    $(Self::$op => Opcode::new(Prefix::$prefix, Map::$map, $byte),)*
                }
            }
        }
    };
}

opcodes! {
    /// An operation of two vectors, or of their lowest lanes, that makes one.
    XmmOp {
        Addps Np M0f 0x58, Addpd P66 M0f 0x58, Addss Pf3 M0f 0x58, Addsd Pf2 M0f 0x58,
        Mulps Np M0f 0x59, Mulpd P66 M0f 0x59, Mulss Pf3 M0f 0x59, Mulsd Pf2 M0f 0x59,
        Subps Np M0f 0x5c, Subpd P66 M0f 0x5c, Subss Pf3 M0f 0x5c, Subsd Pf2 M0f 0x5c,
        Minps Np M0f 0x5d, Minpd P66 M0f 0x5d, Minss Pf3 M0f 0x5d, Minsd Pf2 M0f 0x5d,
        Divps Np M0f 0x5e, Divpd P66 M0f 0x5e, Divss Pf3 M0f 0x5e, Divsd Pf2 M0f 0x5e,
        Maxps Np M0f 0x5f, Maxpd P66 M0f 0x5f, Maxss Pf3 M0f 0x5f, Maxsd Pf2 M0f 0x5f,
        Sqrtss Pf3 M0f 0x51, Sqrtsd Pf2 M0f 0x51, Cvtss2sd Pf3 M0f 0x5a, Cvtsd2ss Pf2 M0f 0x5a,
        Andps Np M0f 0x54, Andpd P66 M0f 0x54, Andnps Np M0f 0x55, Andnpd P66 M0f 0x55,
        Orps Np M0f 0x56, Orpd P66 M0f 0x56, Xorps Np M0f 0x57, Xorpd P66 M0f 0x57,
        Unpcklps Np M0f 0x14, Unpckhps Np M0f 0x15, Unpcklpd P66 M0f 0x14, Unpckhpd P66 M0f 0x15,
        Punpcklbw P66 M0f 0x60, Punpcklwd P66 M0f 0x61, Punpckldq P66 M0f 0x62,
        Packsswb P66 M0f 0x63, Pcmpgtb P66 M0f 0x64, Pcmpgtw P66 M0f 0x65, Pcmpgtd P66 M0f 0x66,
        Packuswb P66 M0f 0x67, Punpckhbw P66 M0f 0x68, Punpckhwd P66 M0f 0x69,
        Punpckhdq P66 M0f 0x6a, Packssdw P66 M0f 0x6b, Punpcklqdq P66 M0f 0x6c,
        Punpckhqdq P66 M0f 0x6d, Pcmpeqb P66 M0f 0x74, Pcmpeqw P66 M0f 0x75, Pcmpeqd P66 M0f 0x76,
        Psrlw P66 M0f 0xd1, Psrld P66 M0f 0xd2, Psrlq P66 M0f 0xd3, Paddq P66 M0f 0xd4,
        Pmullw P66 M0f 0xd5, Psubusb P66 M0f 0xd8, Psubusw P66 M0f 0xd9, Pminub P66 M0f 0xda,
        Pand P66 M0f 0xdb, Paddusb P66 M0f 0xdc, Paddusw P66 M0f 0xdd, Pmaxub P66 M0f 0xde,
        Pandn P66 M0f 0xdf, Pavgb P66 M0f 0xe0, Psraw P66 M0f 0xe1, Psrad P66 M0f 0xe2,
        Pavgw P66 M0f 0xe3, Pmulhuw P66 M0f 0xe4, Pmulhw P66 M0f 0xe5, Psubsb P66 M0f 0xe8,
        Psubsw P66 M0f 0xe9, Pminsw P66 M0f 0xea, Por P66 M0f 0xeb, Paddsb P66 M0f 0xec,
        Paddsw P66 M0f 0xed, Pmaxsw P66 M0f 0xee, Pxor P66 M0f 0xef, Psllw P66 M0f 0xf1,
        Pslld P66 M0f 0xf2, Psllq P66 M0f 0xf3, Pmuludq P66 M0f 0xf4, Pmaddwd P66 M0f 0xf5,
        Psadbw P66 M0f 0xf6, Psubb P66 M0f 0xf8, Psubw P66 M0f 0xf9, Psubd P66 M0f 0xfa,
        Psubq P66 M0f 0xfb, Paddb P66 M0f 0xfc, Paddw P66 M0f 0xfd, Paddd P66 M0f 0xfe,
        Pshufb P66 M0f38 0x00, Phaddw P66 M0f38 0x01, Phaddd P66 M0f38 0x02,
        Pmaddubsw P66 M0f38 0x04, Psignb P66 M0f38 0x08, Psignw P66 M0f38 0x09,
        Psignd P66 M0f38 0x0a, Pmulhrsw P66 M0f38 0x0b, Pmuldq P66 M0f38 0x28,
        Pcmpeqq P66 M0f38 0x29, Packusdw P66 M0f38 0x2b, Pminsb P66 M0f38 0x38,
        Pminsd P66 M0f38 0x39, Pminuw P66 M0f38 0x3a, Pminud P66 M0f38 0x3b,
        Pcmpgtq P66 M0f38 0x37, Pmaxsb P66 M0f38 0x3c, Pmaxsd P66 M0f38 0x3d, Pmaxuw P66 M0f38 0x3e,
        Pmaxud P66 M0f38 0x3f, Pmulld P66 M0f38 0x40,
    }
}

opcodes! {
    /// An operation of one vector that makes another, or of two that makes only flags.
    XmmUnary {
        Ucomiss Np M0f 0x2e, Ucomisd P66 M0f 0x2e, Ptest P66 M0f38 0x17,
        Movaps Np M0f 0x28, Movapd P66 M0f 0x28, Movups Np M0f 0x10, Movupd P66 M0f 0x10,
        Movdqa P66 M0f 0x6f, Movdqu Pf3 M0f 0x6f, Movq Pf3 M0f 0x7e, Movddup Pf2 M0f 0x12,
        Sqrtps Np M0f 0x51, Sqrtpd P66 M0f 0x51, Cvtps2pd Np M0f 0x5a, Cvtpd2ps P66 M0f 0x5a,
        Cvtdq2ps Np M0f 0x5b, Cvtps2dq P66 M0f 0x5b, Cvttps2dq Pf3 M0f 0x5b,
        Cvttpd2dq P66 M0f 0xe6, Cvtdq2pd Pf3 M0f 0xe6, Cvtpd2dq Pf2 M0f 0xe6,
        Pabsb P66 M0f38 0x1c, Pabsw P66 M0f38 0x1d, Pabsd P66 M0f38 0x1e,
        Pmovsxbw P66 M0f38 0x20, Pmovsxwd P66 M0f38 0x23, Pmovsxdq P66 M0f38 0x25,
        Pmovzxbw P66 M0f38 0x30, Pmovzxwd P66 M0f38 0x33, Pmovzxdq P66 M0f38 0x35,
    }
}

opcodes! {
    /// An operation of two vectors and an immediate that makes one.
    XmmImm {
        Cmpps Np M0f 0xc2, Cmppd P66 M0f 0xc2, Cmpss Pf3 M0f 0xc2, Cmpsd Pf2 M0f 0xc2,
        Shufps Np M0f 0xc6, Shufpd P66 M0f 0xc6,
        Roundss P66 M0f3a 0x0a, Roundsd P66 M0f3a 0x0b, Blendps P66 M0f3a 0x0c,
        Blendpd P66 M0f3a 0x0d, Pblendw P66 M0f3a 0x0e, Palignr P66 M0f3a 0x0f,
        Insertps P66 M0f3a 0x21,
    }
}

opcodes! {
    /// An operation of one vector and an immediate that makes another.
    XmmUnaryImm {
        Pshufd P66 M0f 0x70, Pshufhw Pf3 M0f 0x70, Pshuflw Pf2 M0f 0x70,
        Roundps P66 M0f3a 0x08, Roundpd P66 M0f3a 0x09,
    }
}

opcodes! {
    /// Takes the lanes of the second vector where the highest bits of a third are set.
    XmmBlend {
        Pblendvb P66 M0f38 0x10, Blendvps P66 M0f38 0x14, Blendvpd P66 M0f38 0x15,
    }
}

/// A shift of the lanes of a vector by an immediate, by opcode and number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XmmShift {
    /// Of 16 bits to the right, unsigned.
    Psrlw,
    /// Of 16 bits to the right, signed.
    Psraw,
    /// Of 16 bits to the left.
    Psllw,
    /// Of 32 bits to the right, unsigned.
    Psrld,
    /// Of 32 bits to the right, signed.
    Psrad,
    /// Of 32 bits to the left.
    Pslld,
    /// Of 64 bits to the right, unsigned.
    Psrlq,
    /// Of 64 bits to the left.
    Psllq,
    /// Of the whole vector to the right, by bytes.
    Psrldq,
    /// Of the whole vector to the left, by bytes.
    Pslldq,
}

impl XmmShift {
    /// All shifts.
    pub const ALL: &[Self] = &[
        Self::Psrlw,
        Self::Psraw,
        Self::Psllw,
        Self::Psrld,
        Self::Psrad,
        Self::Pslld,
        Self::Psrlq,
        Self::Psllq,
        Self::Psrldq,
        Self::Pslldq,
    ];

    pub(super) const fn opcode(self) -> (Opcode, u8) {
        let (byte, digit) = match self {
            Self::Psrlw => (0x71, 2),
            Self::Psraw => (0x71, 4),
            Self::Psllw => (0x71, 6),
            Self::Psrld => (0x72, 2),
            Self::Psrad => (0x72, 4),
            Self::Pslld => (0x72, 6),
            Self::Psrlq => (0x73, 2),
            Self::Psllq => (0x73, 6),
            Self::Psrldq => (0x73, 3),
            Self::Pslldq => (0x73, 7),
        };
        (Opcode::new(Prefix::P66, Map::M0f, byte), digit)
    }
}

/// Floats in a vector register or its lowest lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Floats {
    /// One of 32 bits.
    Ss,
    /// One of 64 bits.
    Sd,
    /// Four of 32 bits.
    Ps,
    /// Two of 64 bits.
    Pd,
}

impl Floats {
    /// All shapes.
    pub const ALL: [Self; 4] = [Self::Ss, Self::Sd, Self::Ps, Self::Pd];

    pub(super) const fn is_double(self) -> bool {
        matches!(self, Self::Sd | Self::Pd)
    }

    pub(super) const fn is_scalar(self) -> bool {
        matches!(self, Self::Ss | Self::Sd)
    }
}
