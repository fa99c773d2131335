//! The host changes directories while a guest's paths lead through them: no moment is a way out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtier_wasi::{OFlags, Rights, preview1};

use crate::canary::{SECRET, Snapshot, check_memory};
use crate::guest::{Guest, RESOLUTIONS, TempDir};

/// Times that the guest does everything it can; the host is faster.
const ROUNDS: u32 = 400;

/// Everything a guest can do with a path in one go. Some of it happens, some of it fails; which is
/// chance.
fn everything(guest: &mut Guest, dir: &str) {
    let canary = format!("{dir}/canary");
    let new = format!("{dir}/new");
    for (path, flags, rights) in [
        (&canary, OFlags::empty(), Rights::FD_READ),
        (&canary, OFlags::TRUNC, Rights::FD_WRITE),
        (&canary, OFlags::CREAT, Rights::FD_READ | Rights::FD_WRITE),
        (&new, OFlags::CREAT | OFlags::EXCL, Rights::FD_WRITE),
    ] {
        if let Ok(fd) = guest.open_with(path, true, flags, rights) {
            let _ = guest.read(fd, 64);
            let _ = guest.write(fd, b"overwritten");
            check_memory(&guest.memory, path);
            guest.close(fd).unwrap();
        }
    }
    if let Ok(fd) = guest.open_with(dir, true, OFlags::DIRECTORY, Rights::empty()) {
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_readdir(memory, ctx, fd, 4096, 2048, 0, 0).unwrap();
        assert!(!memory.windows(8).any(|name| name == b"unlisted"), "{dir} was listed");
        memory[4096..8192].fill(0);
        guest.close(fd).unwrap();
    }
    let _ = guest.stat(&canary, true);
    let _ = guest.set_mtime(&canary, true, 0);
    let _ = guest.set_mtime(&canary, false, 0);
    let _ = guest.unlink(&new);
    let _ = guest.make_dir(&new);
    let _ = guest.remove_dir(&new);
    let _ = guest.symlink("canary", &new);
    let _ = guest.unlink(&new);
    let _ = guest.link("file", &new);
    let _ = guest.rename(&new, "taken");
    let _ = guest.rename("file", &new);
    let _ = guest.rename(&new, "file");
    let _ = guest.link(&canary, "stolen");
    if let Ok(fd) = guest.open("stolen") {
        let _ = guest.read(fd, 64);
        check_memory(&guest.memory, "stolen");
        guest.close(fd).unwrap();
    }
    let _ = guest.unlink("stolen");
}

/// `inside`, which is the guest's, with `swap` in it, and `outside`. The host repeats `change`.
fn race(dirs: &[&str], prepare: fn(&Path), change: fn(&Path)) {
    for resolution in RESOLUTIONS {
        let temp = TempDir::new();
        fs::create_dir_all(temp.join("inside/dir/swap/deep")).unwrap();
        fs::write(temp.join("inside/file"), "mine").unwrap();
        fs::write(temp.join("inside/dir/swap/canary"), "mine").unwrap();
        fs::create_dir_all(temp.join("outside/deep")).unwrap();
        fs::create_dir(temp.join("elsewhere")).unwrap();
        for name in ["outside/canary", "outside/unlisted", "outside/deep/canary", "canary"] {
            fs::write(temp.join(name), SECRET).unwrap();
        }
        prepare(temp.path());
        let outside = Snapshot::of(&temp.join("outside"));
        let mut guest = Guest::with_dir(&temp.join("inside"), resolution);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Relaxed: nothing else is passed between the threads.
                while !done.load(Ordering::Relaxed) {
                    change(temp.path());
                }
            });
            // Caught: the other thread must be told to end.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for _ in 0..ROUNDS {
                    for dir in dirs {
                        everything(&mut guest, dir);
                    }
                }
            }));
            done.store(true, Ordering::Relaxed); // Relaxed: as above.
            result.unwrap();
        });
        assert_eq!(Snapshot::of(&temp.join("outside")), outside);
        assert_eq!(fs::read(temp.join("canary")).unwrap(), SECRET);
        let names = fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["canary", "elsewhere", "inside", "outside"]);
    }
}

/// Puts one entry in the place of another, and back. The guest has no path that would remove one.
fn exchange(one: &Path, other: &Path) {
    let both = rustix::fs::RenameFlags::EXCHANGE;
    for _ in 0..2 {
        rustix::fs::renameat_with(rustix::fs::CWD, one, rustix::fs::CWD, other, both).unwrap();
    }
}

#[test]
fn a_directory_that_becomes_a_link() {
    race(
        &["dir/swap", "dir/../dir/swap", "dir/swap/deep/..", "dir/swap/deep"],
        |temp| symlink("../../outside", temp.join("inside/dir/link")).unwrap(),
        |temp| exchange(&temp.join("inside/dir/swap"), &temp.join("inside/dir/link")),
    );
}

#[test]
fn a_directory_that_becomes_an_absolute_link() {
    race(
        &["dir/swap", "dir/swap/deep"],
        |temp| symlink(temp.join("outside"), temp.join("inside/dir/link")).unwrap(),
        |temp| exchange(&temp.join("inside/dir/swap"), &temp.join("inside/dir/link")),
    );
}

/// A link that is followed changes its target between two directories, one of which is outside.
#[test]
fn a_link_that_changes_its_target() {
    race(
        &["link", "link/deep", "link/deep/.."],
        |temp| {
            symlink("dir/swap", temp.join("inside/link")).unwrap();
            symlink("../outside", temp.join("inside/other")).unwrap();
        },
        |temp| exchange(&temp.join("inside/link"), &temp.join("inside/other")),
    );
}

/// While the guest is in a directory it is moved out: the way up from there is another one now.
#[test]
fn a_directory_that_leaves() {
    race(
        &["dir/swap/deep/../..", "dir/swap/deep/../../..", "dir/swap/../../../outside"],
        |_| {},
        |temp| {
            fs::rename(temp.join("inside/dir/swap"), temp.join("elsewhere/swap")).unwrap();
            fs::rename(temp.join("elsewhere/swap"), temp.join("inside/dir/swap")).unwrap();
        },
    );
}
