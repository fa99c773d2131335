;; show: compiled all guard
(module
  (import "host" "other" (func $other (param i32 i64)))
  (type $binary (func (param i32 i32) (result i32)))
  (table 4 funcref)
  (func $loop (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $loop
      (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0))))
  (func $swap (param i32 i32) (result i32)
    (return_call $loop (local.get 1) (local.get 0)))
  (func $indirect (param i32 i32 i32) (result i32)
    (return_call_indirect (type $binary) (local.get 1) (local.get 0) (local.get 2)))
  (func $imported (param i64) (return_call $other (i32.const 1) (local.get 0)))
  (func $many (param i32 i32 i32 i32 i32 i32 i32)
    (return_call $many
      (local.get 6) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
      (local.get 5)))
  (func $saves (param i32 i32) (result i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (call $loop (local.get 0) (local.get 1))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (return_call $loop (local.get 1) (local.get 0))))
