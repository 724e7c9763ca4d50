#pragma once

/* The one-dimensional transforms of Winograd's minimal filtering, for the vectors of the file that includes it. */

/* F(2, 3) interpolates at 0, 1, -1 and infinity, F(4, 3) at 0, A, -A, B, -B and infinity, F(4, 2) at C, -C, D, -D and infinity: these are exact in
   single precision, as all of their products here are. A and B round half as much as the usual 1 and 2, C and D a third as much as 0, 1, -1 and 2. */
#define A 0.625f
#define B 1.5f
#define C 0.375f
#define D 1.125f

typedef enum semblance_winograd_form Form;

/* The most points of a tile, planes of weights, and outputs, along an axis. */
#define POINTS 9
#define PLANES 6
#define OUTPUTS 8

/* What F(4, 3) and F(4, 2) have in common: the values of four coefficients at a, -a, b and -b. */
INLINE void evaluated(const Vector *y, Vector *m, const float a, const float b) {
    const Vector evenA = fused(splat(a * a), y[2], y[0]), oddA = splat(a) * fused(splat(a * a), y[3], y[1]);
    const Vector evenB = fused(splat(b * b), y[2], y[0]), oddB = splat(b) * fused(splat(b * b), y[3], y[1]);
    m[0] = evenA + oddA;
    m[1] = evenA - oddA;
    m[2] = evenB + oddB;
    m[3] = evenB - oddB;
}

/* The transpose of that, and what the point at infinity adds. */
INLINE void combined(const Vector *m, Vector infinity, Vector *y, const float a, const float b) {
    const Vector sumA = m[0] + m[1], differenceA = m[0] - m[1];
    const Vector sumB = m[2] + m[3], differenceB = m[2] - m[3];
    y[0] = sumA + sumB;
    y[1] = fused(splat(a), differenceA, splat(b) * differenceB);
    y[2] = fused(splat(a * a), sumA, splat(b * b) * sumB);
    y[3] = fused(splat(a * a * a), differenceA, fused(splat(b * b * b), differenceB, infinity));
}

/* The transforms of F(4, 2): B^T d of 5 values, each `step` vectors from the last; G g; A^T m; A y; G^T u. */
INLINE void image2(const Vector *d, Vector *v, const int step) {
    const Vector withoutD0 = fused(splat(-D * D), d[0], d[2 * step]);
    const Vector withoutD1 = fused(splat(-D * D), d[step], d[3 * step]);
    const Vector withoutD2 = fused(splat(-D * D), d[2 * step], d[4 * step]);
    const Vector withoutC0 = fused(splat(-C * C), d[0], d[2 * step]);
    const Vector withoutC1 = fused(splat(-C * C), d[step], d[3 * step]);
    v[0] = fused(splat(C), withoutD0, withoutD1);
    v[1] = fused(splat(-C), withoutD0, withoutD1);
    v[2] = fused(splat(D), withoutC0, withoutC1);
    v[3] = fused(splat(-D), withoutC0, withoutC1);
    v[4] = fused(splat(-C * C), withoutD0, withoutD2);
}

INLINE void filter2(Vector g0, Vector g1, Vector *u) {
    const Vector scaleC = splat(1 / (2 * C * (C * C - D * D))), scaleD = splat(1 / (2 * D * (D * D - C * C)));
    u[0] = scaleC * fused(splat(C), g1, g0);
    u[1] = scaleC * fused(splat(C), g1, splat(0) - g0);
    u[2] = scaleD * fused(splat(D), g1, g0);
    u[3] = scaleD * fused(splat(D), g1, splat(0) - g0);
    u[4] = g1;
}

INLINE void result2(const Vector *m, Vector *y) {
    combined(m, m[4], y, C, D);
}

INLINE void gradient2(const Vector *y, Vector *m) {
    evaluated(y, m, C, D);
    m[4] = y[3];
}

INLINE void filterGradient2(const Vector *u, Vector *g0, Vector *g1) {
    const Vector scaleC = splat(1 / (2 * C * (C * C - D * D))), scaleD = splat(1 / (2 * D * (D * D - C * C)));
    *g0 = fused(scaleC, u[0] - u[1], scaleD * (u[2] - u[3]));
    *g1 = fused(scaleC * splat(C), u[0] + u[1], fused(scaleD * splat(D), u[2] + u[3], u[4]));
}

/* B^T d, from the form's `extent` values to its points.

   Stride 2 takes the weights' outer two along the even values, by F(4, 2), and the middle one along the odd values, as it is. Its input gradient takes all
   along the same values. */
INLINE void image(const Vector *d, Vector *v, const Form form) {
    switch (form) {
        case SEMBLANCE_F2:
            v[0] = d[0] - d[2];
            v[1] = d[1] + d[2];
            v[2] = d[2] - d[1];
            v[3] = d[3] - d[1];
            break;
        case SEMBLANCE_F4: {
            const Vector evenA = fused(splat(-B * B), d[2], d[4]), oddA = fused(splat(-B * B), d[1], d[3]);
            const Vector evenB = fused(splat(-A * A), d[2], d[4]), oddB = fused(splat(-A * A), d[1], d[3]);
            const float both = A * A + B * B;
            v[0] = fused(splat(A * A * B * B), d[0], fused(splat(-both), d[2], d[4]));
            v[1] = fused(splat(A), oddA, evenA);
            v[2] = fused(splat(-A), oddA, evenA);
            v[3] = fused(splat(B), oddB, evenB);
            v[4] = fused(splat(-B), oddB, evenB);
            v[5] = fused(splat(A * A * B * B), d[1], fused(splat(-both), d[3], d[5]));
            break;
        }
        case SEMBLANCE_STRIDED:
            image2(d, v, 2);
            UNROLLED
            for (int i = 0; i < 4; i++) v[5 + i] = d[2 * i + 1];
            break;
        case SEMBLANCE_STRIDED_GRADIENT:
            image2(d, v, 1);
            UNROLLED
            for (int i = 0; i < 4; i++) v[5 + i] = d[i];
    }
}

/* G g, from 3 values to the form's planes. */
INLINE void filter(Vector g0, Vector g1, Vector g2, Vector *u, const Form form) {
    switch (form) {
        case SEMBLANCE_F2: {
            const Vector half = splat(0.5f), even = g0 + g2;
            u[0] = g0;
            u[1] = half * (even + g1);
            u[2] = half * (even - g1);
            u[3] = g2;
            break;
        }
        case SEMBLANCE_F4: {
            const Vector evenA = fused(splat(A * A), g2, g0), scaleA = splat(1 / (2 * A * A * (A * A - B * B)));
            const Vector evenB = fused(splat(B * B), g2, g0), scaleB = splat(1 / (2 * B * B * (B * B - A * A)));
            u[0] = g0 * splat(1 / (A * A * B * B));
            u[1] = scaleA * fused(splat(A), g1, evenA);
            u[2] = scaleA * fused(splat(-A), g1, evenA);
            u[3] = scaleB * fused(splat(B), g1, evenB);
            u[4] = scaleB * fused(splat(-B), g1, evenB);
            u[5] = g2;
            break;
        }
        case SEMBLANCE_STRIDED:
        case SEMBLANCE_STRIDED_GRADIENT:
            filter2(g0, g2, u);
            u[5] = g1;
    }
}

/* A^T m, from the form's points to its outputs. */
INLINE void result(const Vector *m, Vector *y, const Form form) {
    switch (form) {
        case SEMBLANCE_F2:
            y[0] = m[0] + (m[1] + m[2]);
            y[1] = (m[1] - m[2]) + m[3];
            break;
        case SEMBLANCE_F4:
            combined(m + 1, m[5], y, A, B);
            y[0] = m[0] + y[0];
            break;
        case SEMBLANCE_STRIDED:
            result2(m, y);
            UNROLLED
            for (int i = 0; i < 4; i++) y[i] = y[i] + m[5 + i];
            break;
        case SEMBLANCE_STRIDED_GRADIENT: {
            Vector odd[4];
            result2(m, odd);
            UNROLLED
            for (int i = 0; i < 4; i++) {
                y[2 * i] = m[5 + i];
                y[2 * i + 1] = odd[i];
            }
        }
    }
}

/* A y, the transpose of A^T: from the form's outputs to its points. Nothing has a gradient for the weights of an input gradient. */
INLINE void gradient(const Vector *y, Vector *m, const Form form) {
    switch (form) {
        case SEMBLANCE_F2:
            m[0] = y[0];
            m[1] = y[0] + y[1];
            m[2] = y[0] - y[1];
            m[3] = y[1];
            break;
        case SEMBLANCE_F4:
            m[0] = y[0];
            evaluated(y, m + 1, A, B);
            m[5] = y[3];
            break;
        case SEMBLANCE_STRIDED:
            gradient2(y, m);
            UNROLLED
            for (int i = 0; i < 4; i++) m[5 + i] = y[i];
            break;
        case SEMBLANCE_STRIDED_GRADIENT: break;
    }
}

/* G^T u, the transpose of G: from the form's planes to 3 values. */
INLINE void filterGradient(const Vector *u, Vector *g, const Form form) {
    switch (form) {
        case SEMBLANCE_F2: {
            const Vector half = splat(0.5f), sum = half * (u[1] + u[2]);
            g[0] = u[0] + sum;
            g[1] = half * (u[1] - u[2]);
            g[2] = sum + u[3];
            break;
        }
        case SEMBLANCE_F4: {
            const Vector scaleA = splat(1 / (2 * A * A * (A * A - B * B)));
            const Vector scaleB = splat(1 / (2 * B * B * (B * B - A * A)));
            const Vector sumA = scaleA * (u[1] + u[2]), differenceA = scaleA * (u[1] - u[2]);
            const Vector sumB = scaleB * (u[3] + u[4]), differenceB = scaleB * (u[3] - u[4]);
            g[0] = fused(splat(1 / (A * A * B * B)), u[0], sumA + sumB);
            g[1] = fused(splat(A), differenceA, splat(B) * differenceB);
            g[2] = fused(splat(A * A), sumA, fused(splat(B * B), sumB, u[5]));
            break;
        }
        case SEMBLANCE_STRIDED:
        case SEMBLANCE_STRIDED_GRADIENT:
            filterGradient2(u, &g[0], &g[2]);
            g[1] = u[5];
    }
}
