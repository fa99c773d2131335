//! Files: opening, contents, position, attributes, names.

use std::fs;
use std::os::unix::fs::MetadataExt;

use wasmtier_wasi::{Errno, OFlags, Rights, preview1};

use crate::guest::{DIR, Guest, OUT, RESOLUTIONS, TempDir};

fn each_guest(test: impl Fn(&TempDir, &mut Guest)) {
    for resolution in RESOLUTIONS {
        let temp = TempDir::new();
        let mut guest = Guest::with_dir(temp.path(), resolution);
        test(&temp, &mut guest);
    }
}

fn seek(guest: &mut Guest, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
    let Guest { memory, ctx, .. } = guest;
    preview1::fd_seek(memory, ctx, fd, offset, whence, OUT)?;
    Ok(guest.u64_at(OUT))
}

#[test]
fn what_is_written_is_read_again() {
    each_guest(|temp, guest| {
        let fd = guest.create("file").unwrap();
        assert_eq!(guest.write(fd, b"hello, world"), Ok(12));
        assert_eq!(seek(guest, fd, 7, 0), Ok(7));
        assert_eq!(guest.read(fd, 100).unwrap(), b"world");
        assert_eq!(seek(guest, fd, -3, 2), Ok(9));
        assert_eq!(seek(guest, fd, -2, 1), Ok(7));
        assert_eq!(seek(guest, fd, -20, 2), Err(Errno::Inval));
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_tell(memory, ctx, fd, OUT).unwrap();
        assert_eq!(guest.u64_at(OUT), 7);
        assert_eq!(fs::read(temp.join("file")).unwrap(), b"hello, world");
        assert_eq!(guest.close(fd), Ok(()));
        assert_eq!(guest.read(fd, 1), Err(Errno::Badf));
    });
}

#[test]
fn several_buffers_are_one_transfer_in_their_order() {
    each_guest(|_, guest| {
        let fd = guest.create("file").unwrap();
        guest.write(fd, b"0123456789").unwrap();
        // The second buffer lies before the first, the third is empty.
        let vector = [500u32, 3, 400, 4, 0, 0, 600, 9].map(u32::to_le_bytes).concat();
        guest.put(100, &vector);
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_pread(memory, ctx, fd, 100, 4, 1, OUT).unwrap();
        assert_eq!(&memory[500..503], b"123");
        assert_eq!(&memory[400..404], b"4567");
        assert_eq!(&memory[600..602], b"89");
        assert_eq!(guest.u32_at(OUT), 9);
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_pwrite(memory, ctx, fd, 100, 2, 20, OUT).unwrap();
        assert_eq!(guest.u32_at(OUT), 7);
        assert_eq!(guest.stat("file", true).unwrap().size, 27);
        assert_eq!(seek(guest, fd, 0, 1), Ok(10), "the position has stayed");
    });
}

#[test]
fn a_file_is_opened_as_asked() {
    each_guest(|temp, guest| {
        fs::write(temp.join("file"), "text").unwrap();
        let read = guest.open("file").unwrap();
        assert_eq!(guest.write(read, b"x"), Err(Errno::Badf));
        let write = guest.open_with("file", true, OFlags::empty(), Rights::FD_WRITE).unwrap();
        assert_eq!(guest.read(write, 1), Err(Errno::Badf));
        let neither = guest.open_with("file", true, OFlags::empty(), Rights::empty()).unwrap();
        assert_eq!(guest.read(neither, 1), Err(Errno::Badf));
        assert_eq!((read, write, neither), (4, 5, 6));
        guest.close(write).unwrap();
        assert_eq!(guest.open("file"), Ok(5), "the lowest free number is used");
        let truncated = guest.open_with("file", true, OFlags::TRUNC, Rights::FD_WRITE).unwrap();
        assert_eq!(guest.stat("file", true).unwrap().size, 0);
        let rights = Rights::FD_WRITE | Rights::FD_READ;
        let directory = guest.open_with(".", true, OFlags::DIRECTORY, rights);
        assert_eq!(directory, Err(Errno::IsDir));
        let directory = guest.open_with("file", true, OFlags::DIRECTORY, Rights::empty());
        assert_eq!(directory, Err(Errno::NotDir));
        let (at, len) = guest.put(100, b"new");
        let Guest { memory, ctx, .. } = &mut *guest;
        let under_file = preview1::path_create_directory(memory, ctx, truncated, at, len);
        assert_eq!(under_file, Err(Errno::NotDir));
    });
}

#[test]
fn a_full_descriptor_table_of_the_host_is_an_error() {
    each_guest(|_, guest| {
        guest.create("file").unwrap();
        // Far below any limit of the host; the numbers stay dense.
        for expected in 5..105 {
            assert_eq!(guest.open("file"), Ok(expected));
        }
        for fd in 5..105 {
            guest.close(fd).unwrap();
        }
        assert_eq!(guest.open("file"), Ok(5));
    });
}

#[test]
fn flags_of_an_open_file() {
    each_guest(|_, guest| {
        let fd = guest.create("file").unwrap();
        guest.write(fd, b"start").unwrap();
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_fdstat_set_flags(memory, ctx, fd, 1).unwrap();
        preview1::fd_fdstat_get(memory, ctx, fd, OUT).unwrap();
        assert_eq!((memory[0], memory[2]), (4, 1));
        seek(guest, fd, 0, 0).unwrap();
        guest.write(fd, b" end").unwrap();
        assert_eq!(guest.stat("file", true).unwrap().size, 9);
        let Guest { memory, ctx, .. } = &mut *guest;
        assert_eq!(preview1::fd_fdstat_set_flags(memory, ctx, fd, 2), Err(Errno::Inval));
        assert_eq!(preview1::fd_fdstat_set_flags(memory, ctx, DIR, 1), Err(Errno::Badf));
        assert_eq!(preview1::fd_fdstat_set_rights(memory, ctx, fd, 0, 0), Err(Errno::NotSup));
    });
}

#[test]
fn attributes() {
    each_guest(|temp, guest| {
        let fd = guest.create("file").unwrap();
        let Guest { memory, ctx, .. } = &mut *guest;
        preview1::fd_filestat_set_size(memory, ctx, fd, 1000).unwrap();
        preview1::fd_allocate(memory, ctx, fd, 1000, 500).unwrap();
        preview1::fd_filestat_set_times(memory, ctx, fd, 1_000_000_001, 5_000_000_002, 5).unwrap();
        preview1::fd_advise(memory, ctx, fd, 0, 0, 1).unwrap();
        preview1::fd_sync(memory, ctx, fd).unwrap();
        preview1::fd_datasync(memory, ctx, fd).unwrap();
        preview1::fd_filestat_get(memory, ctx, fd, OUT).unwrap();
        let host = fs::metadata(temp.join("file")).unwrap();
        assert_eq!((guest.u64_at(0), guest.u64_at(8)), (host.dev(), host.ino()));
        assert_eq!((guest.memory[16], guest.u64_at(24), guest.u64_at(32)), (4, 1, 1500));
        assert_eq!((guest.u64_at(40), guest.u64_at(48)), (1_000_000_001, 5_000_000_002));
        guest.set_mtime("file", true, 77).unwrap();
        assert_eq!(guest.stat("file", false).unwrap().mtim, 77);
        assert_eq!(guest.set_mtime("file", true, u64::MAX), Ok(()));
        guest.symlink("file", "link").unwrap();
        guest.set_mtime("link", false, 88).unwrap();
        assert_eq!(guest.stat("link", false).unwrap().mtim, 88);
        assert_ne!(guest.stat("link", true).unwrap().mtim, 88);
        guest.set_mtime("link", true, 99).unwrap();
        assert_eq!(guest.stat("file", false).unwrap().mtim, 99);
    });
}

#[test]
fn names_come_and_go() {
    each_guest(|temp, guest| {
        guest.make_dir("dir").unwrap();
        guest.make_dir("dir/sub/").unwrap();
        assert_eq!(guest.make_dir("dir"), Err(Errno::Exist));
        assert_eq!(guest.make_dir("none/sub"), Err(Errno::NoEnt));
        assert_eq!(guest.remove_dir("dir"), Err(Errno::NotEmpty));
        let fd = guest.create("dir/file").unwrap();
        guest.write(fd, b"text").unwrap();
        assert_eq!(guest.remove_dir("dir/file"), Err(Errno::NotDir));
        guest.link("dir/file", "dir/other").unwrap();
        assert_eq!(fs::metadata(temp.join("dir/file")).unwrap().nlink(), 2);
        assert_eq!(guest.link("dir/file", "dir/other"), Err(Errno::Exist));
        assert_eq!(guest.link("dir", "dir2"), Err(Errno::Perm));
        guest.rename("dir/other", "moved").unwrap();
        guest.rename("dir/sub/", "sub///").unwrap();
        assert_eq!(guest.rename("moved/", "x"), Err(Errno::NotDir));
        assert_eq!(guest.rename("moved", "x/"), Err(Errno::NotDir));
        assert_eq!(guest.rename("none", "x"), Err(Errno::NoEnt));
        assert_eq!(guest.rename("sub", "moved"), Err(Errno::NotDir));
        assert_eq!(guest.unlink("moved/"), Err(Errno::NotDir));
        assert_eq!(guest.unlink("sub/"), Err(Errno::IsDir));
        assert_eq!(guest.unlink("sub"), Err(Errno::IsDir));
        assert_eq!(guest.unlink("none/"), Err(Errno::NoEnt));
        guest.unlink("moved").unwrap();
        guest.unlink("dir/file").unwrap();
        guest.remove_dir("sub/").unwrap();
        guest.remove_dir("dir").unwrap();
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    });
}

#[test]
fn symbolic_links_hold_text() {
    each_guest(|_, guest| {
        guest.symlink("some/target", "link").unwrap();
        assert_eq!(guest.readlink("link").unwrap(), b"some/target");
        assert_eq!(guest.symlink("x", "link"), Err(Errno::Exist));
        assert_eq!(guest.symlink("x", "new/"), Err(Errno::NoEnt));
        assert_eq!(guest.readlink("none"), Err(Errno::NoEnt));
        assert_eq!(guest.readlink("."), Err(Errno::Inval));
        guest.make_dir("dir").unwrap();
        assert_eq!(guest.readlink("dir"), Err(Errno::Inval));
        assert_eq!(guest.readlink("dir/"), Err(Errno::Inval));
        let (at, len) = guest.put(100, b"link");
        let Guest { memory, ctx, .. } = guest;
        preview1::path_readlink(memory, ctx, DIR, at, len, 200, 4, OUT).unwrap();
        assert_eq!((&memory[200..205], memory[0]), (&b"some\0"[..], 4));
    });
}

#[test]
fn preopened_directories_tell_their_name() {
    let temp = TempDir::new();
    let mut builder = wasmtier_wasi::WasiCtxBuilder::new();
    builder.preopened_dir(temp.path(), "/data").unwrap();
    let error = builder.preopened_dir(temp.join("none"), "/x").unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
    fs::write(temp.join("file"), "").unwrap();
    assert!(builder.preopened_dir(temp.join("file"), "/x").is_err());
    let mut guest = Guest::new(builder.build());
    let fd = guest.open(".").unwrap();
    let Guest { memory, ctx, .. } = &mut guest;
    preview1::fd_prestat_get(memory, ctx, DIR, OUT).unwrap();
    assert_eq!(memory[..8], [0, 0, 0, 0, 5, 0, 0, 0]);
    assert_eq!(preview1::fd_prestat_dir_name(memory, ctx, DIR, 0, 4), Err(Errno::NameTooLong));
    preview1::fd_prestat_dir_name(memory, ctx, DIR, 16, 8).unwrap();
    assert_eq!(&memory[16..21], b"/data");
    assert_eq!(preview1::fd_prestat_get(memory, ctx, fd, OUT), Err(Errno::Badf));
    // Its name goes with the descriptor.
    preview1::fd_renumber(memory, ctx, DIR, fd).unwrap();
    assert_eq!(preview1::fd_prestat_get(memory, ctx, DIR, OUT), Err(Errno::Badf));
    preview1::fd_prestat_get(memory, ctx, fd, OUT).unwrap();
}
