// memory-stream: long runs through several MiB of memory in loads and stores of every width,
// forwards, backwards and in strides, beside memory.copy and memory.fill.

#include "../wasi.h"

#define BYTES (4u << 20)

static union {
    u8 bytes[BYTES];
    u16 halves[BYTES / 2];
    u32 words[BYTES / 4];
    u64 longs[BYTES / 8];
    double reals[BYTES / 8];
} source, target;

CALLED u32 sum_bytes(void) {
    u32 sum = 0;
    for (u32 i = 0; i < BYTES; i++) sum += source.bytes[i];
    return sum;
}

CALLED u32 sum_signed_bytes(void) {
    u32 sum = 0;
    for (u32 i = BYTES; i-- > 0;) sum = sum * 3 + (u32)(signed char)source.bytes[i];
    return sum;
}

CALLED u32 sum_halves(void) {
    u32 sum = 0;
    for (u32 i = 0; i < BYTES / 2; i++) sum ^= sum + source.halves[i];
    return sum;
}

CALLED u64 sum_words(void) {
    u64 sum = 0;
    for (u32 i = 0; i < BYTES / 4; i++) sum += source.words[i];
    return sum;
}

CALLED u64 sum_longs(void) {
    u64 sum = 0;
    for (u32 i = 0; i < BYTES / 8; i++) sum ^= source.longs[i] + sum;
    return sum;
}

// How often a byte occurs, found by looking at eight at once.
CALLED u32 count_byte(u8 byte) {
    const u64 ones = 0x0101010101010101, highs = ones << 7;
    u32 count = 0;
    for (u32 i = 0; i < BYTES / 8; i++) {
        u64 x = target.longs[i] ^ ones * byte;
        // The top bit of each byte says whether any bit of that byte was set.
        u64 set = ((x & ~highs) + ~highs) | x;
        count += (u32)__builtin_popcountll(~set & highs);
    }
    return count;
}

// The offset of the first byte that differs from the source.
CALLED u32 first_difference(void) {
    u32 i = 0;
    while (i < BYTES && source.bytes[i] == target.bytes[i]) i++;
    return i;
}

CALLED void reverse_bytes(void) {
    for (u32 i = 0; i < BYTES; i++) target.bytes[i] = source.bytes[BYTES - 1 - i];
}

CALLED void scale_halves(void) {
    for (u32 i = 0; i < BYTES / 2; i++) target.halves[i] = (u16)(source.halves[i] * 5 + 1);
}

CALLED void rotate_longs(void) {
    for (u32 i = 0; i < BYTES / 8; i++) {
        u64 a = source.longs[i];
        target.longs[i] = a << 7 | a >> 57;
    }
}

CALLED void convert_words(void) {
    for (u32 i = 0; i < BYTES / 8; i++) target.reals[i] = source.words[i] * 0.5;
}

// The words as a square, columns first: every load meets another cache line.
CALLED u32 sum_columns(void) {
    u32 sum = 0;
    for (u32 column = 0; column < 1024; column++) {
        for (u32 row = 0; row < 1024; row++) sum = sum * 5 + target.words[row << 10 | column];
    }
    return sum;
}

CALLED void histogram(u32 *counts) {
    for (u32 i = 0; i < BYTES; i++) counts[target.bytes[i]]++;
}

EXPORT("_start") void _start(void) {
    bench_start();
    u32 random = 2463534242u;
    for (u32 i = 0; i < BYTES / 4; i++) source.words[i] = next(&random);
    u64 sum = 0;
    for (u32 round = 0; round < 2; round++) {
        sum = mix(sum, sum_bytes());
        sum = mix(sum, sum_signed_bytes());
        sum = mix(sum, sum_halves());
        sum = mix(sum, sum_words());
        sum = mix(sum, sum_longs());
        reverse_bytes();
        sum = mix(sum, count_byte(0x5a));
        scale_halves();
        sum = mix(sum, sum_columns());
        rotate_longs();
        u32 counts[256] = {0};
        histogram(counts);
        for (u32 i = 0; i < 256; i++) sum = mix(sum, counts[i]);
        convert_words();
        sum = mix(sum, target.words[round * 1000 + 1]);
        __builtin_memcpy(&target, &source, BYTES);
        target.bytes[BYTES - 7 - round]++;
        sum = mix(sum, first_difference());
        // Overlapping, in both directions, at odd offsets.
        __builtin_memmove(source.bytes + 13, source.bytes, BYTES - 13);
        __builtin_memmove(source.bytes, source.bytes + 5, BYTES - 5);
        __builtin_memset(source.bytes + 1001, (int)round, BYTES / 16 + 3);
    }
    for (u32 i = 0; i < 20000; i++) {
        u32 at = next(&random) % (BYTES - 512);
        __builtin_memcpy(target.bytes + at, source.bytes + at / 2, i & 511);
        __builtin_memset(target.bytes + at / 3, (int)i, i & 63);
    }
    for (u32 i = 0; i < BYTES / 8; i += 64) sum = mix(sum, target.longs[i]);
    bench_end();
    print_checksum("memory-stream", sum);
}
