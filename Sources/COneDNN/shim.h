#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

/* Debian's oneDNN threads by OpenMP; clang ships no omp.h, so what is needed of libgomp is declared here.
   GOMP_parallel is what gcc compiles a parallel region into: our own loops run on the same team of threads,
   because a second pool would fight with it for the cores. */
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
