// C = alpha op(A) op(B) + beta C, tiled in registers and local memory.
