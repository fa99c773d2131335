//! What lies outside of a guest's directory, and whether it is still as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What files outside hold: a guest whose memory holds it has read one.
pub(crate) const SECRET: &[u8] = b"\x1bwhat no guest may see\x1b";

/// Everything of an entry that a guest could change, but for the time of the last access.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    inode: u64,
    mode: u32,
    links: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Of a file, or the target of a link.
    contents: Vec<u8>,
}

/// A tree of files as it was at some moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

impl Snapshot {
    pub(crate) fn of(root: &Path) -> Snapshot {
        let mut entries = BTreeMap::new();
        add(root, &mut entries);
        Snapshot(entries)
    }
}

fn add(path: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let contents = if metadata.is_symlink() {
        fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec()
    } else if metadata.is_file() {
        fs::read(path).unwrap()
    } else {
        Vec::new()
    };
    let entry = Entry {
        inode: metadata.ino(),
        mode: metadata.mode(),
        links: metadata.nlink(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        contents,
    };
    entries.insert(path.to_owned(), entry);
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            add(&entry.unwrap().path(), entries);
        }
    }
}

/// Fails when a guest has read what it must not.
#[track_caller]
pub(crate) fn check_memory(memory: &[u8], what: &str) {
    // Its first byte is rare, and looking for one byte much faster.
    let found =
        memory.contains(&SECRET[0]) && memory.windows(SECRET.len()).any(|window| window == SECRET);
    assert!(!found, "{what}: the guest has read a file outside");
}
