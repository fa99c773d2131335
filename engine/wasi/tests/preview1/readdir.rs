//! Listing directories.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use wasmtier_wasi::{Errno, OFlags, Rights, preview1};

use crate::guest::{DIR, Guest, OUT, PathResolution, TempDir};

const BUFFER: u32 = 1024;

struct Entry {
    next: u64,
    inode: u64,
    kind: u8,
}

/// One call, and the whole entries in what it wrote; and whether the directory ends there.
fn read(guest: &mut Guest, fd: u32, len: u32, cookie: u64) -> (Vec<(String, Entry)>, bool) {
    let Guest { memory, ctx, .. } = guest;
    preview1::fd_readdir(memory, ctx, fd, BUFFER, len, cookie, OUT).unwrap();
    let used = guest.u32_at(OUT);
    assert!(used <= len);
    let mut rest = &guest.memory[BUFFER as usize..(BUFFER + used) as usize];
    let mut entries = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<24>() {
        let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        let name_len = u32::from_le_bytes(head[16..20].try_into().unwrap()) as usize;
        if tail.len() < name_len {
            break;
        }
        let name = String::from_utf8(tail[..name_len].to_vec()).unwrap();
        entries.push((name, Entry { next: word(0), inode: word(8), kind: head[20] }));
        rest = &tail[name_len..];
    }
    (entries, used < len)
}

/// The whole directory, by calls with a buffer of `len`.
fn list(guest: &mut Guest, fd: u32, len: u32) -> BTreeMap<String, Entry> {
    let (mut all, mut cookie) = (BTreeMap::new(), 0);
    loop {
        let (entries, end) = read(guest, fd, len, cookie);
        cookie = entries.last().map_or(cookie, |(_, entry)| entry.next);
        for (name, entry) in entries {
            assert!(all.insert(name, entry).is_none(), "an entry is listed twice");
        }
        if end {
            return all;
        }
    }
}

#[test]
fn every_entry_is_listed_once_with_its_type() {
    let temp = TempDir::new();
    fs::create_dir(temp.join("dir")).unwrap();
    fs::write(temp.join("file"), "").unwrap();
    symlink("nowhere", temp.join("link")).unwrap();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let all = list(&mut guest, DIR, 4096);
    let kinds: Vec<_> = all.iter().map(|(name, entry)| (name.as_str(), entry.kind)).collect();
    assert_eq!(kinds, [(".", 3), ("..", 3), ("dir", 3), ("file", 4), ("link", 7)]);
    assert_eq!(all["file"].inode, fs::metadata(temp.join("file")).unwrap().ino());
    let own = fs::metadata(temp.path()).unwrap().ino();
    assert_eq!(all["."].inode, own);
    assert_eq!(all[".."].inode, own, "the parent is outside and stays unknown");
}

#[test]
fn small_buffers_and_cookies_reach_all_of_a_large_directory() {
    let temp = TempDir::new();
    for number in 0..700 {
        fs::write(temp.join(&format!("file-with-a-longer-name-{number}")), "").unwrap();
    }
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    for len in [64, 100, 255, 4096, 60_000] {
        assert_eq!(list(&mut guest, DIR, len).len(), 702, "with {len} bytes");
    }
    // A buffer that cannot hold the fixed part of an entry is filled all the same.
    let (entries, end) = read(&mut guest, DIR, 10, 0);
    assert!(entries.is_empty() && !end);
    let (entries, end) = read(&mut guest, DIR, 0, 0);
    assert!(entries.is_empty() && !end);
}

#[test]
fn a_listing_can_start_anywhere_again() {
    let temp = TempDir::new();
    for name in ["a", "b", "c", "d"] {
        fs::write(temp.join(name), "").unwrap();
    }
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let (entries, _) = read(&mut guest, DIR, 4096, 0);
    for (index, (_, entry)) in entries.iter().enumerate() {
        let (rest, end) = read(&mut guest, DIR, 4096, entry.next);
        assert!(end);
        let names = |entries: &[(String, Entry)]| -> Vec<String> {
            entries.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&rest), names(&entries[index + 1..]));
    }
}

#[test]
fn only_directories_are_listed() {
    let temp = TempDir::new();
    fs::create_dir(temp.join("dir")).unwrap();
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let file = guest.create("file").unwrap();
    for fd in [0, 1, file] {
        let Guest { memory, ctx, .. } = &mut guest;
        let result = preview1::fd_readdir(memory, ctx, fd, BUFFER, 100, 0, OUT);
        assert_eq!(result, Err(Errno::Badf));
    }
    let dir = guest.open_with("dir", true, OFlags::DIRECTORY, Rights::empty()).unwrap();
    assert_eq!(list(&mut guest, dir, 4096).len(), 2);
}

/// What was taken from the host before is used up first, and given up by a listing from the start.
#[test]
fn a_listing_from_the_start_is_fresh() {
    let temp = TempDir::new();
    for name in ["a", "b", "c"] {
        fs::write(temp.join(name), "").unwrap();
    }
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let (first, _) = read(&mut guest, DIR, 60, 0);
    assert!(first.len() < 5);
    fs::remove_file(temp.join("b")).unwrap();
    fs::write(temp.join("d"), "").unwrap();
    let names = list(&mut guest, DIR, 4096);
    assert!(names.keys().eq([".", "..", "a", "c", "d"]));
    assert!(list(&mut guest, DIR, 60).keys().eq(names.keys()));
    // Each descriptor is in a place of its own.
    let other = guest.open_with(".", true, OFlags::DIRECTORY, Rights::empty()).unwrap();
    let (one, _) = read(&mut guest, DIR, 60, 0);
    assert_eq!(list(&mut guest, other, 60).len(), 5);
    let (rest, end) = read(&mut guest, DIR, 4096, one.last().unwrap().1.next);
    assert!(end && one.len() + rest.len() == 5);
}

#[test]
fn cookies_in_any_order() {
    let temp = TempDir::new();
    for number in 0..500 {
        fs::write(temp.join(&format!("file-with-a-longer-name-{number}")), "").unwrap();
    }
    let mut guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    let (all, end) = read(&mut guest, DIR, 60_000, 0);
    assert!(end && all.len() == 502);
    for index in (0..502).rev().step_by(37).chain([0, 501, 250, 251, 1]) {
        let (rest, _) = read(&mut guest, DIR, 400, all[index].1.next);
        let expected = all[index + 1..].iter().map(|(name, _)| name);
        let fits = rest.len();
        assert!(fits >= 6 || index + 1 + fits == 502, "{fits} after {index}");
        assert!(rest.iter().map(|(name, _)| name).eq(expected.take(fits)));
    }
    // A cookie that was never given leads anywhere, but to no harm.
    for cookie in [1, 2, 3, 77, 1 << 31, 1 << 62, i64::MAX as u64] {
        let Guest { memory, ctx, .. } = &mut guest;
        let _ = preview1::fd_readdir(memory, ctx, DIR, BUFFER, 4096, cookie, OUT);
    }
    assert_eq!(list(&mut guest, DIR, 4096).len(), 502);
}
