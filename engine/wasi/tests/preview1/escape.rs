//! A guest cannot reach anything outside of a preopened directory, whatever path it makes up.

use std::fs;
use std::os::unix::fs::symlink;

use crate::guest::{DIR, Guest, RESOLUTIONS, TempDir};
use wasmtier_wasi::{Errno, OFlags, Rights, WasiCtxBuilder};

/// A preopened directory `inside` beside a canary the guest must not touch.
struct Scene {
    temp: TempDir,
}

impl Scene {
    fn new() -> Scene {
        let temp = TempDir::new();
        fs::create_dir_all(temp.join("inside/dir/deep")).unwrap();
        fs::create_dir(temp.join("inside/spare")).unwrap();
        fs::create_dir(temp.join("outside")).unwrap();
        fs::write(temp.join("outside/canary"), "alive").unwrap();
        fs::write(temp.join("inside/file"), "mine").unwrap();
        fs::write(temp.join("inside/dir/deep/file"), "mine").unwrap();
        let inside = temp.join("inside");
        symlink("../outside", inside.join("up")).unwrap();
        symlink("../outside/canary", inside.join("up-file")).unwrap();
        symlink("../outside/new", inside.join("up-new")).unwrap();
        symlink("../../../outside", inside.join("dir/deep/up")).unwrap();
        symlink(temp.join("outside"), inside.join("absolute")).unwrap();
        symlink(temp.join("outside/canary"), inside.join("absolute-file")).unwrap();
        symlink("up", inside.join("chain")).unwrap();
        symlink("dir/../../outside", inside.join("winding")).unwrap();
        Scene { temp }
    }

    fn outside(&self) -> String {
        self.temp.join("outside").display().to_string()
    }

    /// Paths that lead to the directory outside.
    fn ways_out(&self) -> Vec<String> {
        let links = ["up", "absolute", "chain", "winding", "dir/deep/up", "dir/../up"];
        let dots = ["../outside", "dir/../../outside", "dir/deep/../../../outside", "./../outside"];
        let all = links.into_iter().chain(dots).map(String::from);
        all.chain([self.outside(), format!("/{}", self.outside())]).collect()
    }

    fn check_canary(&self) {
        let entries = fs::read_dir(self.temp.join("outside")).unwrap().count();
        assert_eq!(entries, 1, "the directory outside has changed");
        assert_eq!(fs::read(self.temp.join("outside/canary")).unwrap(), b"alive");
        assert_eq!(fs::read_dir(self.temp.path()).unwrap().count(), 2);
    }
}

fn each_guest(test: impl Fn(&Scene, &mut Guest)) {
    for resolution in RESOLUTIONS {
        let scene = Scene::new();
        let mut guest = Guest::with_dir(&scene.temp.join("inside"), resolution);
        test(&scene, &mut guest);
        scene.check_canary();
    }
}

#[test]
fn nothing_outside_can_be_opened() {
    each_guest(|scene, guest| {
        for way in scene.ways_out() {
            for path in [format!("{way}/canary"), format!("{way}/"), format!("{way}/.")] {
                assert_eq!(guest.open(&path), Err(Errno::Perm), "{path}");
            }
            assert_eq!(guest.open(&way), Err(Errno::Perm), "{way}");
            let directory = guest.open_with(&way, true, OFlags::DIRECTORY, Rights::empty());
            assert_eq!(directory, Err(Errno::Perm), "{way}");
            let path = format!("{way}/new");
            assert_eq!(guest.create(&path), Err(Errno::Perm), "{path}");
        }
        for link in ["up-file", "up-new", "absolute-file"] {
            assert_eq!(guest.open(link), Err(Errno::Perm), "{link}");
            assert_eq!(guest.create(link), Err(Errno::Perm), "{link}");
            let truncate = guest.open_with(link, true, OFlags::TRUNC, Rights::FD_WRITE);
            assert_eq!(truncate, Err(Errno::Perm), "{link}");
        }
        for path in ["..", "../", "dir/../..", "/", "//", "/etc/passwd"] {
            assert_eq!(guest.open(path), Err(Errno::Perm), "{path}");
        }
    });
}

#[test]
fn a_link_that_is_not_followed_is_not_opened() {
    each_guest(|_, guest| {
        for link in ["up", "up-file", "absolute"] {
            let opened = guest.open_with(link, false, OFlags::empty(), Rights::FD_READ);
            assert_eq!(opened, Err(Errno::Loop), "{link}");
            let opened = guest.open_with(link, false, OFlags::DIRECTORY, Rights::empty());
            assert!(matches!(opened, Err(Errno::Loop | Errno::NotDir)), "{link}: {opened:?}");
        }
        // With a trailing slash the link is followed all the same.
        let opened = guest.open_with("up/", false, OFlags::empty(), Rights::FD_READ);
        assert_eq!(opened, Err(Errno::Perm));
    });
}

#[test]
fn nothing_outside_can_be_looked_at() {
    each_guest(|scene, guest| {
        for way in scene.ways_out() {
            for path in [format!("{way}/canary"), format!("{way}/none"), format!("{way}/")] {
                assert_eq!(guest.stat(&path, true), Err(Errno::Perm), "{path}");
                assert_eq!(guest.stat(&path, false), Err(Errno::Perm), "{path}");
                assert_eq!(guest.readlink(&path), Err(Errno::Perm), "{path}");
            }
            assert_eq!(guest.stat(&way, true), Err(Errno::Perm), "{way}");
        }
        assert_eq!(guest.stat("up", false).unwrap().kind, 7);
        assert_eq!(guest.readlink("up").unwrap(), b"../outside");
        assert_eq!(guest.stat("..", false), Err(Errno::Perm));
        assert_eq!(guest.readlink(".."), Err(Errno::Perm));
    });
}

#[test]
fn nothing_outside_can_be_made_or_removed() {
    each_guest(|scene, guest| {
        for way in scene.ways_out() {
            let (canary, new) = (format!("{way}/canary"), format!("{way}/new"));
            assert_eq!(guest.unlink(&canary), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.make_dir(&new), Err(Errno::Perm), "{new}");
            assert_eq!(guest.remove_dir(&canary), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.symlink("file", &new), Err(Errno::Perm), "{new}");
            assert_eq!(guest.link("file", &new), Err(Errno::Perm), "{new}");
            assert_eq!(guest.link(&canary, "stolen"), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.rename("file", &new), Err(Errno::Perm), "{new}");
            assert_eq!(guest.rename(&canary, "stolen"), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.rename("dir", &canary), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.set_mtime(&canary, true, 0), Err(Errno::Perm), "{canary}");
            assert_eq!(guest.set_mtime(&canary, false, 0), Err(Errno::Perm), "{canary}");
        }
    });
}

/// The kernel follows a link with a slash behind it even where it would not otherwise.
#[test]
fn a_trailing_slash_leads_nowhere() {
    each_guest(|scene, guest| {
        let outside = scene.temp.join("outside");
        let before = fs::metadata(&outside).unwrap().modified().unwrap();
        for link in ["up/", "absolute/", "chain//", "winding/", "dir/deep/up/"] {
            assert_eq!(guest.readlink(link), Err(Errno::Perm), "{link}");
            assert_eq!(guest.set_mtime(link, false, 0), Err(Errno::Perm), "{link}");
            assert_eq!(guest.stat(link, false), Err(Errno::Perm), "{link}");
            assert_eq!(guest.unlink(link), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.remove_dir(link), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.make_dir(link), Err(Errno::Exist), "{link}");
            assert_eq!(guest.rename(link, "moved"), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.rename("spare", link), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.link(link, "linked"), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.link("file", link), Err(Errno::NotDir), "{link}");
            assert_eq!(guest.symlink("file", link), Err(Errno::NotDir), "{link}");
        }
        assert_eq!(fs::metadata(&outside).unwrap().modified().unwrap(), before);
    });
}

/// The last component of these calls goes to the kernel on its own: `..` there would be the parent.
#[test]
fn dots_as_last_component_name_no_entry() {
    each_guest(|_, guest| {
        for path in ["..", "../", "dir/../.."] {
            assert_eq!(guest.unlink(path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.remove_dir(path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.make_dir(path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.rename(path, "moved"), Err(Errno::Perm), "{path}");
            assert_eq!(guest.rename("dir", path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.link(path, "linked"), Err(Errno::Perm), "{path}");
            assert_eq!(guest.symlink("file", path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.set_mtime(path, false, 0), Err(Errno::Perm), "{path}");
        }
        for (path, remove) in [(".", Errno::Inval), ("dir/..", Errno::NotEmpty)] {
            assert_eq!(guest.unlink(path), Err(Errno::IsDir), "{path}");
            assert_eq!(guest.remove_dir(path), Err(remove), "{path}");
            assert_eq!(guest.make_dir(path), Err(Errno::Exist), "{path}");
            assert_eq!(guest.rename(path, "moved"), Err(Errno::Busy), "{path}");
            assert_eq!(guest.stat(path, false).unwrap().kind, 3, "{path}");
        }
        assert_eq!(guest.make_dir("none/.."), Err(Errno::NoEnt));
        assert_eq!(guest.make_dir(""), Err(Errno::NoEnt));
    });
}

#[test]
fn links_the_guest_makes_do_not_help_it() {
    each_guest(|scene, guest| {
        assert_eq!(guest.symlink(&scene.outside(), "own"), Err(Errno::Perm));
        guest.symlink("../outside", "own").unwrap();
        guest.symlink("own/canary", "own-file").unwrap();
        assert_eq!(guest.open("own/canary"), Err(Errno::Perm));
        assert_eq!(guest.open("own-file"), Err(Errno::Perm));
        assert_eq!(guest.create("own/new"), Err(Errno::Perm));
        assert_eq!(guest.unlink("own/canary"), Err(Errno::Perm));
        // A link to elsewhere is an entry like any other.
        guest.rename("own", "renamed").unwrap();
        guest.unlink("renamed").unwrap();
        guest.symlink("loop", "loop").unwrap();
        assert_eq!(guest.open("loop"), Err(Errno::Loop));
        assert_eq!(guest.open("loop/x"), Err(Errno::Loop));
    });
}

#[test]
fn links_within_work() {
    each_guest(|_, guest| {
        guest.symlink("dir/deep", "inner").unwrap();
        guest.symlink("../../file", "dir/deep/back").unwrap();
        guest.symlink("dir/deep/made", "to-make").unwrap();
        for path in ["inner/file", "inner/back", "inner/../deep/file", "dir/./deep//../deep/back"] {
            let fd = guest.open(path).unwrap();
            assert_eq!(guest.read(fd, 16).unwrap(), b"mine", "{path}");
            guest.close(fd).unwrap();
        }
        let fd = guest.create("to-make").unwrap();
        guest.write(fd, b"through a link").unwrap();
        assert_eq!(guest.stat("dir/deep/made", false).unwrap().size, 14);
        assert_eq!(guest.stat("inner", true).unwrap().kind, 3);
        assert_eq!(guest.stat("inner", false).unwrap().kind, 7);
        guest.unlink("inner/back").unwrap();
        assert_eq!(guest.open("file/"), Err(Errno::NotDir));
        assert_eq!(guest.open("file/x"), Err(Errno::NotDir));
        assert_eq!(guest.open("none"), Err(Errno::NoEnt));
        let exclusive = OFlags::CREAT | OFlags::EXCL;
        assert_eq!(guest.open_with("file", true, exclusive, Rights::FD_WRITE), Err(Errno::Exist));
    });
}

#[test]
fn magic_links_of_proc_are_refused() {
    for resolution in RESOLUTIONS {
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution).preopened_dir("/proc", "/proc").unwrap();
        let mut guest = Guest::new(builder.build());
        for path in ["self/fd/0", "self/cwd", "self/root", "self/exe"] {
            let opened = guest.open(path);
            let refused = matches!(opened, Err(Errno::Loop | Errno::Perm | Errno::NoEnt));
            assert!(refused, "{path}: {opened:?}");
            let stat = guest.stat(path, true);
            assert!(stat.is_err(), "{path}: {stat:?}");
        }
    }
}

#[test]
fn a_read_only_directory_stays_as_it_is() {
    for resolution in RESOLUTIONS {
        let scene = Scene::new();
        let mut guest = Guest::read_only(&scene.temp.join("inside"), resolution);
        let before = fs::metadata(scene.temp.join("inside/file")).unwrap().modified().unwrap();
        assert_eq!(guest.create("file"), Err(Errno::Perm));
        for flags in [OFlags::TRUNC, OFlags::CREAT, OFlags::CREAT | OFlags::EXCL] {
            assert_eq!(guest.open_with("file", true, flags, Rights::FD_READ), Err(Errno::Perm));
        }
        let write = guest.open_with("file", true, OFlags::empty(), Rights::FD_WRITE);
        assert_eq!(write, Err(Errno::Perm));
        assert_eq!(guest.make_dir("new"), Err(Errno::Perm));
        assert_eq!(guest.remove_dir("dir/deep"), Err(Errno::Perm));
        assert_eq!(guest.unlink("file"), Err(Errno::Perm));
        assert_eq!(guest.rename("file", "moved"), Err(Errno::Perm));
        assert_eq!(guest.symlink("file", "new"), Err(Errno::Perm));
        assert_eq!(guest.link("file", "new"), Err(Errno::Perm));
        assert_eq!(guest.set_mtime("file", true, 0), Err(Errno::Perm));
        let fd = guest.open("file").unwrap();
        assert_eq!(guest.read(fd, 16).unwrap(), b"mine");
        assert_eq!(guest.write(fd, b"x"), Err(Errno::Badf));
        let Guest { memory, ctx, .. } = &mut guest;
        use wasmtier_wasi::preview1 as p1;
        assert_eq!(p1::fd_filestat_set_size(memory, ctx, fd, 0), Err(Errno::Badf));
        assert_eq!(p1::fd_filestat_set_times(memory, ctx, fd, 0, 0, 5), Err(Errno::Perm));
        assert_eq!(p1::fd_allocate(memory, ctx, fd, 0, 100), Err(Errno::Badf));
        assert_eq!(fs::read(scene.temp.join("inside/file")).unwrap(), b"mine");
        let after = fs::metadata(scene.temp.join("inside/file")).unwrap().modified().unwrap();
        assert_eq!(before, after);
        scene.check_canary();
    }
}

/// A new name in a writable directory would make a file of a read-only one writable.
#[test]
fn a_file_of_a_read_only_directory_cannot_be_taken_elsewhere() {
    for resolution in RESOLUTIONS {
        let scene = Scene::new();
        let mut builder = WasiCtxBuilder::new();
        builder.path_resolution(resolution);
        builder.preopened_dir_read_only(scene.temp.join("inside"), "/ro").unwrap();
        builder.preopened_dir(scene.temp.join("inside/dir"), "/rw").unwrap();
        let mut guest = Guest::new(builder.build());
        let writable = DIR + 1;
        assert_eq!(guest.link_between((DIR, "file"), (writable, "file")), Err(Errno::Perm));
        assert_eq!(guest.rename_between((DIR, "file"), (writable, "file")), Err(Errno::Perm));
        assert_eq!(guest.rename_between((writable, "deep"), (DIR, "deep")), Err(Errno::Perm));
        scene.check_canary();
    }
}
