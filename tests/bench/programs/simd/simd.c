// simd: the operators on v128. Pictures blended, dot products in floats and in 16-bit integers, a
// byte counted, colours shuffled, and particles moved under a mask.

#include "../wasi.h"
#include <wasm_simd128.h>

#define PIXELS 65536

static u8 front[PIXELS * 4], back[PIXELS * 4], blended[PIXELS * 4];
static float left[16384], right[16384];

// (a * alpha + b * (255 - alpha)) / 255 for 16 bytes, rounded.
static v128_t blend16(v128_t a, v128_t b, v128_t alpha) {
    v128_t rest = wasm_v128_not(alpha), half = wasm_i16x8_const_splat(128);
    v128_t low = wasm_i16x8_add(wasm_u16x8_extmul_low_u8x16(a, alpha), half);
    v128_t high = wasm_i16x8_add(wasm_u16x8_extmul_high_u8x16(a, alpha), half);
    low = wasm_i16x8_add(low, wasm_u16x8_extmul_low_u8x16(b, rest));
    high = wasm_i16x8_add(high, wasm_u16x8_extmul_high_u8x16(b, rest));
    low = wasm_u16x8_shr(wasm_i16x8_add(low, wasm_u16x8_shr(low, 8)), 8);
    high = wasm_u16x8_shr(wasm_i16x8_add(high, wasm_u16x8_shr(high, 8)), 8);
    return wasm_u8x16_narrow_i16x8(low, high);
}

CALLED void blend(void) {
    for (u32 i = 0; i < PIXELS * 4; i += 16) {
        v128_t a = wasm_v128_load(front + i), b = wasm_v128_load(back + i);
        // A pixel's last byte is its alpha.
        v128_t alpha =
            wasm_i8x16_shuffle(a, a, 3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
        wasm_v128_store(blended + i, blend16(a, b, alpha));
    }
}

// Red and blue change places.
CALLED void swap_colours(u8 *picture) {
    const v128_t order = wasm_i8x16_const(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);
    for (u32 i = 0; i < PIXELS * 4; i += 16) {
        v128_t pixels = wasm_v128_load(picture + i);
        wasm_v128_store(picture + i, wasm_i8x16_swizzle(pixels, order));
    }
}

static float lanes_sum(v128_t a) {
    return (wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1)) +
           (wasm_f32x4_extract_lane(a, 2) + wasm_f32x4_extract_lane(a, 3));
}

// Four sums side by side, so that no addition waits for the one before.
CALLED float dot_floats(void) {
    v128_t sums[4] = {0};
    for (u32 i = 0; i < LENGTH(left); i += 16) {
        for (u32 j = 0; j < 4; j++) {
            v128_t a = wasm_v128_load(left + i + 4 * j), b = wasm_v128_load(right + i + 4 * j);
            sums[j] = wasm_f32x4_add(sums[j], wasm_f32x4_mul(a, b));
        }
    }
    v128_t pair = wasm_f32x4_add(sums[0], sums[1]), other = wasm_f32x4_add(sums[2], sums[3]);
    return lanes_sum(wasm_f32x4_add(pair, other));
}

CALLED u32 dot_integers(const u8 *a, const u8 *b) {
    v128_t sum = wasm_i32x4_const_splat(0);
    for (u32 i = 0; i < PIXELS * 4; i += 16) {
        v128_t products = wasm_i32x4_dot_i16x8(wasm_v128_load(a + i), wasm_v128_load(b + i));
        sum = wasm_i32x4_add(sum, products);
    }
    return (u32)(wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1)) +
           (u32)(wasm_i32x4_extract_lane(sum, 2) + wasm_i32x4_extract_lane(sum, 3));
}

CALLED u32 count_below(const u8 *bytes, u8 limit) {
    u32 count = 0;
    v128_t limits = wasm_u8x16_splat(limit);
    for (u32 i = 0; i < PIXELS * 4; i += 16) {
        v128_t below = wasm_u8x16_lt(wasm_v128_load(bytes + i), limits);
        if (wasm_v128_any_true(below)) count += (u32)__builtin_popcount(wasm_i8x16_bitmask(below));
    }
    return count;
}

// Positions on the left, speeds on the right: who leaves the unit interval is turned back.
CALLED void move(float time) {
    const v128_t zero = wasm_f32x4_const_splat(0), one = wasm_f32x4_const_splat(1);
    v128_t times = wasm_f32x4_splat(time);
    for (u32 i = 0; i < LENGTH(left); i += 4) {
        v128_t speed = wasm_v128_load(right + i);
        v128_t place = wasm_f32x4_add(wasm_v128_load(left + i), wasm_f32x4_mul(speed, times));
        v128_t out = wasm_v128_or(wasm_f32x4_lt(place, zero), wasm_f32x4_gt(place, one));
        speed = wasm_v128_bitselect(wasm_f32x4_neg(speed), speed, out);
        wasm_v128_store(left + i, wasm_f32x4_pmin(wasm_f32x4_pmax(place, zero), one));
        wasm_v128_store(right + i, speed);
    }
}

// Products of 64-bit halves and rotations by shifts.
CALLED u64 hash(const u8 *bytes) {
    v128_t state = wasm_i64x2_const(0x243f6a8885a308d3, 0x13198a2e03707344);
    const v128_t factor = wasm_i64x2_const(0x9e3779b97f4a7c15, 0xff51afd7ed558ccd);
    for (u32 i = 0; i < PIXELS * 4; i += 16) {
        state = wasm_i64x2_mul(wasm_v128_xor(state, wasm_v128_load(bytes + i)), factor);
        state = wasm_v128_or(wasm_i64x2_shl(state, 23), wasm_u64x2_shr(state, 41));
        state = wasm_i64x2_shuffle(state, state, 1, 0);
    }
    return mix((u64)wasm_i64x2_extract_lane(state, 0), (u64)wasm_i64x2_extract_lane(state, 1));
}

static void fill(void) {
    u32 random = 161803;
    for (u32 i = 0; i < PIXELS * 4; i++) front[i] = (u8)(next(&random) >> 24);
    for (u32 i = 0; i < PIXELS * 4; i++) back[i] = (u8)(next(&random) >> 24);
    for (u32 i = 0; i < LENGTH(left); i++) {
        left[i] = (float)(next(&random) >> 8) / 16777216;
        right[i] = (float)(next(&random) >> 8) / 8388608 - 1;
    }
}

EXPORT("_start") void _start(void) {
    fill();
    bench_start();
    u64 sum = 0;
    for (u32 round = 0; round < 200; round++) {
        blend();
        swap_colours(round & 1 ? front : back);
        for (u32 i = 0; i < 8; i++) {
            move(0.01f);
            sum = mix(sum, bits_of(dot_floats()));
        }
        sum = mix(sum, dot_integers(blended, back));
        sum = mix(sum, count_below(blended, (u8)(round * 4)));
        sum = mix(sum, hash(blended));
        back[round * 97] ^= (u8)sum;
    }
    bench_end();
    print_checksum("simd", sum);
}
