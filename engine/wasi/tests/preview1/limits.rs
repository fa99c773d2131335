//! Ends and limits: of files, of positions, of what one call transfers, of what is text.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};

use wasmtier_wasi::{Errno, OFlags, Rights, WasiCtxBuilder, preview1 as p1};

use crate::guest::{DIR, Guest, OUT, PathResolution, TempDir};

fn guest() -> (TempDir, Guest) {
    let temp = TempDir::new();
    let guest = Guest::with_dir(temp.path(), PathResolution::Kernel);
    (temp, guest)
}

fn seek(guest: &mut Guest, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
    let Guest { memory, ctx, .. } = guest;
    p1::fd_seek(memory, ctx, fd, offset, whence, OUT)?;
    Ok(guest.u64_at(OUT))
}

/// Reads up to 8 bytes at an offset.
fn pread(guest: &mut Guest, fd: u32, offset: u64) -> Result<Vec<u8>, Errno> {
    guest.put(100, &[200u32, 8].map(u32::to_le_bytes).concat());
    let Guest { memory, ctx, .. } = guest;
    p1::fd_pread(memory, ctx, fd, 100, 1, offset, OUT)?;
    let len = guest.u32_at(OUT) as usize;
    Ok(guest.memory[200..200 + len].to_vec())
}

fn pwrite(guest: &mut Guest, fd: u32, offset: u64, bytes: &[u8]) -> Result<u32, Errno> {
    let (at, len) = guest.put(200, bytes);
    guest.put(100, &[at, len].map(u32::to_le_bytes).concat());
    let Guest { memory, ctx, .. } = guest;
    p1::fd_pwrite(memory, ctx, fd, 100, 1, offset, OUT)?;
    Ok(guest.u32_at(OUT))
}

#[test]
fn a_file_ends() {
    let (_temp, mut guest) = guest();
    let guest = &mut guest;
    let fd = guest.create("file").unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"", "a new file");
    guest.write(fd, b"0123456789").unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"", "behind what was written");
    assert_eq!(guest.read(fd, 10).unwrap(), b"", "and again");
    seek(guest, fd, 8, 0).unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"89");
    assert_eq!(guest.read(fd, 0).unwrap(), b"");
    assert_eq!(pread(guest, fd, 9), Ok(b"9".to_vec()));
    for offset in [10, 11, 1 << 40, i64::MAX as u64 - 8] {
        assert_eq!(pread(guest, fd, offset), Ok(vec![]), "{offset}");
    }
    assert_eq!(pread(guest, fd, 1 << 63), Err(Errno::Inval));
    assert_eq!(seek(guest, fd, 0, 1), Ok(10), "the position is still where it was");
}

#[test]
fn a_position_may_be_behind_the_end() {
    let (temp, mut guest) = guest();
    let guest = &mut guest;
    let fd = guest.create("file").unwrap();
    guest.write(fd, b"start").unwrap();
    assert_eq!(seek(guest, fd, 10, 2), Ok(15));
    assert_eq!(guest.read(fd, 10).unwrap(), b"");
    assert_eq!(guest.stat("file", true).unwrap().size, 5, "seeking makes nothing longer");
    guest.write(fd, b"end").unwrap();
    assert_eq!(fs::read(temp.join("file")).unwrap(), b"start\0\0\0\0\0\0\0\0\0\0end");
    assert_eq!(pwrite(guest, fd, 20, b"x"), Ok(1));
    assert_eq!(guest.stat("file", true).unwrap().size, 21);
    for (offset, whence) in
        [(-1, 0), (i64::MIN, 0), (-19, 1), (i64::MIN, 1), (-22, 2), (i64::MIN, 2)]
    {
        assert_eq!(seek(guest, fd, offset, whence), Err(Errno::Inval), "{offset} {whence}");
    }
    for whence in [1, 2] {
        let moved = seek(guest, fd, i64::MAX, whence);
        assert!(matches!(moved, Err(Errno::Inval | Errno::Overflow)), "{moved:?}");
    }
    assert_eq!(seek(guest, fd, 0, 1), Ok(18), "a failure moves nothing");
    let written = pwrite(guest, fd, i64::MAX as u64, b"x");
    assert!(matches!(written, Err(Errno::Fbig | Errno::Inval)), "{written:?}");
    assert_eq!(pwrite(guest, fd, u64::MAX, b"x"), Err(Errno::Inval));
}

#[test]
fn what_is_appended_comes_last() {
    let (temp, mut guest) = guest();
    let guest = &mut guest;
    fs::write(temp.join("file"), "start").unwrap();
    let (at, len) = guest.put(100, b"file");
    let rights = (Rights::FD_READ | Rights::FD_WRITE).bits();
    let Guest { memory, ctx, .. } = &mut *guest;
    p1::path_open(memory, ctx, DIR, 0, at, len, 0, rights, 0, 1, OUT).unwrap();
    let fd = guest.u32_at(OUT);
    assert_eq!(guest.read(fd, 2).unwrap(), b"st", "reading begins at the start");
    assert_eq!(guest.write(fd, b" more"), Ok(5));
    assert_eq!(seek(guest, fd, 0, 1), Ok(10));
    seek(guest, fd, 0, 0).unwrap();
    assert_eq!(guest.write(fd, b" still"), Ok(6));
    assert_eq!(pwrite(guest, fd, 0, b" end"), Ok(4), "wherever it says");
    assert_eq!(fs::read(temp.join("file")).unwrap(), b"start more still end");
    // Without the flag it is a file like any other.
    let Guest { memory, ctx, .. } = &mut *guest;
    p1::fd_fdstat_set_flags(memory, ctx, fd, 0).unwrap();
    assert_eq!(pwrite(guest, fd, 0, b"S"), Ok(1));
    assert_eq!(fs::read(temp.join("file")).unwrap(), b"Start more still end");
}

#[test]
fn room_is_made_and_never_taken() {
    let (temp, mut guest) = guest();
    let fd = guest.create("file").unwrap();
    guest.write(fd, b"text").unwrap();
    guest.make_dir("dir").unwrap();
    let dir = guest.open_with("dir", true, OFlags::DIRECTORY, Rights::empty()).unwrap();
    let read_only = guest.open("file").unwrap();
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    let size = || fs::metadata(temp.join("file")).unwrap().len();
    p1::fd_allocate(m, c, fd, 0, 2).unwrap();
    assert_eq!(size(), 4);
    p1::fd_allocate(m, c, fd, 2, 10).unwrap();
    assert_eq!(size(), 12);
    p1::fd_allocate(m, c, fd, 100, 1).unwrap();
    assert_eq!(size(), 101);
    assert!(fs::metadata(temp.join("file")).unwrap().blocks() > 0);
    assert_eq!(p1::fd_allocate(m, c, fd, 0, 0), Err(Errno::Inval));
    assert_eq!(p1::fd_allocate(m, c, fd, i64::MAX as u64, 1), Err(Errno::Fbig));
    assert_eq!(p1::fd_allocate(m, c, fd, 1, i64::MAX as u64), Err(Errno::Fbig));
    assert_eq!(p1::fd_allocate(m, c, fd, 0, u64::MAX), Err(Errno::Inval));
    for other in [read_only, dir, DIR] {
        assert_eq!(p1::fd_allocate(m, c, other, 0, 10), Err(Errno::Badf));
    }
    assert_eq!(p1::fd_allocate(m, c, 1, 0, 10), Err(Errno::Spipe));
    assert_eq!(size(), 101);
    assert!(fs::read(temp.join("file")).unwrap().starts_with(b"text\0"));
    p1::fd_filestat_set_size(m, c, fd, 2).unwrap();
    assert_eq!(fs::read(temp.join("file")).unwrap(), b"te");
}

/// `count` records of one buffer, at 8.
fn repeated(guest: &mut Guest, count: u32, buffer: u32, len: u32) {
    let record = [buffer, len].map(u32::to_le_bytes).concat();
    guest.memory.resize(1 << 20, 0);
    guest.put(8, &record.repeat(count as usize));
}

/// More buffers than the host takes at once: a part is transferred, and the guest is told.
#[test]
fn a_vector_may_be_long() {
    let (temp, mut guest) = guest();
    let fd = guest.create("file").unwrap();
    for count in [1, 8, 9, 1023, 1024, 1025, 100_000] {
        repeated(&mut guest, count, 900_000, 2);
        guest.put(900_000, b"ab");
        let Guest { memory: m, ctx: c, .. } = &mut guest;
        p1::fd_filestat_set_size(m, c, fd, 0).unwrap();
        p1::fd_pwrite(m, c, fd, 8, count, 0, 0).unwrap();
        let written = guest.u32_at(0);
        assert_eq!(written, 2 * count.min(1024));
        assert_eq!(fs::read(temp.join("file")).unwrap(), b"ab".repeat(written as usize / 2));
    }
    // To be read into, they overlap: only the first is used.
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_pread(m, c, fd, 8, 100_000, 0, 0).unwrap();
    assert_eq!(guest.u32_at(0), 2);
    // Side by side, as far as the host goes.
    for index in 0..2000 {
        guest.put(8 + 8 * index, &[850_000 + index, 1].map(u32::to_le_bytes).concat());
    }
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_pread(m, c, fd, 8, 2000, 0, 0).unwrap();
    assert_eq!(guest.u32_at(0), 1024);
    assert!(guest.memory[850_000..852_000].starts_with(&[&b"ab".repeat(512)[..], b"\0"].concat()));
}

#[test]
fn the_lengths_of_a_vector_may_add_up_to_anything() {
    let (temp, mut guest) = guest();
    let fd = guest.create("file").unwrap();
    // 4096 times the whole memory: 4 GiB, and with the count alone beyond what 32 bits hold.
    repeated(&mut guest, 4096, 0, 1 << 20);
    for count in [0x2000_0000, 0x2000_0001, u32::MAX] {
        let Guest { memory: m, ctx: c, .. } = &mut guest;
        assert_eq!(p1::fd_write(m, c, 1, 8, count, 0), Err(Errno::Fault), "{count:#x}");
        assert_eq!(p1::fd_pread(m, c, fd, 8, count, 0, 0), Err(Errno::Fault), "{count:#x}");
    }
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_write(m, c, 1, 8, 4096, 0).unwrap();
    let written = guest.u32_at(0);
    assert!(written > 0 && written < 1 << 31, "{written} to a stream that takes anything");
    // Reading into all of it: the file is short.
    fs::write(temp.join("file"), "0123456789").unwrap();
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_read(m, c, fd, 8, 2, (1 << 20) - 4).unwrap();
    assert_eq!(guest.u32_at((1 << 20) - 4), 10);
    assert_eq!(&guest.memory[..10], b"0123456789");
}

#[test]
fn empty_buffers_are_passed_over() {
    let (_temp, mut guest) = guest();
    let fd = guest.create("file").unwrap();
    let len = guest.memory.len() as u32;
    let vector = [len, 0, 0, 0, 500, 3, len, 0, 400, 2, 7, 0];
    guest.put(100, &vector.map(u32::to_le_bytes).concat());
    guest.put(500, b"abc");
    guest.put(400, b"de");
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_write(m, c, fd, 100, 6, OUT).unwrap();
    p1::fd_pread(m, c, fd, 100, 6, 1, OUT).unwrap();
    assert_eq!((&m[500..503], &m[400..402]), (&b"bcd"[..], &b"ee"[..]));
    // Nothing but empty ones, and none.
    for count in [0, 2] {
        let Guest { memory: m, ctx: c, .. } = &mut guest;
        p1::fd_write(m, c, fd, 100, count, OUT).unwrap();
        p1::fd_pread(m, c, fd, 100, count, 0, OUT).unwrap();
        p1::fd_read(m, c, 0, 100, count, OUT).unwrap();
        assert_eq!(guest.u32_at(OUT), 0);
    }
    // An empty buffer has an address all the same.
    guest.put(100, &[len + 1, 0].map(u32::to_le_bytes).concat());
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    assert_eq!(p1::fd_write(m, c, fd, 100, 1, OUT), Err(Errno::Fault));
}

#[test]
fn a_writer_can_be_gone_or_short() {
    struct Odd(Vec<io::Result<usize>>);
    impl Write for Odd {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0.pop().unwrap_or(Err(io::ErrorKind::BrokenPipe.into()))
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let interrupted = Err(io::ErrorKind::Interrupted.into());
    let writer = Odd(vec![Ok(2), interrupted, Ok(1)]);
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(writer).build());
    assert_eq!(guest.write(1, b"text"), Ok(1));
    assert_eq!(guest.write(1, b"text"), Ok(2), "an interruption is not seen");
    assert_eq!(guest.write(1, b"text"), Err(Errno::Pipe));
    assert_eq!(guest.write(1, b"text"), Err(Errno::Pipe));
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    assert_eq!(p1::fd_sync(m, c, 1), Err(Errno::Pipe));
    assert_eq!(p1::fd_datasync(m, c, 1), Err(Errno::Pipe));
}

/// Names that no path of preview1 can say are not there for the guest, nor shown to it.
#[test]
fn names_that_are_not_text() {
    let (temp, mut guest) = guest();
    let odd = OsStr::from_bytes(b"odd\xff");
    fs::write(temp.path().join(odd), "there").unwrap();
    fs::write(temp.join("text"), "").unwrap();
    fs::write(temp.join("\u{fc}mlaut"), "").unwrap();
    symlink(odd, temp.join("link")).unwrap();
    let Guest { memory: m, ctx: c, .. } = &mut guest;
    p1::fd_readdir(m, c, DIR, 1000, 4000, 0, OUT).unwrap();
    let listed = &guest.memory[1000..1000 + guest.u32_at(OUT) as usize];
    let has = |name: &[u8]| listed.windows(name.len()).any(|window| window == name);
    assert!(has(b"text") && has("\u{fc}mlaut".as_bytes()) && has(b"link") && !has(b"odd"));
    assert_eq!(guest.readlink("link"), Err(Errno::Ilseq));
    // The link works: it is the host that follows it.
    let fd = guest.open("link").unwrap();
    assert_eq!(guest.read(fd, 10).unwrap(), b"there");
    assert_eq!(guest.open("odd\u{fffd}"), Err(Errno::NoEnt));
}

/// The name of a link cut in the middle of a letter is still cut, not refused.
#[test]
fn a_target_is_cut_anywhere() {
    let (_temp, mut guest) = guest();
    guest.symlink("\u{fc}\u{fc}", "link").unwrap();
    let (at, len) = guest.put(100, b"link");
    for room in 0..6 {
        let Guest { memory: m, ctx: c, .. } = &mut guest;
        p1::path_readlink(m, c, DIR, at, len, 200, room, OUT).unwrap();
        assert_eq!(guest.u32_at(OUT), room.min(4));
    }
}
