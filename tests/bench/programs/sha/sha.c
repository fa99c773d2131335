// sha: SHA-256 (FIPS 180-4). 32-bit additions, rotations and logic, eight values alive in each of
// 64 rounds. Prints the digest of "abc", which the standard gives, before the checksum.

#include "../wasi.h"

// The fractions of the cube roots of the first 64 primes, and of the square roots of the first 8.
static const u32 constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const u32 initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

typedef struct { u32 state[8]; u64 size; u8 block[64]; } hasher;

static u32 rotate(u32 a, u32 by) { return a >> by | a << (32 - by); }

CALLED void compress(u32 *state, const u8 *block) {
    u32 words[64];
    // The block may lie anywhere; a copy of 4 bytes is a load that knows.
    for (int i = 0; i < 16; i++) {
        __builtin_memcpy(&words[i], block + 4 * i, 4);
        words[i] = __builtin_bswap32(words[i]);
    }
    for (int i = 16; i < 64; i++) {
        u32 x = words[i - 15], y = words[i - 2];
        u32 low = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
        u32 high = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
        words[i] = words[i - 16] + low + words[i - 7] + high;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        u32 choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
        u32 low = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        u32 high = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        u32 first = h + low + choice + constants[i] + words[i], second = high + majority;
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void begin(hasher *hasher) {
    __builtin_memcpy(hasher->state, initial, sizeof initial);
    hasher->size = 0;
}

static void add(hasher *hasher, const u8 *bytes, u32 count) {
    for (u32 i = 0; i < count; i++) {
        if (hasher->size % 64 == 0) {
            // Whole blocks are hashed where they lie.
            for (; count - i >= 64; i += 64, hasher->size += 64) compress(hasher->state, bytes + i);
            if (i == count) return;
        }
        hasher->block[hasher->size++ % 64] = bytes[i];
        if (hasher->size % 64 == 0) compress(hasher->state, hasher->block);
    }
}

// The digest's first 8 bytes as a number are enough for a checksum; `state` holds all of it.
static u64 finish(hasher *hasher) {
    static const u8 padding[64] = {0x80};
    u64 bits = __builtin_bswap64(hasher->size * 8);
    add(hasher, padding, 1 + (u32)(119 - hasher->size % 64) % 64);
    add(hasher, (const u8 *)&bits, 8);
    return (u64)hasher->state[0] << 32 | hasher->state[1];
}

static u8 data[256 << 10];

EXPORT("_start") void _start(void) {
    hasher hasher;
    begin(&hasher);
    add(&hasher, (const u8 *)"abc", 3);
    finish(&hasher);
    print("sha of abc ");
    for (int i = 0; i < 8; i++) print_hex(hasher.state[i], 8);
    print("\n");

    bench_start();
    u64 sum = 0;
    u32 random = 1;
    for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)next(&random);
    for (u32 round = 0; round < 36; round++) {
        begin(&hasher);
        add(&hasher, data + round, sizeof data - 2 * round);
        sum = mix(sum, finish(&hasher));
    }
    // Many small messages, too.
    for (u32 i = 0; i < 10000; i++) {
        begin(&hasher);
        add(&hasher, data + i, i & 127);
        sum = mix(sum, finish(&hasher));
    }
    bench_end();
    print_checksum("sha", sum);
}
