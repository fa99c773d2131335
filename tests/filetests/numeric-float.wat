;; show: handlers all guard f32. f64. i32.
;; show: handlers floor guard f32. f64. i32.
(module
  (func (param f64 f64) (result f64) (f64.add (local.get 0) (local.get 1)))
  (func (param f32) (result f32) (f32.mul (local.get 0) (f32.const 1.5)))
  (func (param f64) (result f64) (f64.sub (f64.const 1.5) (f64.neg (local.get 0))))
  (func $pinned (param f64 f64 i32)
    (loop
      (local.set 0 (f64.div (local.get 0) (local.get 1)))
      (br_if 0 (f64.lt (local.get 0) (local.get 1)))))
  (func (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func (param f32 f32) (result f32) (f32.max (local.get 0) (local.get 1)))
  (func (param f64 f64) (result f64) (f64.copysign (local.get 0) (local.get 1)))
  (func (param f32) (result f32) (f32.abs (local.get 0)))
  (func (param f32) (result f32) (f32.sqrt (local.get 0)))
  (func (param f64) (result f64) (f64.nearest (local.get 0)))
  (func (param f64 f64) (result i32) (f64.eq (local.get 0) (local.get 1)))
  (func (param f32 f32) (result i32) (f32.ge (local.get 0) (local.get 1))))
