// sort-search: a general sort and a general search, which know their elements only by a size and a
// function that compares two of them; the way libc's qsort and bsearch do.

#include "../wasi.h"

typedef int compare(const void *, const void *);

typedef struct { u32 key, number; u8 name[8]; } record;

#define RECORDS 30000
static record records[RECORDS];
static u32 keys[RECORDS];

static void swap(u8 *a, u8 *b, u32 size) {
    for (u32 i = 0; i < size; i += 4) {
        u32 word = *(u32 *)(a + i);
        *(u32 *)(a + i) = *(u32 *)(b + i);
        *(u32 *)(b + i) = word;
    }
}

static void insertion_sort(u8 *first, u32 count, u32 size, compare *order) {
    for (u32 i = 1; i < count; i++) {
        for (u8 *at = first + i * size; at > first && order(at - size, at) > 0; at -= size) {
            swap(at - size, at, size);
        }
    }
}

// Quicksort with the median of three; recurses into the smaller part, so the stack stays shallow.
CALLED void sort(u8 *first, u32 count, u32 size, compare *order) {
    while (count > 12) {
        u8 *low = first, *middle = first + count / 2 * size, *high = first + (count - 1) * size;
        if (order(middle, low) < 0) swap(middle, low, size);
        if (order(high, middle) < 0) {
            swap(high, middle, size);
            if (order(middle, low) < 0) swap(middle, low, size);
        }
        u8 pivot[sizeof(record)];
        __builtin_memcpy(pivot, middle, size);
        while (low <= high) {
            while (order(low, pivot) < 0) low += size;
            while (order(high, pivot) > 0) high -= size;
            if (low <= high) {
                swap(low, high, size);
                low += size, high -= size;
            }
        }
        // [first, high] and [low, end) remain.
        u32 left = high < first ? 0 : (u32)(high - first) / size + 1;
        u32 right = count - (u32)(low - first) / size;
        if (left < right) {
            sort(first, left, size, order);
            first = low, count = right;
        } else {
            sort(low, right, size, order);
            count = left;
        }
    }
    insertion_sort(first, count, size, order);
}

CALLED const void *search(const void *key, const u8 *first, u32 count, u32 size, compare *order) {
    while (count) {
        const u8 *middle = first + count / 2 * size;
        int found = order(key, middle);
        if (!found) return middle;
        if (found > 0) first = middle + size, count -= count / 2 + 1;
        else count /= 2;
    }
    return 0;
}

static int by_key(const void *a, const void *b) {
    u32 x = ((const record *)a)->key, y = ((const record *)b)->key;
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b) {
    const u8 *x = ((const record *)a)->name, *y = ((const record *)b)->name;
    for (int i = 0; i < 8; i++) {
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    }
    return (int)((const record *)a)->number - (int)((const record *)b)->number;
}

// Odd numbers first, and downwards.
static int by_whim(const void *a, const void *b) {
    u32 x = ((const record *)a)->number, y = ((const record *)b)->number;
    if ((x ^ y) & 1) return x & 1 ? -1 : 1;
    return (x < y) - (x > y);
}

static int by_value(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return (x > y) - (x < y);
}

static void fill(u32 *random) {
    for (u32 i = 0; i < RECORDS; i++) {
        records[i].key = next(random) % (RECORDS / 2);
        records[i].number = i;
        for (int j = 0; j < 8; j++) records[i].name[j] = 'a' + next(random) % (j < 3 ? 2 : 26);
        keys[i] = next(random);
    }
}

static u64 read_records(u64 sum) {
    for (u32 i = 0; i < RECORDS; i++) {
        sum = mix(sum, (u64)records[i].key << 32 | records[i].name[7]);
    }
    return sum;
}

EXPORT("_start") void _start(void) {
    bench_start();
    u32 random = 271828;
    u64 sum = 0;
    for (u32 round = 0; round < 2; round++) {
        fill(&random);
        sort((u8 *)records, RECORDS, sizeof(record), by_name);
        sum = read_records(sum);
        sort((u8 *)records, RECORDS, sizeof(record), by_whim);
        sum = read_records(sum);
        sort((u8 *)keys, RECORDS, sizeof(u32), by_value);
        for (u32 i = 0; i < RECORDS; i++) sum = mix(sum, keys[i]);
        sort((u8 *)records, RECORDS, sizeof(record), by_key);
        u32 found = 0;
        for (u32 i = 0; i < RECORDS * 2; i++) {
            record wanted = {.key = next(&random) % RECORDS};
            u32 value = i & 1 ? keys[i / 2] : next(&random);
            found += search(&wanted, (u8 *)records, RECORDS, sizeof(record), by_key) != 0;
            found += search(&value, (u8 *)keys, RECORDS, sizeof(u32), by_value) != 0;
        }
        sum = mix(sum, found);
    }
    bench_end();
    print_checksum("sort-search", sum);
}
