#pragma once

/* The one-dimensional transforms of Winograd's minimal filtering, for the vectors of the file that includes it. */

/* F(2 x 2, 3 x 3) interpolates at 0, 1, -1 and infinity, F(4 x 4, 3 x 3) at 0, A, -A, B, -B and infinity: these are exact in single precision,
   as all of their products here are, and round half as much as the usual 1 and 2. */
#define A 0.625f
#define B 1.5f
#define AA (A * A)
#define BB (B * B)

/* B^T d, for `side` values. */
INLINE void image(const Vector *d, Vector *v, const int side) {
    if (side == 4) {
        v[0] = d[0] - d[2];
        v[1] = d[1] + d[2];
        v[2] = d[2] - d[1];
        v[3] = d[3] - d[1];
        return;
    }
    const Vector evenA = fused(splat(-BB), d[2], d[4]), oddA = fused(splat(-BB), d[1], d[3]);
    const Vector evenB = fused(splat(-AA), d[2], d[4]), oddB = fused(splat(-AA), d[1], d[3]);
    v[0] = fused(splat(AA * BB), d[0], fused(splat(-(AA + BB)), d[2], d[4]));
    v[1] = fused(splat(A), oddA, evenA);
    v[2] = fused(splat(-A), oddA, evenA);
    v[3] = fused(splat(B), oddB, evenB);
    v[4] = fused(splat(-B), oddB, evenB);
    v[5] = fused(splat(AA * BB), d[1], fused(splat(-(AA + BB)), d[3], d[5]));
}

/* G g, to `side` values. */
INLINE void filter(Vector g0, Vector g1, Vector g2, Vector *u, const int side) {
    if (side == 4) {
        const Vector half = splat(0.5f), even = g0 + g2;
        u[0] = g0;
        u[1] = half * (even + g1);
        u[2] = half * (even - g1);
        u[3] = g2;
        return;
    }
    const Vector evenA = fused(splat(AA), g2, g0), scaleA = splat(1 / (2 * AA * (AA - BB)));
    const Vector evenB = fused(splat(BB), g2, g0), scaleB = splat(1 / (2 * BB * (BB - AA)));
    u[0] = g0 * splat(1 / (AA * BB));
    u[1] = scaleA * fused(splat(A), g1, evenA);
    u[2] = scaleA * fused(splat(-A), g1, evenA);
    u[3] = scaleB * fused(splat(B), g1, evenB);
    u[4] = scaleB * fused(splat(-B), g1, evenB);
    u[5] = g2;
}

/* A^T m, from `side` values. */
INLINE void result(const Vector *m, Vector *y, const int side) {
    const Vector sumA = m[1] + m[2], differenceA = m[1] - m[2];
    if (side == 4) {
        y[0] = m[0] + sumA;
        y[1] = differenceA + m[3];
        return;
    }
    const Vector sumB = m[3] + m[4], differenceB = m[3] - m[4];
    y[0] = m[0] + (sumA + sumB);
    y[1] = fused(splat(A), differenceA, splat(B) * differenceB);
    y[2] = fused(splat(AA), sumA, splat(BB) * sumB);
    y[3] = fused(splat(A * AA), differenceA, fused(splat(B * BB), differenceB, m[5]));
}

/* A y, the transpose of A^T: from `side - 2` values to `side`. */
INLINE void gradient(const Vector *y, Vector *m, const int side) {
    m[0] = y[0];
    if (side == 4) {
        m[1] = y[0] + y[1];
        m[2] = y[0] - y[1];
        m[3] = y[1];
        return;
    }
    const Vector evenA = fused(splat(AA), y[2], y[0]), oddA = splat(A) * fused(splat(AA), y[3], y[1]);
    const Vector evenB = fused(splat(BB), y[2], y[0]), oddB = splat(B) * fused(splat(BB), y[3], y[1]);
    m[1] = evenA + oddA;
    m[2] = evenA - oddA;
    m[3] = evenB + oddB;
    m[4] = evenB - oddB;
    m[5] = y[3];
}

/* G^T u, the transpose of G: from `side` values to 3. */
INLINE void filterGradient(const Vector *u, Vector *g, const int side) {
    if (side == 4) {
        const Vector half = splat(0.5f), sum = half * (u[1] + u[2]);
        g[0] = u[0] + sum;
        g[1] = half * (u[1] - u[2]);
        g[2] = sum + u[3];
        return;
    }
    const Vector scaleA = splat(1 / (2 * AA * (AA - BB))), scaleB = splat(1 / (2 * BB * (BB - AA)));
    const Vector sumA = scaleA * (u[1] + u[2]), differenceA = scaleA * (u[1] - u[2]);
    const Vector sumB = scaleB * (u[3] + u[4]), differenceB = scaleB * (u[3] - u[4]);
    g[0] = fused(splat(1 / (AA * BB)), u[0], sumA + sumB);
    g[1] = fused(splat(A), differenceA, splat(B) * differenceB);
    g[2] = fused(splat(AA), sumA, fused(splat(BB), sumB, u[5]));
}
