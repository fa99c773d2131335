;; What a call into WASI preview1 costs. Each export does one thing `n` times and returns 0, or the
;; error number with which it stopped. They work in the directory that is descriptor 3: the file
;; `bench.in` of at least 4 KiB, the file `bench.out`, which is made, and the directory `entries`.
(module
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $clock_time_get (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_pread"
        (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_pwrite"
        (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir"
        (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))

    (memory (export "memory") 1)
    ;; 0: results. 16: a vector of one buffer, 4 KiB at 4096. 32: names. 8192: directory entries.
    (data (i32.const 16) "\00\10\00\00\00\10\00\00")
    (data (i32.const 32) "bench.in")
    (data (i32.const 48) "bench.out")
    (data (i32.const 64) "entries")

    (type $step (func (param i32) (result i32)))
    (table funcref (elem $get_time_once $open_close_once $read_once $write_once $readdir_once))

    (func $get_time_once (type $step)
        (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 0)))

    (func $open_close_once (type $step)
        (local $errno i32)
        (local.set $errno (call $open (i32.const 32) (i32.const 8) (i32.const 0) (i64.const 2)))
        (if (local.get $errno) (then (return (local.get $errno))))
        (call $fd_close (i32.load (i32.const 0))))

    (func $read_once (type $step)
        (call $whole (call $fd_pread
            (local.get 0) (i32.const 16) (i32.const 1) (i64.const 0) (i32.const 0))))

    (func $write_once (type $step)
        (call $whole (call $fd_pwrite
            (local.get 0) (i32.const 16) (i32.const 1) (i64.const 0) (i32.const 0))))

    ;; Lists the directory from its start to its end.
    (func $readdir_once (type $step)
        (local $cookie i64) (local $at i32) (local $end i32) (local $next i32) (local $errno i32)
        (loop $more
            (local.set $errno (call $fd_readdir (local.get 0)
                (i32.const 8192) (i32.const 8192) (local.get $cookie) (i32.const 0)))
            (if (local.get $errno) (then (return (local.get $errno))))
            (local.set $at (i32.const 8192))
            (local.set $end (i32.add (i32.const 8192) (i32.load (i32.const 0))))
            (block $cut
                (loop $entry
                    (br_if $cut (i32.gt_u
                        (i32.add (local.get $at) (i32.const 24)) (local.get $end)))
                    (local.set $next (i32.add (i32.add (local.get $at) (i32.const 24))
                        (i32.load offset=16 (local.get $at))))
                    (br_if $cut (i32.gt_u (local.get $next) (local.get $end)))
                    (local.set $cookie (i64.load (local.get $at)))
                    (local.set $at (local.get $next))
                    (br $entry)))
            (br_if $more (i32.eq (i32.load (i32.const 0)) (i32.const 8192))))
        (i32.const 0))

    ;; Opens a name; the descriptor is at 0.
    (func $open (param $name i32) (param $len i32) (param $oflags i32) (param $rights i64)
            (result i32)
        (call $path_open (i32.const 3) (i32.const 1) (local.get $name) (local.get $len)
            (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))

    ;; A short transfer is errno 29, `io`.
    (func $whole (param $errno i32) (result i32)
        (if (result i32) (local.get $errno)
            (then (local.get $errno))
            (else (select (i32.const 0) (i32.const 29)
                (i32.eq (i32.load (i32.const 0)) (i32.const 4096))))))

    ;; Calls a step `n` times, until one fails.
    (func $repeat (param $step i32) (param $fd i32) (param $n i32) (result i32)
        (local $errno i32)
        (block $done
            (loop $again
                (br_if $done (i32.eqz (local.get $n)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (local.set $errno (call_indirect (type $step) (local.get $fd) (local.get $step)))
                (br_if $again (i32.eqz (local.get $errno)))))
        (local.get $errno))

    ;; The same with a file opened before, and closed afterwards.
    (func $repeat_with
            (param $name i32) (param $len i32) (param $oflags i32) (param $rights i64)
            (param $step i32) (param $n i32) (result i32)
        (local $fd i32) (local $errno i32)
        (local.set $errno (call $open
            (local.get $name) (local.get $len) (local.get $oflags) (local.get $rights)))
        (if (local.get $errno) (then (return (local.get $errno))))
        (local.set $fd (i32.load (i32.const 0)))
        (local.set $errno (call $repeat (local.get $step) (local.get $fd) (local.get $n)))
        (drop (call $fd_close (local.get $fd)))
        (local.get $errno))

    ;; The monotonic clock.
    (func (export "get_time") (param $n i32) (result i32)
        (call $repeat (i32.const 0) (i32.const 0) (local.get $n)))

    ;; `bench.in`, for reading.
    (func (export "open_close") (param $n i32) (result i32)
        (call $repeat (i32.const 1) (i32.const 0) (local.get $n)))

    ;; The first 4 KiB of `bench.in`.
    (func (export "read") (param $n i32) (result i32)
        (call $repeat_with (i32.const 32) (i32.const 8) (i32.const 0) (i64.const 2)
            (i32.const 2) (local.get $n)))

    ;; The first 4 KiB of `bench.out`.
    (func (export "write") (param $n i32) (result i32)
        (call $repeat_with (i32.const 48) (i32.const 9) (i32.const 1) (i64.const 66)
            (i32.const 3) (local.get $n)))

    ;; All of `entries`.
    (func (export "readdir") (param $n i32) (result i32)
        (call $repeat_with (i32.const 64) (i32.const 7) (i32.const 2) (i64.const 0x4000)
            (i32.const 4) (local.get $n))))
