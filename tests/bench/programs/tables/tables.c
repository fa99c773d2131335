// tables: calls through the table. 256 functions of one type chosen by the data, four types side
// by side, one callee again and again, and objects that reach their methods through a vtable.

#include "../wasi.h"

// ---- 256 small functions, all different ---------------------------------------------------------

#define STEP(n) \
    static u32 step_##n(u32 x) { return (x ^ x >> 15) * (0x##n * 2654435761u | 1) + 0x##n; }
#define ROW(make, n) \
    make(n##0) make(n##1) make(n##2) make(n##3) make(n##4) make(n##5) make(n##6) make(n##7) \
    make(n##8) make(n##9) make(n##a) make(n##b) make(n##c) make(n##d) make(n##e) make(n##f)
#define ALL(make) \
    ROW(make, 0) ROW(make, 1) ROW(make, 2) ROW(make, 3) ROW(make, 4) ROW(make, 5) ROW(make, 6) \
    ROW(make, 7) ROW(make, 8) ROW(make, 9) ROW(make, a) ROW(make, b) ROW(make, c) ROW(make, d) \
    ROW(make, e) ROW(make, f)
#define NAME(n) step_##n,

ALL(STEP)
static u32 (*const steps[256])(u32) = {ALL(NAME)};

// Each function's result chooses the next one: nothing can guess it.
CALLED u32 wander(u32 rounds, u32 x) {
    for (u32 i = 0; i < rounds; i++) x = steps[x >> 24](x);
    return x;
}

// In order: a different callee each time, but always the same round.
CALLED u32 march(u32 rounds, u32 x) {
    for (u32 i = 0; i < rounds; i++) x = steps[i & 255](x);
    return x;
}

// ---- one callee, which the caller does not know -------------------------------------------------

CALLED u32 fold(u32 (*combine)(u32, u32), const u32 *values, u32 count) {
    u32 sum = 0;
    for (u32 i = 0; i < count; i++) sum = combine(sum, values[i]);
    return sum;
}
static u32 sum_of(u32 a, u32 b) { return a + b; }
static u32 most_of(u32 a, u32 b) { return a > b ? a : b; }
static u32 spread_of(u32 a, u32 b) { return a * 31 ^ b; }

// ---- several types ------------------------------------------------------------------------------

static u64 widen_sum(u64 a, u32 b) { return a + b; }
static u64 widen_mix(u64 a, u32 b) { return (a ^ b) * 0x100000001b3; }
static double ease(double a) { return a * a * (3 - 2 * a); }
static double tent(double a) { return a < 0.5 ? a + a : 2 - a - a; }
static void count_up(u32 *a) { ++*a; }
static void count_triple(u32 *a) { *a += *a << 1; }

static u64 (*const widenings[])(u64, u32) = {widen_sum, widen_mix};
static double (*const curves[])(double) = {ease, tent};
static void (*const changes[])(u32 *) = {count_up, count_triple};

CALLED u64 types(u32 rounds) {
    u32 random = 77, counter = 1;
    u64 wide = 0;
    double part = 0.3;
    for (u32 i = 0; i < rounds; i++) {
        u32 bits = next(&random);
        wide = widenings[bits & 1](wide, bits);
        part = curves[bits >> 1 & 1](part);
        changes[bits >> 2 & 1](&counter);
    }
    return mix(mix(wide, bits_of(part)), counter);
}

// ---- objects ------------------------------------------------------------------------------------

typedef struct account account;
typedef struct {
    void (*pay_in)(account *, u32);
    u32 (*draw)(account *, u32);
    i64 (*worth)(const account *);
} kind;
struct account { const kind *kind; i64 balance; u32 moves; };

static void plain_in(account *to, u32 sum) { to->balance += sum; }
static void taxed_in(account *to, u32 sum) { to->balance += sum - sum / 16; }
static u32 plain_out(account *from, u32 sum) {
    u32 most = from->balance > 0xffff ? 0xffff : (u32)from->balance;
    sum = sum < most ? sum : most;
    from->balance -= sum;
    return sum;
}
static u32 counted_out(account *from, u32 sum) {
    from->moves++;
    return plain_out(from, sum >> 1);
}
static u32 no_out(account *from, u32 sum) {
    from->moves += sum & 1;
    return 0;
}
static i64 plain_worth(const account *of) { return of->balance; }
static i64 busy_worth(const account *of) { return of->balance - of->moves; }

static const kind kinds[] = {
    {plain_in, plain_out, plain_worth},
    {taxed_in, plain_out, plain_worth},
    {plain_in, counted_out, busy_worth},
    {taxed_in, no_out, busy_worth},
};
static account accounts[1024];

CALLED u64 objects(u32 rounds) {
    u32 random = 4711;
    for (u32 i = 0; i < LENGTH(accounts); i++) {
        accounts[i] = (account){&kinds[next(&random) % LENGTH(kinds)], 1000, 0};
    }
    for (u32 i = 0; i < rounds; i++) {
        u32 bits = next(&random);
        account *from = &accounts[bits % 1024], *to = &accounts[bits >> 10 & 1023];
        u32 sum = from->kind->draw(from, bits >> 22);
        to->kind->pay_in(to, sum + 1);
    }
    u64 sum = 0;
    for (u32 i = 0; i < LENGTH(accounts); i++) {
        sum = mix(sum, (u64)accounts[i].kind->worth(&accounts[i]));
    }
    return sum;
}

static u32 values[65536];

EXPORT("_start") void _start(void) {
    bench_start();
    u64 sum = wander(2500000, 12345);
    sum = mix(sum, march(3000000, 54321));
    u32 random = 99;
    for (u32 i = 0; i < LENGTH(values); i++) values[i] = next(&random);
    u32 (*const folds[])(u32, u32) = {sum_of, most_of, spread_of};
    for (u32 i = 0; i < 45; i++) sum = mix(sum, fold(folds[i % 3], values, LENGTH(values)));
    sum = mix(sum, types(1000000));
    sum = mix(sum, objects(1000000));
    bench_end();
    print_checksum("tables", sum);
}
