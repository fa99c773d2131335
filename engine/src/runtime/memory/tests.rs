//! Linear memories as their users see them, also where the system is stingy.

use super::*;
use crate::runtime::child_process::succeed_in_child;

const WASM_PAGE: usize = 64 << 10;

fn memory32(minimum: u64, maximum: Option<u64>) -> LinearMemoryType {
    LinearMemoryType { minimum, maximum, memory64: false, page_size_log2: 16 }
}

fn store(memory: &LinearMemory, index: usize, value: u8) {
    assert!(index < memory.byte_len());
    // SAFETY: in bounds of a memory that nobody else uses.
    unsafe { memory.base().wrapping_add(index).write(value) }
}

fn load(memory: &LinearMemory, index: usize) -> u8 {
    assert!(index < memory.byte_len());
    // SAFETY: as above.
    unsafe { memory.base().wrapping_add(index).read() }
}

const EXPLICIT: MemoryConfig = MemoryConfig { reservation: 4 << 30, force_explicit: true };

#[test]
fn memory32_is_guarded_and_never_moves() {
    let mut memory = LinearMemory::new(memory32(1, Some(65536)), &MemoryConfig::default()).unwrap();
    assert_eq!(memory.bounds_mode(), BoundsMode::Guard);
    assert!(memory.guarded_addresses().unwrap().len() as u64 >= (8 << 30) + 16);
    let base = memory.base();
    assert_eq!(load(&memory, WASM_PAGE - 1), 0);
    store(&memory, WASM_PAGE - 1, 7);
    assert_eq!(memory.grow(3), Some(1));
    assert_eq!(memory.grow(0), Some(4));
    assert_eq!((memory.base(), memory.byte_len()), (base, 4 * WASM_PAGE));
    assert_eq!((load(&memory, WASM_PAGE - 1), load(&memory, 4 * WASM_PAGE - 1)), (7, 0));
    assert_eq!(memory.grow(65533), None);
    assert_eq!(memory.grow(u64::MAX), None);
    assert_eq!(memory.grow(65532), Some(4));
    assert_eq!(memory.byte_len() as u64, 4 << 30);
    store(&memory, (4 << 30) - 1, 1);
}

#[test]
fn explicit_memory_keeps_its_bytes_when_it_moves() {
    let config = MemoryConfig { reservation: 0, ..EXPLICIT };
    let mut memory = LinearMemory::new(memory32(1, None), &config).unwrap();
    assert_eq!(memory.bounds_mode(), BoundsMode::Explicit);
    for pages in 1..40 {
        let old_len = memory.byte_len();
        store(&memory, old_len - 1, u8::try_from(pages).unwrap());
        assert_eq!(memory.grow(1), Some(pages));
        assert_eq!(load(&memory, old_len), 0);
    }
    for page in 1..40 {
        assert_eq!(usize::from(load(&memory, page * WASM_PAGE - 1)), page);
    }
}

#[test]
fn memory64_does_not_move_within_its_reservation() {
    let ty = LinearMemoryType { memory64: true, ..memory32(0, None) };
    let config = MemoryConfig { reservation: 64 << 20, force_explicit: false };
    let mut memory = LinearMemory::new(ty, &config).unwrap();
    assert_eq!(memory.bounds_mode(), BoundsMode::Explicit);
    let base = memory.base();
    assert_eq!(memory.grow(1024), Some(0));
    assert_eq!(memory.base(), base);
    store(&memory, (64 << 20) - 1, 9);
    assert_eq!(memory.grow(1), Some(1024));
    assert_eq!(load(&memory, (64 << 20) - 1), 9);
    assert_eq!(memory.grow(1 << 47), None);
    assert_eq!(memory.page_count(), 1025);
}

#[test]
fn immovable_memory_has_room_for_its_maximum() {
    let wide = LinearMemoryType { memory64: true, ..memory32(1, Some(3000)) };
    for (ty, mode) in [
        (memory32(1, Some(3000)), BoundsMode::Explicit),
        (wide, BoundsMode::Explicit),
        (LinearMemoryType { page_size_log2: 0, ..memory32(7, Some(3000)) }, BoundsMode::Explicit),
        (memory32(0, Some(3000)), BoundsMode::Guard),
    ] {
        let force_explicit = mode == BoundsMode::Explicit;
        let config = MemoryConfig { reservation: 0, force_explicit };
        let mut memory = LinearMemory::immovable(ty, &config).unwrap();
        assert_eq!(memory.bounds_mode(), mode);
        let base = memory.base();
        assert_eq!(memory.grow(3000 - ty.minimum), Some(ty.minimum));
        assert_eq!((memory.base(), memory.page_count()), (base, 3000));
        assert_eq!(memory.grow(1), None);
        let last = memory.byte_len() - 1;
        store(&memory, last, 5);
        assert_eq!(load(&memory, last), 5);
    }
    let huge = LinearMemoryType { memory64: true, ..memory32(1, Some(1 << 48)) };
    let mut memory = LinearMemory::immovable(huge, &EXPLICIT).unwrap();
    assert_eq!((memory.grow(1), memory.grow(1 << 40)), (Some(1), None));
}

#[test]
fn pages_of_one_byte_are_counted_one_by_one() {
    let ty = LinearMemoryType { page_size_log2: 0, ..memory32(3, Some(100_000)) };
    let mut memory = LinearMemory::new(ty, &MemoryConfig::default()).unwrap();
    assert_eq!(memory.bounds_mode(), BoundsMode::Explicit);
    assert_eq!(memory.grow(99_997), Some(3));
    assert_eq!(memory.byte_len(), 100_000);
    assert_eq!((memory.grow(1), memory.page_count()), (None, 100_000));
    let ty = LinearMemoryType { page_size_log2: 0, ..memory32(1 << 32, None) };
    assert!(matches!(LinearMemory::new(ty, &EXPLICIT), Err(MemoryError::TooLarge)));
}

#[test]
fn impossible_sizes_are_errors() {
    let too_large = |ty| LinearMemory::new(ty, &MemoryConfig::default()).unwrap_err();
    assert_eq!(too_large(memory32(2, Some(1))), MemoryError::TooLarge);
    assert_eq!(too_large(memory32(65537, None)), MemoryError::TooLarge);
    let huge = LinearMemoryType { memory64: true, ..memory32(1 << 48, None) };
    assert_eq!(too_large(huge), MemoryError::TooLarge);
    let refused = LinearMemoryType { memory64: true, ..memory32((1 << 47) - 1, None) };
    assert!(matches!(too_large(refused), MemoryError::Map(_)));
}

#[test]
fn an_empty_memory_is_fine() {
    for config in [MemoryConfig::default(), MemoryConfig { reservation: 0, ..EXPLICIT }] {
        let mut memory = LinearMemory::new(memory32(0, None), &config).unwrap();
        assert_eq!((memory.byte_len(), memory.grow(1)), (0, Some(0)));
        assert_eq!(load(&memory, WASM_PAGE - 1), 0);
    }
}

#[test]
fn scarce_address_space_falls_back_to_explicit_bounds() {
    let test = "runtime::memory::tests::scarce_address_space_falls_back_to_explicit_bounds";
    succeed_in_child(test, with_one_gigabyte);
}

fn with_one_gigabyte() {
    let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
    // SAFETY: lowers a limit of this process, which was started for that.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(status, 0);

    let mut memory = LinearMemory::new(memory32(1, None), &MemoryConfig::default()).unwrap();
    assert_eq!(memory.bounds_mode(), BoundsMode::Explicit);
    store(&memory, 0, 1);
    assert_eq!(memory.grow(4095), Some(1));
    store(&memory, (256 << 20) - 1, 2);
    assert_eq!(load(&memory, 0), 1);
    // Two gigabytes are not to be had: no growth, no harm.
    assert_eq!(memory.grow(28672), None);
    assert_eq!((memory.byte_len(), load(&memory, (256 << 20) - 1)), (256 << 20, 2));

    // An immovable memory makes do with what there is.
    let mut fixed =
        LinearMemory::immovable(memory32(1, Some(65536)), &MemoryConfig::default()).unwrap();
    let base = fixed.base();
    assert_eq!((fixed.grow(255), fixed.grow(60_000), fixed.base()), (Some(1), None, base));

    let others: Vec<_> = (0..16)
        .map(|_| LinearMemory::new(memory32(1, None), &MemoryConfig::default()).unwrap())
        .collect();
    assert!(others.iter().all(|memory| memory.byte_len() == WASM_PAGE));
    let too_much = LinearMemory::new(memory32(32768, None), &MemoryConfig::default());
    assert!(matches!(too_much, Err(MemoryError::Map(MapError::Os { .. }))));
}
