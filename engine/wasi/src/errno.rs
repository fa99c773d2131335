//! The error numbers of preview1, and how a host error becomes one.
//!
//! One row per number. A host error without a row is [`Errno::Io`].

use rustix::io::Errno as HostErrno;

macro_rules! errnos {
    ($($name:ident = $code:literal $(<- $host:ident)?, $text:literal;)*) => {
        /// An error number of preview1: what a function returns when it is not 0 (success).
        ///
        /// ```
        /// use wasmtier_wasi::Errno;
        /// assert_eq!(Errno::Badf.code(), 8);
        /// assert_eq!(Errno::Badf.to_string(), "bad file descriptor");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = $text] $name = $code,)*
        }

        impl std::fmt::Display for Errno {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Errno::$name => $text,)* })
            }
        }

        impl From<HostErrno> for Errno {
            fn from(host: HostErrno) -> Errno {
                match host {
                    $($(HostErrno::$host => Errno::$name,)?)*
                    _ => Errno::Io,
                }
            }
        }
    };
}

errnos! {
    TooBig = 1 <- TOOBIG, "argument list too long";
    Acces = 2 <- ACCESS, "permission denied";
    AddrInUse = 3 <- ADDRINUSE, "address in use";
    AddrNotAvail = 4 <- ADDRNOTAVAIL, "address not available";
    AfNoSupport = 5 <- AFNOSUPPORT, "address family not supported";
    Again = 6 <- AGAIN, "resource unavailable, or operation would block";
    Already = 7 <- ALREADY, "connection already in progress";
    Badf = 8 <- BADF, "bad file descriptor";
    BadMsg = 9 <- BADMSG, "bad message";
    Busy = 10 <- BUSY, "device or resource busy";
    Canceled = 11 <- CANCELED, "operation canceled";
    Child = 12 <- CHILD, "no child processes";
    ConnAborted = 13 <- CONNABORTED, "connection aborted";
    ConnRefused = 14 <- CONNREFUSED, "connection refused";
    ConnReset = 15 <- CONNRESET, "connection reset";
    Deadlk = 16 <- DEADLK, "resource deadlock would occur";
    DestAddrReq = 17 <- DESTADDRREQ, "destination address required";
    Dom = 18 <- DOM, "argument out of domain of function";
    Dquot = 19 <- DQUOT, "disk quota exceeded";
    Exist = 20 <- EXIST, "file exists";
    Fault = 21 <- FAULT, "bad address";
    Fbig = 22 <- FBIG, "file too large";
    HostUnreach = 23 <- HOSTUNREACH, "host is unreachable";
    Idrm = 24 <- IDRM, "identifier removed";
    Ilseq = 25 <- ILSEQ, "illegal byte sequence";
    InProgress = 26 <- INPROGRESS, "operation in progress";
    Intr = 27 <- INTR, "interrupted function";
    Inval = 28 <- INVAL, "invalid argument";
    Io = 29 <- IO, "I/O error";
    IsConn = 30 <- ISCONN, "socket is connected";
    IsDir = 31 <- ISDIR, "is a directory";
    Loop = 32 <- LOOP, "too many levels of symbolic links";
    Mfile = 33 <- MFILE, "file descriptor value too large";
    Mlink = 34 <- MLINK, "too many links";
    MsgSize = 35 <- MSGSIZE, "message too large";
    Multihop = 36 <- MULTIHOP, "multihop attempted";
    NameTooLong = 37 <- NAMETOOLONG, "filename too long";
    NetDown = 38 <- NETDOWN, "network is down";
    NetReset = 39 <- NETRESET, "connection aborted by network";
    NetUnreach = 40 <- NETUNREACH, "network unreachable";
    Nfile = 41 <- NFILE, "too many files open in system";
    NoBufs = 42 <- NOBUFS, "no buffer space available";
    NoDev = 43 <- NODEV, "no such device";
    NoEnt = 44 <- NOENT, "no such file or directory";
    NoExec = 45 <- NOEXEC, "executable file format error";
    NoLck = 46 <- NOLCK, "no locks available";
    NoLink = 47 <- NOLINK, "link has been severed";
    NoMem = 48 <- NOMEM, "not enough space";
    NoMsg = 49 <- NOMSG, "no message of the desired type";
    NoProtoOpt = 50 <- NOPROTOOPT, "protocol not available";
    NoSpc = 51 <- NOSPC, "no space left on device";
    NoSys = 52 <- NOSYS, "function not supported";
    NotConn = 53 <- NOTCONN, "socket is not connected";
    NotDir = 54 <- NOTDIR, "not a directory";
    NotEmpty = 55 <- NOTEMPTY, "directory not empty";
    NotRecoverable = 56 <- NOTRECOVERABLE, "state not recoverable";
    NotSock = 57 <- NOTSOCK, "not a socket";
    NotSup = 58 <- NOTSUP, "not supported";
    NoTty = 59 <- NOTTY, "inappropriate I/O control operation";
    Nxio = 60 <- NXIO, "no such device or address";
    Overflow = 61 <- OVERFLOW, "value too large to be stored in data type";
    OwnerDead = 62 <- OWNERDEAD, "previous owner died";
    Perm = 63 <- PERM, "operation not permitted";
    Pipe = 64 <- PIPE, "broken pipe";
    Proto = 65 <- PROTO, "protocol error";
    ProtoNoSupport = 66 <- PROTONOSUPPORT, "protocol not supported";
    Prototype = 67 <- PROTOTYPE, "protocol wrong type for socket";
    Range = 68 <- RANGE, "result too large";
    Rofs = 69 <- ROFS, "read-only file system";
    Spipe = 70 <- SPIPE, "invalid seek";
    Srch = 71 <- SRCH, "no such process";
    Stale = 72 <- STALE, "stale file handle";
    TimedOut = 73 <- TIMEDOUT, "connection timed out";
    TxtBsy = 74 <- TXTBSY, "text file busy";
    Xdev = 75 <- XDEV, "cross-device link";
    NotCapable = 76, "capabilities insufficient";
}

impl Errno {
    /// The number a guest sees.
    pub fn code(self) -> u16 {
        self as u16
    }
}

impl std::error::Error for Errno {}

impl From<std::io::Error> for Errno {
    /// Errors of pluggable streams come this way; those without a host number go by their kind.
    fn from(error: std::io::Error) -> Errno {
        use std::io::ErrorKind;
        if let Some(host) = HostErrno::from_io_error(&error) {
            return host.into();
        }
        match error.kind() {
            ErrorKind::WouldBlock => Errno::Again,
            ErrorKind::BrokenPipe => Errno::Pipe,
            ErrorKind::Interrupted => Errno::Intr,
            ErrorKind::InvalidInput => Errno::Inval,
            ErrorKind::PermissionDenied => Errno::Perm,
            ErrorKind::StorageFull | ErrorKind::WriteZero => Errno::NoSpc,
            ErrorKind::TimedOut => Errno::TimedOut,
            _ => Errno::Io,
        }
    }
}
