#pragma once

/* The CPU backend's own loops, for what oneDNN has no primitive for. Each is compiled for AVX-512, for AVX2 and for any x86-64, and the
   loader takes what the processor has; elsewhere there is one version. Arrays need no alignment. */

/* scores[r] = the inner product of query [dimension] and row r of rows [count, dimension]. */
void semblance_scan(const float *query, const float *rows, long count, long dimension, float *scores);

/* scores[r][q] = the inner product of row r of rows [count, dimension] and query q, for 16 queries (width 1) or 32 (width 2), which lie as
   [dimension, 16 width]; scores [count, 16 width]. */
void semblance_scores(const float *queries, const float *rows, long count, long dimension, float *scores, int width);
