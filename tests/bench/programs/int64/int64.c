// int64: 64-bit integers. Products of 128 bits, primes tested by Montgomery multiplication, a
// keyed hash, generators of random numbers, divisions, and bits counted and moved.

#include "../wasi.h"

typedef struct { u64 low, high; } wide;

// wasm has no operator for the upper half of a product: four products of halves make it.
static wide multiply(u64 a, u64 b) {
    u64 a0 = (u32)a, a1 = a >> 32, b0 = (u32)b, b1 = b >> 32;
    u64 low = a0 * b0, cross = a1 * b0 + (low >> 32), other = a0 * b1 + (u32)cross;
    return (wide){other << 32 | (u32)low, a1 * b1 + (cross >> 32) + (other >> 32)};
}

static u64 rotate(u64 a, u32 by) { return a << by | a >> (64 - by); }

// ---- primes -------------------------------------------------------------------------------------

// a * b / 2^64 modulo an odd modulus below 2^63; `inverse` is that of -modulus modulo 2^64.
static u64 reduce_product(u64 a, u64 b, u64 modulus, u64 inverse) {
    wide product = multiply(a, b);
    u64 high = multiply(product.low * inverse, modulus).high;
    u64 sum = product.high + high + (product.low != 0);
    return sum >= modulus ? sum - modulus : sum;
}

// The strong test of Miller and Rabin for one base.
static int passes(u64 n, u64 base) {
    u64 inverse = n;
    for (int i = 0; i < 5; i++) inverse *= 2 - n * inverse;
    inverse = -inverse;
    u64 one = -n % n, minus_one = n - one, x = one, power = one;
    for (u64 i = base; i; i >>= 1) {
        if (i & 1) power = power + x >= n ? power + x - n : power + x;
        x = x + x >= n ? x + x - n : x + x;
    }
    // `power` is now (base + 1) in Montgomery's form.
    u64 b = power >= one ? power - one : power + n - one;
    u32 twos = (u32)__builtin_ctzll(n - 1);
    u64 y = one;
    for (u64 e = (n - 1) >> twos; e; e >>= 1) {
        if (e & 1) y = reduce_product(y, b, n, inverse);
        b = reduce_product(b, b, n, inverse);
    }
    if (y == one || y == minus_one) return 1;
    while (--twos) {
        y = reduce_product(y, y, n, inverse);
        if (y == minus_one) return 1;
    }
    return 0;
}

CALLED u64 primes(u64 from, u32 odds) {
    u64 sum = 0;
    for (u64 n = from | 1; odds--; n += 2) {
        if (!(n % 3 && n % 5 && n % 7)) continue;
        if (passes(n, 2) && passes(n, 3) && passes(n, 5)) sum = mix(sum, n);
    }
    return sum;
}

// ---- hashing and random numbers -----------------------------------------------------------------

static u64 data[16384];

static u64 fold(u64 a, u64 b) {
    wide product = multiply(a, b);
    return product.low ^ product.high;
}

CALLED u64 hash(u64 key) {
    u64 a = key ^ 0xa0761d6478bd642f, b = ~key;
    for (u32 i = 0; i < LENGTH(data); i += 4) {
        a = fold(data[i] ^ a, data[i + 1] ^ 0xe7037ed1a0b428db);
        b = fold(data[i + 2] ^ b, data[i + 3] ^ 0x8ebc6af09c88c6e3);
    }
    return fold(a, b ^ LENGTH(data));
}

// xoshiro256**
CALLED u64 draw(u64 seed, u32 rounds) {
    u64 a = seed, b = ~seed, c = seed * 3 + 1, d = 1, sum = 0;
    for (u32 i = 0; i < rounds; i++) {
        sum += rotate(b * 5, 7) * 9;
        u64 t = b << 17;
        c ^= a, d ^= b, b ^= c, a ^= d, c ^= t;
        d = rotate(d, 45);
    }
    return sum;
}

// splitmix64, which fills the data
CALLED void fill(u64 state) {
    for (u32 i = 0; i < LENGTH(data); i++) {
        u64 z = state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        data[i] = z ^ z >> 31;
    }
}

// ---- divisions and bits -------------------------------------------------------------------------

CALLED u64 divisors(void) {
    u64 sum = 0;
    for (u32 i = 0; i + 1 < LENGTH(data); i++) {
        u64 a = data[i], b = data[i + 1] >> 40 | 1;
        while (b) {
            u64 rest = a % b;
            a = b, b = rest;
        }
        sum += a;
        sum ^= (u64)((i64)data[i] / (i64)(data[i + 1] >> 33 | 1));
    }
    return sum;
}

CALLED u64 bits(void) {
    u64 sum = 0;
    for (u32 i = 0; i < LENGTH(data); i++) {
        u64 a = data[i];
        sum += (u64)__builtin_popcountll(a) << (a & 15);
        sum = rotate(sum, 11) ^ (u64)__builtin_clzll(a | 1);
        sum ^= (u64)__builtin_ctzll(a | 1ull << 63) << 8;
        // Interleaves the lower 32 bits with zeros.
        a &= 0xffffffff;
        a = (a | a << 16) & 0x0000ffff0000ffff;
        a = (a | a << 8) & 0x00ff00ff00ff00ff;
        a = (a | a << 4) & 0x0f0f0f0f0f0f0f0f;
        a = (a | a << 2) & 0x3333333333333333;
        a = (a | a << 1) & 0x5555555555555555;
        if ((i64)(sum ^ a) > (i64)a) sum += a;
        else sum -= (u64)(i64)(signed char)a;
    }
    return sum;
}

EXPORT("_start") void _start(void) {
    bench_start();
    u64 sum = primes(1ull << 61, 6000);
    for (u32 round = 0; round < 80; round++) {
        fill(sum);
        for (u32 i = 0; i < 8; i++) sum = mix(sum, hash(sum));
        for (u32 i = 0; i < 4; i++) sum = mix(sum, bits());
        sum = mix(sum, draw(sum, 200000));
        if (round % 10 == 0) sum = mix(sum, divisors());
    }
    bench_end();
    print_checksum("int64", sum);
}
