//! Attempts to escape: every operation that takes a path, on every path of a table. Each must fail,
//! or act inside, as the table says, and nothing outside may change or be read.

use std::fs;
use std::os::unix::fs::symlink;

use wasmtier_wasi::Errno::{Exist, Ilseq, Inval, IsDir, Loop, NameTooLong, NoEnt, NotDir, Perm};
use wasmtier_wasi::{Errno, OFlags, Rights};

use crate::canary::{SECRET, Snapshot, check_memory};
use crate::guest::{DIR, Guest, PathResolution, RESOLUTIONS, TempDir};

type Outcome = Result<(), Errno>;

const OK: &[Outcome] = &[Ok(())];
const EXIST: &[Outcome] = &[Err(Exist)];
const LOOP: &[Outcome] = &[Err(Loop)];
const NO_ENT: &[Outcome] = &[Err(NoEnt)];
const NOT_DIR: &[Outcome] = &[Err(NotDir)];
const PERM: &[Outcome] = &[Err(Perm)];
/// What of two things is wrong is said first differs.
const NO_DIR: &[Outcome] = &[Err(Loop), Err(NotDir)];
/// The kernel does not even look behind a slash for something to create.
const REFUSED: &[Outcome] = &[Err(Perm), Err(IsDir)];

/// Something a guest does with a path, and what comes of it where the path ends in ...
struct Operation {
    name: &'static str,
    run: fn(&mut Guest, &str) -> Outcome,
    /// ... a symbolic link to somewhere outside,
    link: &'static [Outcome],
    /// ... such a link and a slash,
    slash: &'static [Outcome],
    /// ... an ordinary name that is not there.
    absent: &'static [Outcome],
}

const fn operation(
    name: &'static str,
    run: fn(&mut Guest, &str) -> Outcome,
    link: &'static [Outcome],
    slash: &'static [Outcome],
    absent: &'static [Outcome],
) -> Operation {
    Operation { name, run, link, slash, absent }
}

/// Opens, takes what can be had, and closes.
fn open(guest: &mut Guest, path: &str, follow: bool, flags: OFlags, rights: Rights) -> Outcome {
    let fd = guest.open_with(path, follow, flags, rights)?;
    let _ = guest.read(fd, 4096);
    let _ = guest.write(fd, b"overwritten");
    guest.close(fd)
}

const READ: Rights = Rights::FD_READ;
const WRITE: Rights = Rights::FD_WRITE;
const CREATE: OFlags = OFlags::CREAT;

const ANY: OFlags = OFlags::empty();
const NEW: OFlags = OFlags::CREAT.union(OFlags::EXCL);
const FOLDER: OFlags = OFlags::DIRECTORY;
const TRUNCATE: OFlags = OFlags::TRUNC;
const BOTH: Rights = READ.union(WRITE);

#[rustfmt::skip]
const OPERATIONS: [Operation; 23] = [
    //         what, how                                                link   slash    absent
    operation("read", |g, p| open(g, p, true, ANY, READ),               PERM,  PERM,    NO_ENT),
    operation("read the entry", |g, p| open(g, p, false, ANY, READ),    LOOP,  PERM,    NO_ENT),
    operation("list", |g, p| open(g, p, true, FOLDER, READ),            PERM,  PERM,    NO_ENT),
    operation("list the entry", |g, p| open(g, p, false, FOLDER, READ), NO_DIR, PERM,   NO_ENT),
    operation("overwrite", |g, p| open(g, p, true, ANY, BOTH),          PERM,  PERM,    NO_ENT),
    operation("create", |g, p| open(g, p, true, CREATE, BOTH),          PERM,  REFUSED, OK),
    operation("create entry", |g, p| open(g, p, false, CREATE, WRITE),  LOOP,  REFUSED, OK),
    operation("create new", |g, p| open(g, p, true, NEW, WRITE),        EXIST, REFUSED, OK),
    operation("truncate", |g, p| open(g, p, true, TRUNCATE, WRITE),     PERM,  PERM,    NO_ENT),
    operation("replace", |g, p| open(g, p, true, CREATE | TRUNCATE, WRITE), PERM, REFUSED, OK),
    operation("stat", |g, p| g.stat(p, true).map(drop),                 PERM,  PERM,    NO_ENT),
    operation("stat the entry", |g, p| g.stat(p, false).map(drop),      OK,    PERM,    NO_ENT),
    operation("set times", |g, p| g.set_mtime(p, true, 0),              PERM,  PERM,    NO_ENT),
    operation("set times of the entry", |g, p| g.set_mtime(p, false, 0), OK,   PERM,    NO_ENT),
    operation("read link", |g, p| g.readlink(p).map(drop),              OK,    PERM,    NO_ENT),
    operation("make directory", |g, p| g.make_dir(p),                   EXIST, EXIST,   OK),
    operation("remove directory", |g, p| g.remove_dir(p),               NOT_DIR, NOT_DIR, NO_ENT),
    operation("unlink", |g, p| g.unlink(p),                             OK,    NOT_DIR, NO_ENT),
    operation("rename from", |g, p| g.rename(p, "taken"),               OK,    NOT_DIR, NO_ENT),
    operation("rename to", |g, p| g.rename("file", p),                  OK,    NOT_DIR, OK),
    operation("link from", |g, p| g.link(p, "taken"),                   OK,    NOT_DIR, NO_ENT),
    operation("link to", |g, p| g.link("file", p),                      EXIST, NOT_DIR, OK),
    operation("make symbolic link", |g, p| g.symlink("file", p),        EXIST, NOT_DIR, OK),
];

/// Where a path leads.
#[derive(Clone, Copy)]
enum Leads {
    /// Out, before its last component or by it: `perm`.
    Out,
    /// To a link that leads out.
    Link,
    /// To such a link, with a slash behind it.
    Slash,
    /// To a name like any other that is not there, however odd it looks.
    Absent,
    /// Nowhere: always this error.
    Fails(Errno),
}

/// `OUT` and `IN` stand for absolute paths, `LONG` for a name too long, `UPS` for many `../`.
const PATHS: &[(Leads, &[&str])] = {
    use Leads::{Absent, Fails, Link, Out, Slash};
    &[
        // Up.
        (Out, &["..", "../", "../.", "../..", "./..", "./../", ".//..", "dir/../..", "UPS"]),
        (Out, &["dir/deep/../../..", "dir//..//..", "dir/./.././..", "spare/../../", "../inside"]),
        (Out, &["../inside/", "../inside/file", "../outside", "../outside/", "../outside/canary"]),
        (Out, &["../outside/new", "dir/../../outside/canary", "spare/../../outside/dir/canary"]),
        (Out, &["dir/deep/../../../outside/canary", ".//..//outside//canary", "../.././../etc"]),
        // Absolute.
        (Out, &["/", "//", "///", "/.", "/..", "/etc/passwd", "/etc/", "OUT", "OUT/", "/OUT"]),
        (
            Out,
            &["OUT/canary", "OUT/new", "OUT/../outside/canary", "IN", "IN/file", "IN/../outside"],
        ),
        (
            Out,
            &["/proc/self/fd/0", "/proc/self/root", "/proc/self/cwd/x", "/dev/fd/0", "/dev/null"],
        ),
        // Links in the middle.
        (Out, &["up/canary", "up/new", "up/.", "up/..", "up/../outside/canary", "up/dir/canary"]),
        (Out, &["up//canary", "up/./canary", "./up/canary", "up/../inside/file", "up/canary/"]),
        (Out, &["up/dir/", "dir/../up/canary", "dir/deep/up/canary", "dir/deep/../../up/canary"]),
        (Out, &["absolute/canary", "absolute/new", "absolute/../inside/file", "home/file"]),
        (Out, &["chain/canary", "chain2/canary", "dir/deep/chain/canary", "winding/canary"]),
        (Out, &["parent/outside/canary", "parent/inside/file", "parent/..", "dots/outside/canary"]),
        (Out, &["grand/x", "again/file", "slashes/canary", "dotted/canary", "root/etc/passwd"]),
        (
            Out,
            &["root/proc/self/cwd/etc", "fds/0", "fds/3", "proc-root/etc", "proc-cwd/x", "fd3/x"],
        ),
        (
            Out,
            &["own/canary", "own/new", "own-chain/canary", "dir/own/canary", "own-parent/outside"],
        ),
        // Links at the end.
        (Link, &["up", "up-file", "up-new", "absolute", "absolute-file", "absolute-new", "home"]),
        (Link, &["chain", "chain2", "winding", "dir/deep/up", "dir/deep/chain", "parent", "dots"]),
        (Link, &["grand", "again", "slashes", "dotted", "root", "fds", "fd3", "dev-fd3", "stdin"]),
        (Link, &["proc-root", "proc-cwd", "proc-exe", "passwd", "nothing", "./up", "dir/../up"]),
        (Link, &["dir//deep//up", "spare/../up-file", "own", "own-file", "own-new", "own-chain"]),
        (Link, &["dir/own", "own-parent", "dir/deep/../own"]),
        (Slash, &["up/", "absolute/", "chain//", "chain2/", "winding/", "dir/deep/up/", "root/"]),
        (Slash, &["parent/", "dots///", "proc-root/", "fds/", "fd3/", "up-file/", "own/", "./up/"]),
        // Names that mean something elsewhere.
        (Absent, &["...", "....", "..x", "x..", ".. ", " ..", "..\\outside", "\\", "C:", "~", "*"]),
        (
            Absent,
            &["-rf", "$HOME", "%2e%2e", "..%2foutside", "\u{ff0e}\u{ff0e}", "\u{2024}\u{2024}"],
        ),
        (Absent, &["dir/...", "dir/..\\..", "..\n", "dir/../...", "file:", "dir/deep/../..."]),
        (
            Fails(NoEnt),
            &["", "none/up", "none/../up/canary", "none/../../outside", "%2e%2e/outside"],
        ),
        (Fails(NoEnt), &["~/x", ".../outside", "dangling/x", "C:/x"]),
        (Fails(NotDir), &["file/x", "file/../x", "file/../../outside/canary", "file/./x"]),
        (Fails(Loop), &["loop/x", "ping/x", "spiral/x", "link0/canary", "own-loop/x"]),
        (Fails(Inval), &["up\0", "\0", "file\0", "../outside\0", "up/canary\0x", "..\0/outside"]),
        (Fails(NameTooLong), &["LONG", "LONG/x", "LONG/../../outside", "dir/LONG/..", "LONGER"]),
    ]
};

/// A directory `inside`, which is the guest's, beside one it must not touch.
struct Scene {
    temp: TempDir,
    outside: Snapshot,
    guest: Guest,
}

const LINKS: [(&str, &str); 28] = [
    ("up", "../outside"),
    ("up-file", "../outside/canary"),
    ("up-new", "../outside/new"),
    ("absolute", "OUT"),
    ("absolute-file", "OUT/canary"),
    ("absolute-new", "OUT/new"),
    ("home", "IN"),
    ("chain", "up"),
    ("chain2", "./chain"),
    ("winding", "dir/../../outside"),
    ("dir/deep/up", "../../../outside"),
    ("dir/deep/chain", "../../chain"),
    ("parent", ".."),
    ("dots", "./.."),
    ("grand", "../.."),
    ("again", "../inside"),
    ("slashes", "..//outside//"),
    ("dotted", "./.././outside/."),
    ("root", "/"),
    ("fds", "/proc/self/fd"),
    ("fd3", "/proc/self/fd/3"),
    ("dev-fd3", "/dev/fd/3"),
    ("stdin", "/dev/stdin"),
    ("proc-root", "/proc/self/root"),
    ("proc-cwd", "/proc/self/cwd"),
    ("proc-exe", "/proc/self/exe"),
    ("passwd", "/etc/passwd"),
    ("nothing", "../nothing"),
];

/// Links that lead nowhere at all.
const LOOPS: [(&str, &str); 5] = [
    ("loop", "loop"),
    ("ping", "dir/../pong"),
    ("pong", "./ping"),
    ("spiral", "spiral/spiral"),
    ("dangling", "none"),
];

/// What a guest can make itself.
const OWN_LINKS: [(&str, &str); 8] = [
    ("own", "../outside"),
    ("own-file", "../outside/canary"),
    ("own-new", "../outside/new"),
    ("own-chain", "own"),
    ("dir/own", "../../outside"),
    ("own-parent", ".."),
    ("own-loop", "own-loop"),
    ("own-dangling", "none"),
];

impl Scene {
    fn new(resolution: PathResolution) -> Scene {
        let temp = TempDir::in_memory();
        fs::create_dir_all(temp.join("outside/dir")).unwrap();
        fs::write(temp.join("outside/canary"), SECRET).unwrap();
        fs::write(temp.join("outside/dir/canary"), SECRET).unwrap();
        symlink("canary", temp.join("outside/link")).unwrap();
        let inside = temp.join("inside");
        fs::create_dir_all(inside.join("dir/deep")).unwrap();
        fs::create_dir(inside.join("spare")).unwrap();
        fs::write(inside.join("file"), "mine").unwrap();
        for (name, target) in LINKS.into_iter().chain(LOOPS) {
            symlink(expand(&temp, target), inside.join(name)).unwrap();
        }
        // More links in a row than may be followed.
        for number in 0..45 {
            let target = format!("link{}", number + 1);
            symlink(target, inside.join(format!("link{number}"))).unwrap();
        }
        symlink("../outside", inside.join("link45")).unwrap();
        let outside = Snapshot::of(&temp.join("outside"));
        let mut guest = Guest::with_dir(&inside, resolution);
        for (name, target) in OWN_LINKS {
            guest.symlink(target, name).unwrap();
        }
        Scene { temp, outside, guest }
    }

    /// Runs one operation on one path; whether it may have changed the scene.
    fn attempt(&mut self, operation: &Operation, path: &str, expected: &[Outcome]) -> bool {
        let outcome = (operation.run)(&mut self.guest, path);
        let Operation { name, .. } = operation;
        let shown: String = path.chars().take(80).collect();
        assert!(expected.contains(&outcome), "{name} {shown:?}: {outcome:?} is not {expected:?}");
        let outside = Snapshot::of(&self.temp.join("outside"));
        assert_eq!(outside, self.outside, "{name} {shown:?} changed something outside");
        assert_eq!(fs::read_dir(self.temp.path()).unwrap().count(), 2, "{name} {shown:?}");
        if outcome.is_ok() {
            check_memory(&self.guest.memory, name);
        }
        outcome.is_ok()
    }
}

fn expand(temp: &TempDir, path: &str) -> String {
    let absolute = |name| temp.join(name).display().to_string();
    path.replace("LONGER", &"x".repeat(5000))
        .replace("LONG", &"x".repeat(256))
        .replace("UPS", &"../".repeat(1365))
        .replace("OUT", &absolute("outside"))
        .replace("IN", &absolute("inside"))
}

fn every_operation_on_every_path(resolution: PathResolution) {
    let mut scene = Scene::new(resolution);
    let mut attempts = 0;
    for &(leads, paths) in PATHS {
        for path in paths {
            for operation in &OPERATIONS {
                let errors;
                let expected = match leads {
                    Leads::Out => PERM,
                    Leads::Link => operation.link,
                    Leads::Slash => operation.slash,
                    Leads::Absent => operation.absent,
                    Leads::Fails(errno) => {
                        errors = [Err(errno)];
                        &errors
                    }
                };
                let path = expand(&scene.temp, path);
                if scene.attempt(operation, &path, expected) {
                    scene = Scene::new(resolution);
                }
                attempts += 1;
            }
            check_memory(&scene.guest.memory, path);
        }
    }
    assert!(attempts > 4000, "{attempts} attempts");
}

#[test]
fn no_operation_on_any_path_gets_out() {
    every_operation_on_every_path(PathResolution::Kernel);
}

#[test]
fn nor_does_it_step_by_step() {
    every_operation_on_every_path(PathResolution::Stepwise);
}

/// Only what leads nowhere else can be the target of a link the guest makes.
#[test]
fn links_to_absolute_paths_are_not_made() {
    for resolution in RESOLUTIONS {
        let mut scene = Scene::new(resolution);
        for target in
            ["/", "//", "/..", "/etc/passwd", "OUT", "OUT/canary", "IN", "/proc/self/fd/3"]
        {
            let target = expand(&scene.temp, target);
            assert_eq!(scene.guest.symlink(&target, "new"), Err(Perm), "{target}");
        }
        for (target, errno) in [("", NoEnt), ("a\0b", Inval), (&*"x".repeat(5000), NameTooLong)] {
            assert_eq!(scene.guest.symlink(target, "new"), Err(errno));
        }
        assert_eq!(scene.guest.stat("new", false), Err(NoEnt));
    }
}

/// To link what a link leads to is refused altogether, wherever it leads.
#[test]
fn links_are_not_followed_to_be_linked() {
    for resolution in RESOLUTIONS {
        let mut scene = Scene::new(resolution);
        for path in ["up-file", "absolute-file", "passwd", "own-file", "file", "up/canary", "fd3"] {
            let linked = scene.guest.link_with(true, (DIR, path), (DIR, "taken"));
            assert_eq!(linked, Err(Inval), "{path}");
        }
        // The link itself has one more name then, and leads where it did: nowhere.
        for (number, path) in ["up-file", "absolute-file", "passwd", "own-file"].iter().enumerate()
        {
            let taken = format!("taken{number}");
            scene.guest.link(path, &taken).unwrap();
            assert_eq!(scene.guest.open(&taken), Err(Perm), "{path}");
        }
        assert_eq!(Snapshot::of(&scene.temp.join("outside")), scene.outside);
    }
}

#[test]
fn names_that_are_not_text_are_refused() {
    for resolution in RESOLUTIONS {
        let mut scene = Scene::new(resolution);
        for path in [
            &b"\xff"[..],
            b"up/\xff",
            b"..\xc0\xaf..",
            b"\xc0\xae\xc0\xae/outside",
            b"\xed\xa0\x80",
        ] {
            let (at, len) = scene.guest.put(0, path);
            let Guest { memory: m, ctx: c, .. } = &mut scene.guest;
            use wasmtier_wasi::preview1 as p1;
            let ilseq = Err(Ilseq);
            assert_eq!(p1::path_open(m, c, DIR, 1, at, len, 1, 66, 0, 0, 256), ilseq);
            assert_eq!(p1::path_filestat_get(m, c, DIR, 1, at, len, 256), ilseq);
            assert_eq!(p1::path_filestat_set_times(m, c, DIR, 1, at, len, 0, 0, 5), ilseq);
            assert_eq!(p1::path_create_directory(m, c, DIR, at, len), ilseq);
            assert_eq!(p1::path_remove_directory(m, c, DIR, at, len), ilseq);
            assert_eq!(p1::path_unlink_file(m, c, DIR, at, len), ilseq);
            assert_eq!(p1::path_readlink(m, c, DIR, at, len, 256, 256, 600), ilseq);
            assert_eq!(p1::path_rename(m, c, DIR, at, len, DIR, at, len), ilseq);
            assert_eq!(p1::path_link(m, c, DIR, 0, at, len, DIR, at, len), ilseq);
            assert_eq!(p1::path_symlink(m, c, at, len, DIR, at, len), ilseq);
        }
        assert_eq!(Snapshot::of(&scene.temp.join("outside")), scene.outside);
    }
}
