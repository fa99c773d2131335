;; Threads that share a memory: waiting and waking, messages, locks, growth.

(module $Mem (memory (export "shared") 1 4 shared))

;; A thread waits for another: who comes late finds the value changed, who comes early is woken.
(thread $waits (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "run") (either (i32.const 0) (i32.const 1))))

(thread $wakes (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run") (result i32)
      (i32.atomic.store (i32.const 0) (i32.const 42))
      (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (assert_return (invoke "run") (either (i32.const 0) (i32.const 1))))

(wait $waits)
(wait $wakes)

;; Store buffering: sequential consistency forbids that both read 0.
(thread $left (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run")
      (i32.atomic.store (i32.const 8) (i32.const 1))
      (i32.store (i32.const 16) (i32.atomic.load (i32.const 12)))))
  (invoke "run"))

(thread $right (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run")
      (i32.atomic.store (i32.const 12) (i32.const 1))
      (i32.store (i32.const 20) (i32.atomic.load (i32.const 8)))))
  (invoke "run"))

(wait $left)
(wait $right)

(register "mem" $Mem)
(module
  (memory (import "mem" "shared") 1 4 shared)
  (func (export "either") (result i32)
    (i32.or (i32.load (i32.const 16)) (i32.load (i32.const 20))))
  (func (export "size") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "atomic-load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "load-offset") (param i32) (result i32) (i32.load offset=65536 (local.get 0))))
(assert_return (invoke "either") (i32.const 1))

;; Growth by another thread is seen by an instance that has run before, by every kind of access.
(assert_return (invoke "size") (i32.const 1))
(assert_trap (invoke "load" (i32.const 65536)) "out of bounds memory access")
(assert_trap (invoke "atomic-load" (i32.const 65536)) "out of bounds memory access")

(thread $grows (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run") (result i32) (memory.grow (i32.const 1)))
    (func (export "store") (i32.store (i32.const 65536) (i32.const 7))))
  (assert_return (invoke "run") (i32.const 1))
  (assert_return (invoke "store")))
(wait $grows)

(assert_return (invoke "load" (i32.const 65536)) (i32.const 7))
(assert_return (invoke "atomic-load" (i32.const 65536)) (i32.const 7))
(assert_return (invoke "load-offset" (i32.const 0)) (i32.const 7))
(assert_return (invoke "load" (i32.const 131068)) (i32.const 0))
(assert_trap (invoke "load" (i32.const 131069)) "out of bounds memory access")
(assert_return (invoke "size") (i32.const 2))

;; A lock of an exchange, a wait and a notify, with a plain counter behind it.
(module $Lock
  (memory (export "shared") 1 1 shared))

(thread $one (shared (module $Lock))
  (register "mem" $Lock)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func $lock
      (block $done
        (br_if $done (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
        (loop $again
          (br_if $done (i32.eqz (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2))))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
          (br $again))))
    (func $unlock
      (if (i32.eq (i32.atomic.rmw.xchg (i32.const 0) (i32.const 0)) (i32.const 2))
        (then (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
    (func (export "run") (param i32)
      (loop $more
        (call $lock)
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
        (call $unlock)
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (invoke "run" (i32.const 2000)))

(thread $two (shared (module $Lock))
  (register "mem" $Lock)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func $lock
      (block $done
        (br_if $done (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
        (loop $again
          (br_if $done (i32.eqz (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2))))
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
          (br $again))))
    (func $unlock
      (if (i32.eq (i32.atomic.rmw.xchg (i32.const 0) (i32.const 0)) (i32.const 2))
        (then (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
    (func (export "run") (param i32)
      (loop $more
        (call $lock)
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
        (call $unlock)
        (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (invoke "run" (i32.const 3000)))

(wait $one)
(wait $two)

(register "lock" $Lock)
(module
  (memory (import "lock" "shared") 1 1 shared)
  (func (export "lock") (result i32) (i32.load (i32.const 0)))
  (func (export "count") (result i32) (i32.load (i32.const 4))))
(assert_return (invoke "lock") (i32.const 0))
(assert_return (invoke "count") (i32.const 5000))
