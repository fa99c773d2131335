//! What a guest can do with its directories and descriptors themselves: several that overlap, moved
//! ones, renumbered ones, read-only ones, and those that are no directories.

use std::fs;
use std::os::unix::fs::symlink;

use wasmtier_wasi::{Errno, OFlags, Rights, WasiCtxBuilder, preview1 as p1};

use crate::canary::{SECRET, Snapshot, check_memory};
use crate::guest::{DIR, Guest, PathResolution, RESOLUTIONS, TempDir};

const INNER: u32 = DIR + 1;
const OTHER: u32 = DIR + 2;
const READ_ONLY: u32 = DIR + 3;

/// `inside` and its folder `dir`; `other`; and `readable`, which is read-only.
struct Scene {
    temp: TempDir,
    outside: Snapshot,
    readable: Snapshot,
    guest: Guest,
}

impl Scene {
    fn new(resolution: PathResolution) -> Scene {
        let temp = TempDir::new();
        for name in ["outside", "inside/dir/deep", "inside/empty", "other", "readable/sub/deep"] {
            fs::create_dir_all(temp.join(name)).unwrap();
        }
        for name in ["inside/file", "inside/dir/file", "readable/file", "readable/sub/file"] {
            fs::write(temp.join(name), "mine").unwrap();
        }
        fs::write(temp.join("outside/canary"), SECRET).unwrap();
        fs::write(temp.join("canary"), SECRET).unwrap();
        symlink("file", temp.join("readable/link")).unwrap();
        symlink("../../inside/file", temp.join("readable/out")).unwrap();
        // Within `inside` it leads to a file; in `other`, it would lead out of it.
        symlink("../../file", temp.join("inside/dir/deep/back")).unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution);
        builder.preopened_dir(temp.join("inside"), "/").unwrap();
        builder.preopened_dir(temp.join("inside/dir"), "/dir").unwrap();
        builder.preopened_dir(temp.join("other"), "/other").unwrap();
        builder.preopened_dir_read_only(temp.join("readable"), "/readable").unwrap();
        let guest = Guest::new(builder.build());
        let outside = Snapshot::of(&temp.join("outside"));
        let readable = Snapshot::of(&temp.join("readable"));
        Scene { temp, outside, readable, guest }
    }

    fn check(&self) {
        assert_eq!(Snapshot::of(&self.temp.join("outside")), self.outside);
        assert_eq!(Snapshot::of(&self.temp.join("readable")), self.readable);
        assert_eq!(fs::read_dir(self.temp.path()).unwrap().count(), 5);
        check_memory(&self.guest.memory, "something");
    }
}

fn each(test: impl Fn(&mut Scene)) {
    for resolution in RESOLUTIONS {
        let mut scene = Scene::new(resolution);
        test(&mut scene);
        scene.check();
    }
}

/// Nothing above the directory `fd` can be reached from it.
fn is_shut(guest: &mut Guest, fd: u32) {
    let before = std::mem::replace(&mut guest.dir, fd);
    for path in ["..", "../", "../file", "../canary", "../outside/canary", "../../canary", "./../x"]
    {
        assert_eq!(guest.open(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.create(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.stat(path, false), Err(Errno::Perm), "{path}");
        assert_eq!(guest.unlink(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.make_dir(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.rename(path, "taken"), Err(Errno::Perm), "{path}");
        assert_eq!(guest.link(path, "taken"), Err(Errno::Perm), "{path}");
    }
    guest.dir = before;
}

fn open_dir(guest: &mut Guest, fd: u32, path: &str) -> u32 {
    let before = std::mem::replace(&mut guest.dir, fd);
    let opened = guest.open_with(path, true, OFlags::DIRECTORY, Rights::FD_READ).unwrap();
    guest.dir = before;
    opened
}

#[test]
fn a_directory_within_another_ends_at_its_own_edge() {
    each(|scene| {
        let guest = &mut scene.guest;
        is_shut(guest, INNER);
        guest.dir = INNER;
        assert_eq!(guest.open("deep/back"), Err(Errno::Perm));
        assert_eq!(guest.stat("deep/back", true), Err(Errno::Perm));
        // The other one may, as the file is in it.
        guest.dir = DIR;
        let fd = guest.open("dir/deep/back").unwrap();
        assert_eq!(guest.read(fd, 16).unwrap(), b"mine");
    });
}

#[test]
fn moved_directories_stay_shut() {
    each(|scene| {
        let guest = &mut scene.guest;
        let deep = open_dir(guest, INNER, "deep");
        guest.rename_between((DIR, "dir"), (DIR, "empty/dir")).unwrap();
        is_shut(guest, INNER);
        is_shut(guest, deep);
        guest.rename_between((INNER, "deep"), (OTHER, "deep")).unwrap();
        is_shut(guest, deep);
        is_shut(guest, OTHER);
        // What was a way back inside would be a way out now.
        guest.dir = OTHER;
        assert_eq!(guest.readlink("deep/back").unwrap(), b"../../file");
        for path in ["deep/back", "deep/../../inside/file", "deep/../../canary"] {
            assert_eq!(guest.open(path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.create(path), Err(Errno::Perm), "{path}");
        }
        guest.dir = deep;
        assert_eq!(guest.open("back"), Err(Errno::Perm));
        guest.rename_between((OTHER, "deep"), (DIR, "deep")).unwrap();
        is_shut(guest, deep);
    });
}

#[test]
fn removed_directories_stay_shut() {
    each(|scene| {
        let guest = &mut scene.guest;
        let empty = open_dir(guest, DIR, "empty");
        guest.remove_dir("empty").unwrap();
        guest.dir = empty;
        assert_eq!(guest.create("new"), Err(Errno::NoEnt));
        assert_eq!(guest.make_dir("new"), Err(Errno::NoEnt));
        for path in ["..", "../canary", "../file"] {
            let opened = guest.open(path);
            assert!(matches!(opened, Err(Errno::Perm | Errno::NoEnt)), "{path}: {opened:?}");
        }
        // The directories given to it cannot be removed by themselves.
        for fd in [DIR, INNER, OTHER, READ_ONLY] {
            guest.dir = fd;
            for path in [".", "./", "./."] {
                assert!(guest.remove_dir(path).is_err());
                assert!(guest.unlink(path).is_err());
                assert!(guest.rename_between((fd, path), (OTHER, "taken")).is_err());
                assert!(guest.rename_between((OTHER, path), (fd, path)).is_err());
            }
        }
    });
}

#[test]
fn a_directory_keeps_its_limits_under_another_number() {
    each(|scene| {
        let guest = &mut scene.guest;
        let sub = open_dir(guest, READ_ONLY, "sub");
        let Guest { memory: m, ctx: c, .. } = &mut *guest;
        // A read-only one in the place of a writable one, and one it opened in that of another.
        p1::fd_renumber(m, c, READ_ONLY, DIR).unwrap();
        p1::fd_renumber(m, c, sub, OTHER).unwrap();
        p1::fd_renumber(m, c, INNER, 0).unwrap();
        for gone in [READ_ONLY, sub, INNER] {
            guest.dir = gone;
            assert_eq!(guest.open("file"), Err(Errno::Badf));
            let Guest { memory: m, ctx: c, .. } = &mut *guest;
            assert_eq!(p1::fd_prestat_get(m, c, gone, 0), Err(Errno::Badf));
        }
        is_shut_read_only(guest, DIR);
        is_shut_read_only(guest, OTHER);
        is_shut(guest, 0);
        guest.dir = 0;
        assert!(guest.create("file").is_ok());
        assert_eq!(guest.read(0, 10), Err(Errno::Badf), "it is no stream");
        // A stream in the place of a directory is no directory.
        let Guest { memory: m, ctx: c, .. } = &mut *guest;
        p1::fd_renumber(m, c, 1, DIR).unwrap();
        guest.dir = DIR;
        assert_eq!(guest.open("file"), Err(Errno::NotDir));
    });
}

/// As [`is_shut`] says, and nothing beneath can be changed either.
fn is_shut_read_only(guest: &mut Guest, fd: u32) {
    guest.dir = fd;
    for path in ["..", "../file", "../canary", "../outside/canary", "../../canary"] {
        assert_eq!(guest.open(path), Err(Errno::Perm), "{path}");
        assert_eq!(guest.stat(path, true), Err(Errno::Perm), "{path}");
    }
    let opened = guest.open("file").unwrap();
    assert_eq!(guest.read(opened, 16).unwrap(), b"mine");
    guest.close(opened).unwrap();
    for change in CHANGES {
        assert_eq!(change(guest), Err(Errno::Perm));
    }
}

type Change = fn(&mut Guest) -> Result<(), Errno>;

/// Whatever changes a directory with `file` in it, or lets it be changed.
const CHANGES: [Change; 24] = [
    |g| g.create("file").map(drop),
    |g| g.create("new").map(drop),
    |g| open_so(g, "file", OFlags::CREAT, Rights::FD_READ),
    |g| open_so(g, "new", OFlags::CREAT | OFlags::EXCL, Rights::empty()),
    |g| open_so(g, "file", OFlags::TRUNC, Rights::FD_READ),
    |g| open_so(g, "file", OFlags::TRUNC, Rights::empty()),
    |g| open_so(g, "file", OFlags::CREAT | OFlags::TRUNC, Rights::FD_WRITE),
    |g| open_so(g, "file", OFlags::empty(), Rights::FD_WRITE),
    |g| open_so(g, "file", OFlags::empty(), Rights::all()),
    |g| g.set_mtime("file", true, 1),
    |g| g.set_mtime("file", false, 1),
    |g| g.set_mtime(".", true, 1),
    |g| g.make_dir("new"),
    |g| g.make_dir("file"),
    |g| g.remove_dir("deep"),
    |g| g.remove_dir("none"),
    |g| g.unlink("file"),
    |g| g.unlink("link"),
    |g| g.rename("file", "moved"),
    |g| g.rename("file", "file"),
    |g| g.link("file", "linked"),
    |g| g.link_between((g.dir, "file"), (0, "linked")).map_err(|_| Errno::Perm),
    |g| g.symlink("file", "new"),
    |g| g.rename_between((g.dir, "file"), (0, "moved")).map_err(|_| Errno::Perm),
];

fn open_so(guest: &mut Guest, path: &str, flags: OFlags, rights: Rights) -> Result<(), Errno> {
    guest.open_with(path, true, flags, rights).map(drop)
}

#[test]
fn nothing_changes_in_a_read_only_directory() {
    each(|scene| {
        let guest = &mut scene.guest;
        is_shut_read_only(guest, READ_ONLY);
        let sub = open_dir(guest, READ_ONLY, "sub");
        is_shut_read_only(guest, sub);
        let again = open_dir(guest, sub, ".");
        is_shut_read_only(guest, again);
        // In and out, from and to writable ones.
        for (from, to) in [(READ_ONLY, DIR), (DIR, READ_ONLY), (sub, INNER), (INNER, sub)] {
            assert_eq!(guest.rename_between((from, "file"), (to, "new")), Err(Errno::Perm));
            assert_eq!(guest.link_between((from, "file"), (to, "new")), Err(Errno::Perm));
        }
        guest.dir = READ_ONLY;
        for path in ["link", "sub/file", "sub/../file", "file"] {
            let fd = guest.open(path).unwrap();
            assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
            let Guest { memory: m, ctx: c, .. } = &mut *guest;
            assert_eq!(p1::fd_pwrite(m, c, fd, 0, 0, 0, 64), Err(Errno::Badf));
            assert_eq!(p1::fd_allocate(m, c, fd, 0, 100), Err(Errno::Badf));
            assert_eq!(p1::fd_filestat_set_size(m, c, fd, 0), Err(Errno::Badf));
            assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 5), Err(Errno::Perm));
            assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 10), Err(Errno::Perm));
            let _ = p1::fd_fdstat_set_flags(m, c, fd, 1);
            assert_eq!(p1::fd_fdstat_set_rights(m, c, fd, u64::MAX, 0), Err(Errno::NotSup));
            assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
            guest.close(fd).unwrap();
        }
        let Guest { memory: m, ctx: c, .. } = &mut *guest;
        for fd in [READ_ONLY, sub, again] {
            assert_eq!(p1::fd_filestat_set_times(m, c, fd, 0, 0, 5), Err(Errno::Perm));
        }
        assert_eq!(guest.open("out"), Err(Errno::Perm));
    });
}

#[test]
fn only_directories_resolve_paths() {
    each(|scene| {
        let guest = &mut scene.guest;
        let file = guest.open("file").unwrap();
        let cases = [(0, Errno::NotDir), (1, Errno::NotDir), (2, Errno::NotDir)];
        let more = [(file, Errno::NotDir), (99, Errno::Badf), (u32::MAX, Errno::Badf)];
        for (fd, errno) in cases.into_iter().chain(more) {
            guest.dir = fd;
            assert_eq!(guest.open("file"), Err(errno));
            assert_eq!(guest.create("new"), Err(errno));
            assert_eq!(guest.stat("", true), Err(errno));
            assert_eq!(guest.stat("file", true), Err(errno));
            assert_eq!(guest.set_mtime("file", true, 1), Err(errno));
            assert_eq!(guest.make_dir("new"), Err(errno));
            assert_eq!(guest.remove_dir("dir"), Err(errno));
            assert_eq!(guest.unlink("file"), Err(errno));
            assert_eq!(guest.symlink("file", "new"), Err(errno));
            assert_eq!(guest.readlink("file"), Err(errno));
            assert_eq!(guest.rename_between((fd, "file"), (DIR, "new")), Err(errno));
            assert_eq!(guest.rename_between((DIR, "file"), (fd, "new")), Err(errno));
            assert_eq!(guest.link_between((fd, "file"), (DIR, "new")), Err(errno));
            assert_eq!(guest.link_between((DIR, "file"), (fd, "new")), Err(errno));
        }
    });
}

#[test]
fn names_of_directories_are_given_for_those_given() {
    each(|scene| {
        let guest = &mut scene.guest;
        let again = open_dir(guest, DIR, ".");
        let file = guest.open("file").unwrap();
        let Guest { memory: m, ctx: c, .. } = &mut *guest;
        for fd in [0, 1, 2, again, file, 99, u32::MAX] {
            assert_eq!(p1::fd_prestat_get(m, c, fd, 0), Err(Errno::Badf));
            assert_eq!(p1::fd_prestat_dir_name(m, c, fd, 0, 100), Err(Errno::Badf));
        }
        let too_long = Err(Errno::NameTooLong);
        assert_eq!(p1::fd_prestat_dir_name(m, c, READ_ONLY, 0, 8), too_long);
        assert_eq!(p1::fd_prestat_dir_name(m, c, READ_ONLY, 0, 0), too_long);
        m[200..220].fill(0xaa);
        p1::fd_prestat_dir_name(m, c, READ_ONLY, 200, u32::MAX).unwrap();
        assert_eq!(&m[200..210], b"/readable\xaa", "no more than the name is written");
        p1::fd_close(m, c, READ_ONLY).unwrap();
        assert_eq!(p1::fd_prestat_get(m, c, READ_ONLY, 0), Err(Errno::Badf));
        // The number is used again, for something that is not what it was.
        let fd = guest.open("file").unwrap();
        assert_eq!(fd, READ_ONLY);
        let Guest { memory: m, ctx: c, .. } = &mut *guest;
        assert_eq!(p1::fd_prestat_dir_name(m, c, fd, 0, 100), Err(Errno::Badf));
    });
}
