#pragma once

/* Before a loop over registers: they cannot be told apart by a number that is not known. */
#define UNROLLED _Pragma("clang loop unroll(full)")
