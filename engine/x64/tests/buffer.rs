//! What `dynasm!` and a [`CodeBuffer`] make of labels, right and wrong ones.

use dynasmrt::{DynasmApi, DynasmLabelApi, LabelKind, dynasm};
use wasmtier_x64::{CodeBuffer, Error};

/// The fields of a context as an emitter sees them.
#[repr(C)]
struct Context {
    first: u64,
    second: u32,
    third: u32,
}

#[test]
fn every_kind_of_label_resolves_in_both_directions() {
    let mut code = CodeBuffer::new();
    let end = code.new_dynamic_label();
    dynasm!(code
        ; .arch x64
        ; ->start:
        ; jmp >near
        ; near:
        ; jmp =>end
        ; near:
        ; jmp <near
        ; jmp ->start
        ; =>end
        ; lea rax, [=>end]
        ; ret
    );
    assert_eq!(code.label_offset(end), Some(20));
    let expected: &[u8] = &[
        0xe9, 0, 0, 0, 0, // to the first `near`
        0xe9, 10, 0, 0, 0, // to `end`
        0xe9, 0xfb, 0xff, 0xff, 0xff, // to the second `near`, itself
        0xe9, 0xec, 0xff, 0xff, 0xff, // to `start`
        0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff, // the address of `end`, relative to rip
        0xc3,
    ];
    assert_eq!(code.finish().unwrap(), expected);
}

#[test]
fn fields_are_addressed_by_name() {
    let mut code = CodeBuffer::new();
    dynasm!(code
        ; .arch x64
        ; mov rax, r14 => Context.first
        ; mov ecx, r14 => Context.second
        ; mov edx, r14 => Context.third
    );
    let bytes = code.finish().unwrap();
    let (second, third) =
        (std::mem::offset_of!(Context, second), std::mem::offset_of!(Context, third));
    let displacement = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(bytes.len(), 21);
    assert_eq!(
        [displacement(3), displacement(10), displacement(17)],
        [0, u32::try_from(second).unwrap(), u32::try_from(third).unwrap()]
    );
}

#[test]
fn align_pads_to_the_boundary_only() {
    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; .align 16 ; ret ; .align 16 ; ret);
    assert_eq!(code.len(), 17);
    let bytes = code.finish().unwrap();
    assert_eq!((bytes[0], bytes[1], bytes[15], bytes[16]), (0xc3, 0x90, 0x90, 0xc3));
}

#[test]
fn an_unplaced_label_is_an_error() {
    let mut code = CodeBuffer::new();
    let label = code.new_dynamic_label();
    dynasm!(code ; .arch x64 ; jmp =>label);
    assert_eq!(code.finish(), Err(Error::UnknownLabel(LabelKind::Dynamic(label))));

    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; jmp ->nowhere);
    assert_eq!(code.finish(), Err(Error::UnknownLabel(LabelKind::Global("nowhere"))));

    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; jmp >nowhere);
    assert_eq!(code.finish(), Err(Error::UnknownLabel(LabelKind::Local("nowhere"))));

    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; jmp <later ; later:);
    assert_eq!(code.finish(), Err(Error::UnknownLabel(LabelKind::Local("later"))));
}

#[test]
fn a_label_placed_twice_is_an_error() {
    let mut code = CodeBuffer::new();
    let label = code.new_dynamic_label();
    dynasm!(code ; .arch x64 ; =>label ; nop ; =>label);
    assert_eq!(code.finish(), Err(Error::DuplicateLabel(LabelKind::Dynamic(label))));
}

#[test]
fn a_short_jump_too_far_is_an_error() {
    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; jmp BYTE >far);
    code.extend([0x90; 128]);
    dynasm!(code ; .arch x64 ; far: ; ret);
    assert_eq!(code.finish(), Err(Error::OutOfReach { offset: 2 }));
}

#[test]
fn an_absolute_address_is_an_error() {
    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; start: ; mov rax, QWORD <start);
    assert!(matches!(code.finish(), Err(Error::Absolute { .. })));

    let mut code = CodeBuffer::new();
    dynasm!(code ; .arch x64 ; call extern 0x1234);
    assert!(matches!(code.finish(), Err(Error::Absolute { .. })));
}
