// matrix: dense matrices. Products in f64 and in f32 by blocks that fit a cache, a product as the
// school teaches it, and equations solved by elimination with row exchanges.

#include "../wasi.h"

#define SIZE 192
#define BLOCK 32

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
static float d[SIZE][SIZE], e[SIZE][SIZE], f[SIZE][SIZE];

static void fill(u32 seed) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (double)(next(&seed) >> 8) / 16777216 - 0.5;
            b[i][j] = (double)(next(&seed) >> 8) / 16777216 - 0.5;
            d[i][j] = (float)a[i][j], e[i][j] = (float)b[i][j];
            c[i][j] = 0, f[i][j] = 0;
        }
    }
}

// c += a * b
CALLED void multiply64(void) {
    for (int bi = 0; bi < SIZE; bi += BLOCK) {
        for (int bk = 0; bk < SIZE; bk += BLOCK) {
            for (int bj = 0; bj < SIZE; bj += BLOCK) {
                for (int i = bi; i < bi + BLOCK; i++) {
                    for (int k = bk; k < bk + BLOCK; k++) {
                        double factor = a[i][k];
                        for (int j = bj; j < bj + BLOCK; j++) c[i][j] += factor * b[k][j];
                    }
                }
            }
        }
    }
}

// f += d * e, two rows by two columns at a time: eight loads fewer for each eight operations.
CALLED void multiply32(void) {
    for (int i = 0; i < SIZE; i += 2) {
        for (int j = 0; j < SIZE; j += 2) {
            float s00 = 0, s01 = 0, s10 = 0, s11 = 0;
            for (int k = 0; k < SIZE; k++) {
                float x0 = d[i][k], x1 = d[i + 1][k], y0 = e[k][j], y1 = e[k][j + 1];
                s00 += x0 * y0, s01 += x0 * y1, s10 += x1 * y0, s11 += x1 * y1;
            }
            f[i][j] += s00, f[i][j + 1] += s01, f[i + 1][j] += s10, f[i + 1][j + 1] += s11;
        }
    }
}

// c = a * the transpose of b: one long sum for each element.
CALLED void multiply_transposed(void) {
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            double sum = 0;
            for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[j][k];
            c[i][j] = sum;
        }
    }
}

// Triangulates a and returns its determinant's sign and size.
CALLED double eliminate(void) {
    double sign = 1, size = 0;
    for (int k = 0; k < SIZE; k++) {
        int best = k;
        for (int i = k + 1; i < SIZE; i++) {
            if (__builtin_fabs(a[i][k]) > __builtin_fabs(a[best][k])) best = i;
        }
        if (best != k) {
            sign = -sign;
            for (int j = 0; j < SIZE; j++) {
                double kept = a[k][j];
                a[k][j] = a[best][j], a[best][j] = kept;
            }
        }
        for (int i = k + 1; i < SIZE; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < SIZE; j++) a[i][j] -= factor * a[k][j];
        }
        sign = a[k][k] < 0 ? -sign : sign;
        size += __builtin_fabs(a[k][k]);
    }
    return sign * size;
}

static u64 read(u64 sum) {
    for (int i = 0; i < SIZE; i += 3) {
        for (int j = 0; j < SIZE; j += 5) {
            sum = mix(sum, bits_of(c[i][j]));
            sum = mix(sum, bits_of(f[i][j]));
        }
    }
    return sum;
}

EXPORT("_start") void _start(void) {
    bench_start();
    u64 sum = 0;
    for (u32 round = 1; round <= 3; round++) {
        fill(round * 1234567);
        multiply64();
        multiply32();
        sum = read(sum);
        multiply_transposed();
        sum = read(sum);
        sum = mix(sum, bits_of(eliminate()));
    }
    bench_end();
    print_checksum("matrix", sum);
}
