//! From a guest path to a host descriptor, never leaving the directory it starts in.
//!
//! The kernel resolves the whole path (`openat2` with `RESOLVE_BENEATH`). Where that call is
//! missing or refused, [`stepwise`] does the same with one `openat` a component, each with
//! `O_NOFOLLOW`. No other file passes text from a guest to a call that resolves paths, except one
//! [`Entry::name`], which is a single component that is neither `.` nor `..`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2, readlinkat, statat,
};
use rustix::io::Errno as HostErrno;

use crate::{Errno, PathResolution};

/// Symbolic links one path may lead through; Linux has the same limit.
const MAX_LINKS: usize = 40;

/// How often to ask again when the kernel saw a directory move while it resolved `..`.
const MAX_RETRIES: usize = 16;

/// What a path may open: nothing but a place to start from.
const PLACE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Resolves the paths of one guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolver {
    resolution: PathResolution,
}

impl Resolver {
    pub(crate) fn new(resolution: PathResolution) -> Resolver {
        Resolver { resolution }
    }

    /// Opens `path` beneath `root`. A path that leads outside is [`Errno::Perm`].
    pub(crate) fn open(
        self,
        root: BorrowedFd<'_>,
        path: &str,
        flags: OFlags,
        mode: Mode,
    ) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        if self.resolution == PathResolution::Stepwise {
            return stepwise(root, path, flags, mode);
        }
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..MAX_RETRIES {
            match openat2(root, path, flags, mode, beneath) {
                Ok(fd) => return Ok(fd),
                Err(HostErrno::AGAIN | HostErrno::INTR) => {}
                Err(HostErrno::XDEV) => return Err(Errno::Perm),
                // No such call, or a filter that refuses it. A filter's answer looks like the
                // kernel's own refusal, so it is asked again the other way.
                Err(HostErrno::NOSYS | HostErrno::PERM) => break,
                Err(error) => return Err(error.into()),
            }
        }
        stepwise(root, path, flags, mode)
    }

    /// Opens what `path` names without any access to its contents, for its attributes. A symbolic
    /// link as last component is followed only with `follow`.
    pub(crate) fn open_node(
        self,
        root: BorrowedFd<'_>,
        path: &str,
        follow: bool,
    ) -> Result<OwnedFd, Errno> {
        let mut flags = OFlags::PATH;
        flags.set(OFlags::NOFOLLOW, !follow);
        self.open(root, path, flags, Mode::empty())
    }

    /// The attributes of what `path` names, as [`open_node`](Self::open_node) would find them.
    pub(crate) fn stat(
        self,
        root: BorrowedFd<'_>,
        path: &str,
        follow: bool,
    ) -> Result<Stat, Errno> {
        // A single name leads nowhere else, unless it is a link: most need no descriptor.
        if !path.contains('/') && path != ".." {
            let stat = statat(root, path, AtFlags::SYMLINK_NOFOLLOW)?;
            if !follow || FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
                return Ok(stat);
            }
        }
        Ok(fstat(self.open_node(root, path, follow)?)?)
    }

    /// Splits `path` into the directory that holds its last component, and that component.
    pub(crate) fn target<'a>(
        self,
        root: BorrowedFd<'a>,
        path: &'a str,
    ) -> Result<Target<'a>, Errno> {
        let trimmed = path.trim_end_matches('/');
        let (parent, name) = match trimmed.rfind('/') {
            Some(slash) => (Some(&trimmed[..=slash]), &trimmed[slash + 1..]),
            None => (None, trimmed),
        };
        if matches!(name, "" | "." | "..") {
            // Opening it tells an existing directory from nothing and from outside.
            self.open(root, path, PLACE, Mode::empty())?;
            return Ok(Target::NoEntry { dot: name == "." });
        }
        let parent = match parent {
            Some(parent) => Parent::Opened(self.open(root, parent, PLACE, Mode::empty())?),
            None => Parent::Root(root),
        };
        Ok(Target::Entry(Entry { parent, name, trailing_slash: trimmed.len() < path.len() }))
    }
}

/// What a path names, for calls that act on a directory entry.
pub(crate) enum Target<'a> {
    Entry(Entry<'a>),
    /// A directory beneath the root, named by `.` or `..`: there is no entry to act on.
    NoEntry {
        dot: bool,
    },
}

/// One name in one directory; it need not exist.
pub(crate) struct Entry<'a> {
    parent: Parent<'a>,
    /// A single component, neither empty nor `.` nor `..`.
    pub(crate) name: &'a str,
    /// The path said that this is a directory.
    pub(crate) trailing_slash: bool,
}

enum Parent<'a> {
    Root(BorrowedFd<'a>),
    Opened(OwnedFd),
}

impl Entry<'_> {
    pub(crate) fn parent(&self) -> BorrowedFd<'_> {
        match &self.parent {
            Parent::Root(fd) => *fd,
            Parent::Opened(fd) => fd.as_fd(),
        }
    }

    /// What the entry is now, without following it. [`Errno::NoEnt`] when it does not exist.
    pub(crate) fn file_type(&self) -> Result<FileType, Errno> {
        let stat = statat(self.parent(), self.name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }
}

/// The rest of a path: components yet to be taken, the next one last.
struct Pending {
    components: Vec<Vec<u8>>,
    links: usize,
}

impl Pending {
    /// Puts the components of `path` before the others. A trailing slash is a final `.`.
    fn push(&mut self, path: &[u8]) -> Result<(), Errno> {
        match path {
            [] => return Err(Errno::NoEnt),
            [b'/', ..] => return Err(Errno::Perm),
            [..] => {}
        }
        if path.ends_with(b"/") {
            self.components.push(b".".to_vec());
        }
        let names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        self.components.extend(names.rev().map(<[u8]>::to_vec));
        Ok(())
    }

    /// Puts the components of a symbolic link's target before the others.
    fn push_link(&mut self, target: &[u8]) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MAX_LINKS { Err(Errno::Loop) } else { self.push(target) }
    }
}

/// `openat2` with `RESOLVE_BENEATH`, by hand.
///
/// The directories entered stay open, so `..` goes back to where the path came from even if the
/// directory has been moved since; going back beyond `root` is [`Errno::Perm`]. As every component
/// is opened with `O_NOFOLLOW`, a link put in place meanwhile is an error, not a way out.
fn stepwise(root: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let mut entered: Vec<OwnedFd> = Vec::new();
    let mut pending = Pending { components: Vec::new(), links: 0 };
    pending.push(path.as_bytes())?;
    while let Some(name) = pending.components.pop() {
        let last = pending.components.is_empty();
        if name == b".." {
            entered.pop().ok_or(Errno::Perm)?;
            if last {
                pending.components.push(b".".to_vec());
            }
            continue;
        }
        if name == b"." && !last {
            continue;
        }
        let here = entered.last().map_or(root, OwnedFd::as_fd);
        let follow = !last || !flags.contains(OFlags::NOFOLLOW);
        let (step, mode) = if last { (flags, mode) } else { (PLACE, Mode::empty()) };
        match openat(here, &*name, step | OFlags::NOFOLLOW, mode) {
            Ok(fd) if !last => entered.push(fd),
            Ok(fd) if follow && is_link(step, &fd)? => {
                pending.push_link(readlinkat(&fd, "", Vec::new())?.as_bytes())?;
            }
            Ok(fd) => return Ok(fd),
            // What the kernel says of a symbolic link: the second with `O_DIRECTORY`.
            Err(error @ (HostErrno::LOOP | HostErrno::NOTDIR)) if follow => {
                let target = readlinkat(here, &*name, Vec::new()).or(Err(error))?;
                pending.push_link(target.as_bytes())?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    // A path has a component and each either returns, or leaves or adds one.
    Err(Errno::NoEnt)
}

/// Whether `fd`, opened with `flags` and `O_NOFOLLOW`, is a symbolic link: only `O_PATH` opens one.
fn is_link(flags: OFlags, fd: &OwnedFd) -> Result<bool, Errno> {
    Ok(flags.contains(OFlags::PATH)
        && FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Symlink)
}
