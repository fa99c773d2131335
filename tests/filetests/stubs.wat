;; show: stubs
(module)
