// calls: direct calls. Deep recursion of one and of two functions, three arguments and nine of
// mixed types, and leaf functions too small to be worth their call.

#include "../wasi.h"

// Two calls for one addition.
CALLED u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

// Takeuchi's function: four calls, three of them for arguments.
CALLED i32 takeuchi(i32 x, i32 y, i32 z) {
    if (y >= x) return z;
    return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

// Deep rather than wide: as many frames as there are steps.
CALLED u32 descend_even(u32 depth, u32 value);
CALLED u32 descend_odd(u32 depth, u32 value) {
    return depth ? descend_even(depth - 1, value + depth) * 3 : value;
}
CALLED u32 descend_even(u32 depth, u32 value) {
    return depth ? descend_odd(depth - 1, value ^ depth) + 1 : value;
}

// Nine arguments which change places on their way down, so that none stays in its register.
CALLED u64 rotate_arguments(
    u32 depth, u32 a, u64 b, double c, u32 d, u64 e, double f, u32 g, u64 h) {
    if (!depth) return a + b + (u64)c + d + e + (u64)f + g + h;
    u64 left = rotate_arguments(depth - 1, d, e, f + 1, g, h, c, a + 1, b);
    if (depth & 1) return left;
    return left ^ rotate_arguments(depth - 1, g + 2, h, c, a, b + 3, f, d, e);
}

// A tree of binomial coefficients: the compiler cannot make a loop of it.
CALLED u32 choose(u32 n, u32 k) {
    return k == 0 || k == n ? 1 : choose(n - 1, k - 1) + choose(n - 1, k);
}

CALLED u32 least(u32 a, u32 b) { return a < b ? a : b; }
CALLED u32 distance(u32 a, u32 b) { return a < b ? b - a : a - b; }
CALLED u32 turn(u32 a, u32 by) { return a << (by & 31) | a >> (-by & 31); }
CALLED u32 scramble(u32 a) { return (a ^ a >> 15) * 0x2c1b3c6d; }
CALLED double blend(double a, double b, double t) { return a + (b - a) * t; }

CALLED u64 leaves(u32 rounds) {
    u32 a = 1, b = 2;
    double c = 0;
    for (u32 i = 0; i < rounds; i++) {
        a = scramble(a + i);
        b = turn(b ^ least(a, b), i);
        c = blend(c, distance(a, b), 0.25);
    }
    return mix(mix(a, b), (u64)c);
}

EXPORT("_start") void _start(void) {
    bench_start();
    u64 sum = fibonacci(31);
    sum = mix(sum, (u64)takeuchi(20, 12, 6));
    for (u32 i = 0; i < 400; i++) sum = mix(sum, descend_even(5000, i));
    sum = mix(sum, rotate_arguments(32, 1, 2, 3.5, 4, 5, 6.5, 7, 8));
    sum = mix(sum, choose(23, 9));
    sum = mix(sum, leaves(3000000));
    bench_end();
    print_checksum("calls", sum);
}
