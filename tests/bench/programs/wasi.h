// What the C programs here share: short type names, the imports they use, and how a checksum is
// mixed and printed. There is no libc: a program is its own file and this one.
//
// A program does all of its timed work between one bench_start() and one bench_end(), then prints
// its name and a 64-bit checksum of the work.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int i32;
typedef signed long long i64;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// A function called as one, whatever the optimiser thinks of it.
#define CALLED static __attribute__((noinline))

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

typedef struct { const void *data; u32 size; } slice;
IMPORT("wasi_snapshot_preview1", "fd_write")
int fd_write(int file, const slice *parts, u32 count, u32 *written);
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void proc_exit(int status);
IMPORT("bench", "start") void bench_start(void);
IMPORT("bench", "end") void bench_end(void);

static inline void print(const char *text) {
    slice part = {text, 0};
    while (text[part.size]) part.size++;
    u32 written;
    // A pipe may take less than all of it.
    while (part.size) {
        if (fd_write(1, &part, 1, &written)) proc_exit(1);
        part.data = (const char *)part.data + written;
        part.size -= written;
    }
}

static inline void print_hex(u64 value, int digits) {
    char text[17];
    text[digits] = 0;
    while (digits--) {
        text[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    print(text);
}

static inline void print_checksum(const char *name, u64 checksum) {
    print(name);
    print(" ");
    print_hex(checksum, 16);
    print("\n");
}

// Folds one more value into a checksum; the order of the values matters.
static inline u64 mix(u64 checksum, u64 value) {
    checksum = (checksum ^ value) * 0x9e3779b97f4a7c15;
    return checksum ^ checksum >> 29;
}

static inline u64 bits_of(double value) {
    union { double value; u64 bits; } both = {value};
    return both.bits;
}

// The next of a fixed sequence of pseudo random numbers (xorshift); the state is never 0.
static inline u32 next(u32 *state) {
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
