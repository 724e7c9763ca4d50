#pragma once

#include "unrolled.h"

#if defined(__x86_64__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* 16 lanes, from any address: a register of AVX-512, two or four of what there is otherwise. */
typedef float Lanes __attribute__((vector_size(64), aligned(4)));

#define LANES 16
