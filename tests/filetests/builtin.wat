;; show: handlers all guard builtin
(module
  (memory 1)
  (func (param i32) (result i32) (memory.grow (local.get 0)))
  (func (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 9)))
  (func (param i32) (result i32)
    (loop
      (local.set 0 (i32.add (local.get 0) (local.get 0)))
      (br_if 0 (i32.lt_u (local.get 0) (memory.size))))
    (memory.size)))
