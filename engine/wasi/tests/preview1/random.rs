//! Random calls of every function with random arguments, many of them nearly right, by a guest in a
//! folder of its own. Nothing panics, nothing traps, and nothing outside is touched or read.
//!
//! `WASMTIER_CALLS=1000000 cargo test -p wasmtier-wasi --test preview1 random` makes a million
//! calls. They are the same in each run; `WASMTIER_SEED` chooses others. A failure names its round,
//! which `WASMTIER_SEED` with that number repeats alone with fewer calls.

use std::fs;
use std::os::unix::fs::symlink;

use wasmtier::{Engine, Extern, Func, Linker, Module, Store, Val};
use wasmtier_wasi::{I32Exit, PathResolution, WasiCtx, WasiCtxBuilder, add_to_linker};

use crate::canary::{SECRET, Snapshot, check_memory};
use crate::guest::TempDir;
use crate::interface::{FUNCTIONS, imports};

/// Calls in the tests of every change.
const CALLS: u64 = 30_000;

/// Calls of one guest; then the next one begins in a fresh folder.
const ROUND: u64 = 500;

/// Bytes of its memory.
const MEMORY: u32 = 65_536;

/// What each function takes, a letter for each argument or pair of them:
///
/// | | | | |
/// |---|---|---|---|
/// | `f` | descriptor | `c` | descriptor that is lost: seldom the first ones |
/// | `r` | descriptor, often of a directory | `n` | length |
/// | `p` | address | `V` | buffers: address of a vector and count |
/// | `P` | path: address and length | `S` | subscriptions: their address |
/// | `g` | flags or a small number | `l` | how to look up a path |
/// | `o` | how to open it | `d` | flags of a descriptor |
/// | `G` | rights | `O` | offset, size or time |
/// | `A` | offset or size of space that is taken | | |
const ARGUMENTS: [(&str, &str); 46] = [
    ("args_get", "pp"),
    ("args_sizes_get", "pp"),
    ("clock_res_get", "gp"),
    ("clock_time_get", "gOp"),
    ("environ_get", "pp"),
    ("environ_sizes_get", "pp"),
    ("fd_advise", "fOOg"),
    ("fd_allocate", "fAA"),
    ("fd_close", "c"),
    ("fd_datasync", "f"),
    ("fd_fdstat_get", "fp"),
    ("fd_fdstat_set_flags", "fd"),
    ("fd_fdstat_set_rights", "fGG"),
    ("fd_filestat_get", "fp"),
    ("fd_filestat_set_size", "fA"),
    ("fd_filestat_set_times", "fOOg"),
    ("fd_pread", "fVOp"),
    ("fd_prestat_dir_name", "fpn"),
    ("fd_prestat_get", "fp"),
    ("fd_pwrite", "fVAp"),
    ("fd_read", "fVp"),
    ("fd_readdir", "rpnOp"),
    ("fd_renumber", "cc"),
    ("fd_seek", "fOgp"),
    ("fd_sync", "f"),
    ("fd_tell", "fp"),
    ("fd_write", "fVp"),
    ("path_create_directory", "rP"),
    ("path_filestat_get", "rlPp"),
    ("path_filestat_set_times", "rlPOOg"),
    ("path_link", "rlPrP"),
    ("path_open", "rlPoGGdp"),
    ("path_readlink", "rPpnp"),
    ("path_remove_directory", "rP"),
    ("path_rename", "rPrP"),
    ("path_symlink", "PrP"),
    ("path_unlink_file", "rP"),
    ("poll_oneoff", "Spgp"),
    ("proc_exit", "g"),
    ("proc_raise", "g"),
    ("random_get", "pn"),
    ("sched_yield", ""),
    ("sock_accept", "fgp"),
    ("sock_recv", "fVgpp"),
    ("sock_send", "fVgp"),
    ("sock_shutdown", "fg"),
];

/// Paths, of which some lead out.
const PATHS: [&str; 30] = [
    "file",
    "file",
    "dir",
    "dir/file",
    "dir/new",
    "new",
    "new2",
    "dir/deep",
    "dir/deep/up",
    "link",
    "link2",
    ".",
    "./file/",
    "dir/../file",
    "..",
    "../outside/canary",
    "up",
    "up/canary",
    "up/new",
    "absolute/canary",
    "chain/canary",
    "root/etc/passwd",
    "/etc/passwd",
    "/",
    "",
    "dir//deep/../../../outside",
    "../inside/file",
    "loop",
    "/proc/self/fd/3",
    "\u{fc}",
];

/// A sequence that looks random and is the same each time (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).unwrap()
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[usize::try_from(self.below(u32::try_from(values.len()).unwrap())).unwrap()]
    }

    fn any(&mut self) -> u32 {
        self.next() as u32
    }

    /// Mostly inside the memory.
    fn address(&mut self) -> u32 {
        match self.below(12) {
            0 => self.one_of(&[0, MEMORY - 1, MEMORY, MEMORY + 1, u32::MAX - 7, u32::MAX, 1 << 31]),
            1 => MEMORY - self.below(64),
            2 => self.any(),
            _ => self.below(MEMORY - 4096),
        }
    }

    fn len(&mut self) -> u32 {
        match self.below(10) {
            0 => self.one_of(&[0, 1, MEMORY, MEMORY + 1, u32::MAX, u32::MAX - 1, 1 << 31]),
            1 => self.any(),
            2 => self.below(MEMORY),
            _ => self.below(600),
        }
    }

    fn descriptor(&mut self) -> u32 {
        match self.below(16) {
            0 => self.any(),
            1 => self.one_of(&[u32::MAX, 1 << 31, 1000, 64]),
            2..4 => self.below(64),
            4..11 => self.below(12),
            _ => self.one_of(&[3, 3, 3, 4, 5]),
        }
    }

    fn directory(&mut self) -> u32 {
        if self.once_in(5) { self.descriptor() } else { self.one_of(&[3, 3, 3, 3, 4, 5, 8]) }
    }

    fn lost_descriptor(&mut self) -> u32 {
        match self.below(40) {
            0 => self.below(6),
            1 => self.descriptor(),
            _ => 6 + self.below(12),
        }
    }

    fn flags(&mut self) -> u32 {
        match self.below(8) {
            0 => self.any(),
            1 => self.below(64),
            _ => self.below(10),
        }
    }

    fn lookup(&mut self) -> u32 {
        if self.once_in(12) { self.any() } else { self.below(2) }
    }

    fn open_flags(&mut self) -> u32 {
        if self.once_in(8) { self.flags() } else { self.one_of(&[0, 0, 1, 1, 2, 5, 8, 9]) }
    }

    fn descriptor_flags(&mut self) -> u32 {
        if self.once_in(8) { self.flags() } else { self.one_of(&[0, 0, 1, 4, 5]) }
    }

    fn offset(&mut self) -> u64 {
        match self.below(8) {
            0 => self.next(),
            1 => self.one_of(&[u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 32, 1 << 31, 1 << 62]),
            _ => u64::from(self.below(10_000)),
        }
    }

    /// Small, or beyond what a file can have: what is taken must not fill the host's disk.
    fn space(&mut self) -> u64 {
        match self.below(8) {
            0 => self.next() | 1 << 63,
            1 => self.one_of(&[u64::MAX, 1 << 63, (1 << 63) - 1]),
            _ => u64::from(self.below(10_000)),
        }
    }

    fn rights(&mut self) -> u64 {
        match self.below(4) {
            0 => self.next(),
            1 => u64::MAX,
            _ => u64::from(self.one_of(&[0u32, 2, 64, 66, 1 << 14])),
        }
    }
}

/// The folders of one guest.
struct Scene {
    temp: TempDir,
    outside: Snapshot,
    readable: Snapshot,
}

impl Scene {
    fn new() -> Scene {
        let temp = TempDir::in_memory();
        for name in ["outside", "inside/dir/deep", "readable/dir"] {
            fs::create_dir_all(temp.join(name)).unwrap();
        }
        fs::write(temp.join("outside/canary"), SECRET).unwrap();
        fs::write(temp.join("inside/file"), "mine").unwrap();
        fs::write(temp.join("inside/dir/file"), "mine").unwrap();
        fs::write(temp.join("readable/file"), "to be read").unwrap();
        let links = [("up", "../outside"), ("chain", "up"), ("loop", "loop"), ("link", "dir/file")];
        for (name, target) in links.into_iter().chain([("link2", "dir"), ("root", "/")]) {
            symlink(target, temp.join("inside").join(name)).unwrap();
            symlink(target, temp.join("readable").join(name)).unwrap();
        }
        symlink(temp.join("outside"), temp.join("inside/absolute")).unwrap();
        symlink("../../../outside", temp.join("inside/dir/deep/up")).unwrap();
        let outside = Snapshot::of(&temp.join("outside"));
        let readable = Snapshot::of(&temp.join("readable"));
        Scene { temp, outside, readable }
    }

    fn context(&self, resolution: PathResolution) -> WasiCtx {
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution).args(["a", "bc"]).env("NAME", "value");
        builder.stdin(&b"some input that ends"[..]);
        builder.preopened_dir(self.temp.join("inside"), "/").unwrap();
        builder.preopened_dir_read_only(self.temp.join("readable"), "/readable").unwrap();
        builder.preopened_dir(self.temp.join("inside/dir"), "/dir").unwrap();
        builder.build()
    }

    fn check(&self) {
        assert_eq!(Snapshot::of(&self.temp.join("outside")), self.outside);
        assert_eq!(Snapshot::of(&self.temp.join("readable")), self.readable);
        assert_eq!(fs::read_dir(self.temp.path()).unwrap().count(), 3);
    }
}

/// A guest that calls what it is told to.
struct Caller {
    store: Store<WasiCtx>,
    memory: Extern,
    functions: Vec<Func>,
    random: Random,
}

/// A module with a function for each of preview1's, which passes its arguments on, and with a
/// memory of some type.
fn module(engine: &Engine, memory: &str) -> Module {
    let forward = |(name, params): &(&str, &str)| {
        let types: String =
            params.chars().map(|c| if c == 'i' { " i32" } else { " i64" }).collect();
        let passed: String = (0..params.len()).map(|at| format!(" (local.get {at})")).collect();
        let result = if *name == "proc_exit" { "" } else { "(result i32)" };
        format!("(func (export \"{name}\") (param{types}) {result} (call ${name}{passed}))")
    };
    let exports: String = FUNCTIONS.iter().map(forward).collect();
    let text = format!("(module {} (memory (export \"memory\") {memory}) {exports})", imports());
    Module::new(engine, wat::parse_str(text).unwrap()).unwrap()
}

impl Caller {
    fn new(module: &Module, ctx: WasiCtx, seed: u64) -> Caller {
        let mut linker = Linker::new(module.engine());
        add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
        let mut store = Store::new(module.engine(), ctx);
        let instance = linker.instantiate(&mut store, module).unwrap();
        let memory = instance.get_export(&mut store, "memory").unwrap();
        let named = ARGUMENTS.iter().map(|(name, _)| instance.get_func(&mut store, name).unwrap());
        let functions = named.collect();
        let mut caller = Caller { store, memory, functions, random: Random(seed) };
        for path in ["file", "dir/file", "dir", "new", "dir/new", "link"] {
            caller.open(path);
        }
        caller
    }

    /// Opens a file as a program does, or a directory.
    fn open(&mut self, path: &str) {
        self.put(0, path.as_bytes());
        let (flags, rights) = if path == "dir" { (2, 2) } else { (1, 66) };
        let [path_len, flags] = [path.len() as i32, flags].map(Val::I32);
        let (zero, dir) = (Val::I32(0), Val::I32(3));
        let follow = Val::I32(1);
        let rights = Val::I64(rights);
        let arguments = [dir, follow, zero, path_len, flags, rights, Val::I64(0), zero, zero];
        let open = ARGUMENTS.iter().position(|(name, _)| *name == "path_open").unwrap();
        let mut results = [zero];
        self.functions[open].call(&mut self.store, &arguments, &mut results).unwrap();
        assert!(matches!(results, [Val::I32(0)]), "{path}: {results:?}");
    }

    /// Writes to the memory, as far as it goes.
    fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = usize::try_from(at).unwrap();
        let room = usize::try_from(MEMORY).unwrap().saturating_sub(at);
        let bytes = &bytes[..room.min(bytes.len())];
        match &self.memory {
            Extern::Memory(memory) => memory.write(&mut self.store, at, bytes),
            Extern::SharedMemory(memory) => memory.write(at, bytes),
            other => panic!("{other:?} is no memory"),
        }
        .unwrap_or_else(|error| assert_eq!(room, 0, "{error}"));
    }

    /// All bytes of the memory.
    fn contents(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(MEMORY).unwrap()];
        match &self.memory {
            Extern::Memory(memory) => memory.read(&self.store, 0, &mut bytes),
            Extern::SharedMemory(memory) => memory.read(0, &mut bytes),
            other => panic!("{other:?} is no memory"),
        }
        .unwrap();
        bytes
    }

    /// A path's address and length, where there is one, mostly.
    fn path(&mut self) -> [u32; 2] {
        let (path, at) = (self.random.one_of(&PATHS), self.random.address());
        self.put(at, path.as_bytes());
        let len = u32::try_from(path.len()).unwrap();
        let len = if self.random.once_in(12) { self.random.len() } else { len };
        [at, len]
    }

    /// The address and count of buffers, which mostly are some.
    fn buffers(&mut self) -> [u32; 2] {
        let (at, count) = (self.random.address(), self.random.below(6));
        for index in 0..count {
            let record = [self.random.address(), self.random.len()].map(u32::to_le_bytes);
            self.put(at.saturating_add(8 * index), &record.concat());
        }
        let count = if self.random.once_in(12) { self.random.len() } else { count };
        [at, count]
    }

    /// The address of subscriptions, of which the first is to a moment that comes soon: a wait
    /// without an end would be right, and the end of the test.
    fn subscriptions(&mut self) -> u32 {
        let at = self.random.address();
        let clock = u64::from(self.random.below(2));
        let head = [self.random.next(), 0, clock, 1000, 0, 0];
        self.put(at, &head.map(u64::to_le_bytes).concat());
        for index in 1..self.random.below(5) {
            let tag = u64::from(self.random.below(4));
            let subject = u64::from(self.random.descriptor());
            let record = [self.random.next(), tag, subject, 1000, 0, self.random.next() & 3];
            self.put(at.saturating_add(48 * index), &record.map(u64::to_le_bytes).concat());
        }
        at
    }

    fn arguments(&mut self, letters: &str) -> Vec<Val> {
        let mut values = Vec::new();
        for letter in letters.chars() {
            let random = &mut self.random;
            let small: &[u32] = match letter {
                'f' => &[random.descriptor()],
                'r' => &[random.directory()],
                'c' => &[random.lost_descriptor()],
                'p' => &[random.address()],
                'n' => &[random.len()],
                'g' => &[random.flags()],
                'l' => &[random.lookup()],
                'o' => &[random.open_flags()],
                'd' => &[random.descriptor_flags()],
                'P' => &self.path(),
                'V' => &self.buffers(),
                'S' => &[self.subscriptions()],
                'O' | 'A' | 'G' => {
                    let value = match letter {
                        'O' => random.offset(),
                        'A' => random.space(),
                        _ => random.rights(),
                    };
                    values.push(Val::I64(value.cast_signed()));
                    &[]
                }
                other => panic!("what is `{other}`?"),
            };
            values.extend(small.iter().map(|&value| Val::I32(value.cast_signed())));
        }
        values
    }

    /// One call of any function, and the error number it returned.
    fn call(&mut self) -> (&'static str, i32) {
        let which = self.random.below(46) as usize;
        let (name, letters) = ARGUMENTS[which];
        let arguments = self.arguments(letters);
        let mut results = [Val::I32(0)];
        let results = if name == "proc_exit" { &mut [][..] } else { &mut results };
        match self.functions[which].call(&mut self.store, &arguments, results) {
            Ok(()) => match results {
                [Val::I32(errno)] if (0..=76).contains(errno) => (name, *errno),
                other => panic!("{name}({arguments:?}) returned {other:?}"),
            },
            Err(error) if name == "proc_exit" && error.downcast_ref::<I32Exit>().is_some() => {
                (name, 0)
            }
            Err(error) => panic!("{name}({arguments:?}) trapped: {error:?}"),
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().expect("a setting is a number"))
}

#[test]
fn random_calls_do_no_harm() {
    let (calls, first) = (setting("WASMTIER_CALLS", CALLS), setting("WASMTIER_SEED", 0));
    let engine = Engine::default();
    // The second is copied from and to, as other threads might use it.
    let modules = [module(&engine, "1"), module(&engine, "1 1 shared")];
    let mut succeeded = [0u64; 46];
    for round in first..first + calls.div_ceil(ROUND) {
        let resolution =
            if round % 2 == 0 { PathResolution::Kernel } else { PathResolution::Stepwise };
        let scene = Scene::new();
        let module = &modules[usize::from(round % 4 >= 2)];
        let mut caller = Caller::new(module, scene.context(resolution), round << 32);
        let rounds = std::panic::AssertUnwindSafe(|| {
            for call in 0..ROUND.min(calls) {
                let (name, errno) = caller.call();
                let place = ARGUMENTS.iter().position(|(other, _)| *other == name).unwrap();
                succeeded[place] += u64::from(errno == 0);
                if call % 16 == 15 {
                    check_memory(&caller.contents(), name);
                }
            }
            check_memory(&caller.contents(), "the last call");
            scene.check();
        });
        if let Err(panic) = std::panic::catch_unwind(rounds) {
            eprintln!("in round {round}: repeat with WASMTIER_SEED={round} WASMTIER_CALLS={ROUND}");
            std::panic::resume_unwind(panic);
        }
    }
    // All that can succeed does, or the rest would mean little.
    for ((name, _), count) in ARGUMENTS.iter().zip(succeeded) {
        let never =
            name.starts_with("sock") || ["proc_raise", "fd_fdstat_set_rights"].contains(name);
        let enough = if never { count == 0 } else { count > 0 || calls < CALLS };
        assert!(enough, "{name} succeeded {count} times");
    }
}
