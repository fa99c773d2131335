//! `poll_oneoff`.

use std::time::{Duration, Instant};

use wasmtier_wasi::{Errno, WasiCtxBuilder, preview1};

use crate::guest::{DIR, Guest, PathResolution, TempDir};

const EVENTS: u32 = 8192;
const COUNT: u32 = 16_384;

const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

fn subscription(userdata: u64, tag: u8, words: [u64; 4]) -> Vec<u8> {
    let head = [userdata, u64::from(tag)];
    head.into_iter().chain(words).flat_map(u64::to_le_bytes).collect()
}

fn clock(userdata: u64, id: u32, timeout: u64, flags: u16) -> Vec<u8> {
    subscription(userdata, CLOCK, [u64::from(id), timeout, 0, u64::from(flags)])
}

fn descriptor(userdata: u64, tag: u8, fd: u32) -> Vec<u8> {
    subscription(userdata, tag, [u64::from(fd), 0, 0, 0])
}

/// User data, error and type of each event.
fn poll(guest: &mut Guest, subscriptions: &[Vec<u8>]) -> Result<Vec<(u64, u8, u8)>, Errno> {
    guest.put(0, &subscriptions.concat());
    let count = u32::try_from(subscriptions.len()).unwrap();
    let Guest { memory, ctx, .. } = &mut *guest;
    preview1::poll_oneoff(memory, ctx, 0, EVENTS, count, COUNT)?;
    let event = |index: u32| {
        let at = EVENTS + 32 * index;
        let start = usize::try_from(at).unwrap();
        (guest.u64_at(at), guest.memory[start + 8], guest.memory[start + 10])
    };
    Ok((0..guest.u32_at(COUNT)).map(event).collect())
}

#[test]
fn a_duration_passes() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    for id in [0, 1] {
        let start = Instant::now();
        let events = poll(&mut guest, &[clock(7, id, 20_000_000, 0)]);
        assert_eq!(events, Ok(vec![(7, 0, CLOCK)]));
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}

#[test]
fn a_point_in_time_is_reached() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    for id in [0, 1] {
        let Guest { memory, ctx, .. } = &mut guest;
        preview1::clock_time_get(memory, ctx, id, 0, 0).unwrap();
        let deadline = guest.u64_at(0) + 20_000_000;
        let events = poll(&mut guest, &[clock(7, id, deadline, 1)]);
        assert_eq!(events, Ok(vec![(7, 0, CLOCK)]));
        let Guest { memory, ctx, .. } = &mut guest;
        preview1::clock_time_get(memory, ctx, id, 0, 0).unwrap();
        assert!(guest.u64_at(0) >= deadline);
        assert_eq!(poll(&mut guest, &[clock(8, id, 1, 1)]), Ok(vec![(8, 0, CLOCK)]));
    }
}

#[test]
fn the_first_of_several_ends_the_wait() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let never = clock(1, 1, u64::MAX, 0);
    let soon = clock(2, 1, 1_000_000, 0);
    assert_eq!(poll(&mut guest, &[never.clone(), soon]), Ok(vec![(2, 0, CLOCK)]));
    let events = poll(&mut guest, &[never, descriptor(3, WRITE, 1), descriptor(4, READ, 0)]);
    assert_eq!(events, Ok(vec![(3, 0, WRITE), (4, 0, READ)]));
}

#[test]
fn files_are_ready() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let fd = guest.create("file").unwrap();
    guest.write(fd, b"0123456789").unwrap();
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::fd_seek(memory, ctx, fd, 4, 0, 0).unwrap();
    let events = poll(&mut guest, &[descriptor(1, READ, fd), descriptor(2, WRITE, fd)]);
    assert_eq!(events, Ok(vec![(1, 0, READ), (2, 0, WRITE)]));
    assert_eq!(guest.u64_at(EVENTS + 16), 6, "as many bytes can be read");
}

#[test]
fn what_cannot_be_waited_for_says_so() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let badf = u8::try_from(Errno::Badf.code()).unwrap();
    for (tag, fd) in [(READ, 99), (READ, 1), (WRITE, 0), (READ, DIR), (WRITE, DIR)] {
        assert_eq!(poll(&mut guest, &[descriptor(1, tag, fd)]), Ok(vec![(1, badf, tag)]));
    }
    let not_sup = u8::try_from(Errno::NotSup.code()).unwrap();
    for id in [2, 3] {
        assert_eq!(poll(&mut guest, &[clock(1, id, 1, 0)]), Ok(vec![(1, not_sup, CLOCK)]));
    }
    let inval = u8::try_from(Errno::Inval.code()).unwrap();
    assert_eq!(poll(&mut guest, &[clock(1, 9, 1, 0)]), Ok(vec![(1, inval, CLOCK)]));
    assert_eq!(poll(&mut guest, &[clock(1, 1, 1, 2)]), Ok(vec![(1, inval, CLOCK)]));
    assert_eq!(poll(&mut guest, &[subscription(1, 3, [0; 4])]), Err(Errno::Inval));
}

#[test]
fn as_many_subscriptions_as_are_allowed() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let fd = guest.create("file").unwrap();
    let (subscriptions, events, count) = (0u32, 1 << 20, 16 * 1024);
    guest.memory.resize(2 << 20, 0);
    for (index, at) in (0..count).zip((subscriptions..).step_by(48)) {
        let never = clock(index, 1, u64::MAX, 0);
        let kinds = [never, descriptor(index, READ, fd), descriptor(index, WRITE, fd)];
        guest.put(at, &kinds[index as usize % 3]);
    }
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::poll_oneoff(memory, ctx, subscriptions, events, count as u32, (2 << 20) - 4).unwrap();
    // Two of three are to a file, which is always ready: far more of them than a process may have
    // descriptors.
    let happened = guest.u32_at((2 << 20) - 4);
    let userdata = (0..happened).map(|index| guest.u64_at(events + 32 * index));
    assert!(userdata.eq((0..count).filter(|index| index % 3 != 0)));
}

#[test]
fn files_do_not_wait_for_clocks() {
    let temp = TempDir::new();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let fd = guest.create("file").unwrap();
    let never = clock(1, 0, u64::MAX, 1);
    let past = clock(2, 0, 1, 1);
    let start = Instant::now();
    let events = poll(&mut guest, &[never.clone(), descriptor(3, READ, fd)]);
    assert_eq!(events, Ok(vec![(3, 0, READ)]));
    let events = poll(&mut guest, &[past.clone(), never.clone(), descriptor(3, WRITE, fd)]);
    assert_eq!(events, Ok(vec![(2, 0, CLOCK), (3, 0, WRITE)]));
    let badf = u8::try_from(Errno::Badf.code()).unwrap();
    let events = poll(&mut guest, &[never, descriptor(4, READ, 77)]);
    assert_eq!(events, Ok(vec![(4, badf, READ)]), "an error is an event too");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn equal_moments_come_together() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let soon = |userdata| clock(userdata, 1, 0, 0);
    let events = poll(&mut guest, &[soon(1), soon(2), clock(3, 1, u64::MAX, 0), soon(4)]);
    assert_eq!(events, Ok(vec![(1, 0, CLOCK), (2, 0, CLOCK), (4, 0, CLOCK)]));
}
