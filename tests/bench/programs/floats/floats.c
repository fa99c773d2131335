// floats: f64 and a little f32, one scalar at a time. Bodies in orbit, the Mandelbrot set, an
// integral, and the operators between numbers: rounding, comparing, converting.

#include "../wasi.h"

// ---- bodies in orbit (f64: multiply, add, divide, square root) ----------------------------------

#define BODIES 6
typedef struct { double x, y, z, vx, vy, vz, mass; } body;
static body bodies[BODIES];

// A heavy body in the middle, the others on tilted, nearly circular orbits.
static void place(void) {
    bodies[0] = (body){0, 0, 0, 0, 0, 0, 40};
    for (int i = 1; i < BODIES; i++) {
        double radius = 1.5 * i, speed = __builtin_sqrt(40 / radius);
        bodies[i] = (body){radius, 0.1 * i, -0.2 * i, 0.01 * i, speed, 0.05 * speed, 0.02 / i};
    }
}

static void step(double time) {
    for (int i = 0; i < BODIES; i++) {
        body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            body *b = &bodies[j];
            double x = a->x - b->x, y = a->y - b->y, z = a->z - b->z;
            double square = x * x + y * y + z * z;
            double pull = time / (square * __builtin_sqrt(square));
            a->vx -= x * b->mass * pull, a->vy -= y * b->mass * pull, a->vz -= z * b->mass * pull;
            b->vx += x * a->mass * pull, b->vy += y * a->mass * pull, b->vz += z * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        body *a = &bodies[i];
        a->x += time * a->vx, a->y += time * a->vy, a->z += time * a->vz;
    }
}

CALLED u64 orbits(int steps) {
    place();
    for (int i = 0; i < steps; i++) step(0.001);
    u64 sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = mix(sum, bits_of(bodies[i].x));
        sum = mix(sum, bits_of(bodies[i].vz));
    }
    return sum;
}

// ---- the Mandelbrot set (f32 for the whole, f64 for a detail) -----------------------------------

CALLED u64 mandelbrot32(int size) {
    u64 sum = 0;
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
            float cx = 3.0f * column / size - 2.25f, cy = 3.0f * row / size - 1.5f;
            float x = 0, y = 0;
            int left = 100;
            while (x * x + y * y < 4 && --left) {
                float next = x * x - y * y + cx;
                y = 2 * x * y + cy, x = next;
            }
            sum = sum * 3 + (u64)left;
        }
    }
    return sum;
}

CALLED u64 mandelbrot64(int size) {
    u64 sum = 0;
    for (int row = 0; row < size; row++) {
        double cy = 0.1315 + 0.0008 * row / size;
        for (int column = 0; column < size; column++) {
            double cx = -0.7465 + 0.0008 * column / size, x = 0, y = 0, xx = 0, yy = 0;
            int left = 500;
            while (xx + yy < 4 && --left) {
                y = (x + x) * y + cy, x = xx - yy + cx;
                xx = x * x, yy = y * y;
            }
            sum = sum * 3 + (u64)left;
        }
    }
    return sum;
}

// ---- an integral, by Simpson's rule, of a function without a table ------------------------------

// A polynomial close to the sine, after folding x into one half wave.
static double wave(double x) {
    double turns = x * 0.15915494309189535;
    double part = (turns - __builtin_floor(turns)) * 2 - 1;
    double side = __builtin_copysign(1, part), size = __builtin_fabs(part), s = size * (1 - size);
    return -side * s * (3.1 + 3.6 * s);
}

CALLED double integral(double from, double to, int steps) {
    double width = (to - from) / steps, sum = wave(from) + wave(to);
    for (int i = 1; i < steps; i++) {
        double x = from + width * i;
        sum += wave(x * x) / (1 + x) * (i & 1 ? 4 : 2);
    }
    return sum * width / 3;
}

// ---- between numbers ----------------------------------------------------------------------------

CALLED u64 between(int rounds) {
    u32 random = 5;
    u64 sum = 0;
    float least = 1e9f;
    double most = -1e9;
    for (int i = 0; i < rounds; i++) {
        u32 bits = next(&random);
        double a = (i32)bits / 1024.0, b = (double)(bits * 0x9e3779b97f4a7c15) / 4294967296.0;
        float c = (float)a, d = (float)(bits >> 7) * 0.125f;
        if (c < least) least = c + 1;
        if (b > most) most = b - 1;
        sum += (u64)(i64)__builtin_floor(a) ^ (u64)b;
        sum += (u32)(i32)__builtin_truncf(c) + (u32)d;
        sum ^= bits_of(__builtin_rint(a) - __builtin_ceil(b));
        if (a != (double)c || d >= c) sum = sum << 1 | sum >> 63;
    }
    return mix(mix(sum, bits_of(least)), bits_of(most));
}

EXPORT("_start") void _start(void) {
    bench_start();
    u64 sum = orbits(150000);
    sum = mix(sum, mandelbrot32(200));
    sum = mix(sum, mandelbrot64(100));
    sum = mix(sum, bits_of(integral(0, 20, 1000000)));
    sum = mix(sum, between(1000000));
    bench_end();
    print_checksum("floats", sum);
}
