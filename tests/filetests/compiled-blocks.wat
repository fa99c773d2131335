;; show: compiled all guard
(module
  (memory 1)
  (func $copy3 (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 3)))
  (func $copy20 (param i32 i32)
    (memory.copy (local.get 0) (i32.add (local.get 1) (i32.const 4)) (i32.const 20)))
  (func $clear (param i32)
    (memory.fill (local.get 0) (i32.const 0) (i32.const 24)))
  (func $fill (param i32 i32)
    (memory.fill (local.get 0) (local.get 1) (i32.const 7)))
  (func $much (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 65))))
