// branches: decisions that depend on the data and cannot be foreseen. A tokeniser (br_table on the
// class of a byte), a checker of UTF-8 in noise, Collatz sequences, and a merge of sorted runs.

#include "../wasi.h"

#define BYTES (256u << 10)

static u8 text[BYTES];

// ---- a tokeniser --------------------------------------------------------------------------------

enum { SPACE, LETTER, DIGIT, QUOTE, SIGN, LESS, DOT, OPEN, CLOSE, HASH, LINE, OTHER };

static u8 class_of(u8 byte) {
    switch (byte) {
    case ' ': case '\t': return SPACE;
    case 'a' ... 'z': case 'A' ... 'Z': case '_': return LETTER;
    case '0' ... '9': return DIGIT;
    case '"': return QUOTE;
    case '+': case '-': case '*': case '/': return SIGN;
    case '<': case '>': case '=': case '!': return LESS;
    case '.': return DOT;
    case '(': case '[': case '{': return OPEN;
    case ')': case ']': case '}': return CLOSE;
    case '#': return HASH;
    case '\n': return LINE;
    default: return OTHER;
    }
}

static void write_text(u32 *random) {
    static const char alphabet[] = "eeetaoinshrdlucm  \t\n\n0123456789+-*/<>=!.([{}])_\"#;,AZ\x80";
    const u32 letters = sizeof alphabet - 1;
    for (u32 i = 0; i + 1 < BYTES; i++) text[i] = (u8)alphabet[next(random) % letters];
    text[BYTES - 1] = 0;
}

CALLED u64 tokenise(void) {
    u64 sum = 0;
    u32 at = 0, depth = 0, line = 1;
    while (text[at]) {
        u32 start = at, value = 0;
        u8 class = class_of(text[at]);
        at++;
        switch (class) {
        case SPACE: continue;
        case LETTER:
            value = text[start];
            while (class_of(text[at]) == LETTER || class_of(text[at]) == DIGIT) {
                value = value * 31 + text[at++];
            }
            break;
        case DIGIT:
            value = text[start] - '0';
            while (class_of(text[at]) == DIGIT) value = value * 10 + (text[at++] - '0');
            if (text[at] == '.' && class_of(text[at + 1]) == DIGIT) {
                at++;
                while (class_of(text[at]) == DIGIT) value ^= text[at++];
            }
            break;
        case QUOTE:
            while (text[at] && text[at] != '"' && text[at] != '\n') value += text[at++];
            if (text[at] == '"') at++;
            else value = ~value;
            break;
        case SIGN:
            if (text[at] == text[start]) at++, value = 1;
            else if (text[at] == '=') at++, value = 2;
            break;
        case LESS:
            if (text[at] == '=') at++, value = text[start];
            break;
        case DOT: value = text[at] == '.'; break;
        case OPEN: value = ++depth; break;
        case CLOSE:
            if (depth) depth--;
            else value = line;
            break;
        case HASH:
            while (text[at] && text[at] != '\n') at++;
            continue;
        case LINE: line++; continue;
        default: value = text[start] & 0x80; break;
        }
        sum = mix(sum, (u64)class << 32 | value);
    }
    return mix(sum, line);
}

// ---- UTF-8 in noise -----------------------------------------------------------------------------

// Lead bytes and continuations in about equal parts: most sequences break off somewhere.
static void write_noise(u32 *random) {
    for (u32 i = 0; i < BYTES; i++) {
        u32 bits = next(random);
        u8 byte = (u8)(bits >> 24);
        text[i] = bits & 1 ? 0x80 | (byte & 0x3f) : bits & 2 ? 0xc0 | (byte & 0x3f) : byte & 0x7f;
    }
}

static int continues(u32 at) { return at < BYTES && (text[at] & 0xc0) == 0x80; }

CALLED u64 check_utf8(void) {
    u32 at = 0, good = 0, bad = 0, folded = 0;
    while (at < BYTES) {
        u8 lead = text[at++];
        if (lead < 0x80) {
            good++, folded ^= lead;
        } else if (lead < 0xc2 || lead > 0xf4) {
            bad++;
        } else if (!continues(at)) {
            bad++;
        } else if (lead < 0xe0) {
            good++, folded += (u32)(lead & 31) << 6 | (text[at++] & 63);
        } else if (lead < 0xf0) {
            u8 second = text[at++];
            if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) bad++;
            else if (!continues(at)) bad++, folded = ~folded;
            else good++, folded = folded * 3 + (second << 6 | text[at++]);
        } else {
            u8 second = text[at++];
            if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) bad++;
            else if (!continues(at) || !continues(at + 1)) bad++, folded += second;
            else good++, folded = folded * 5 + (second ^ text[at + 1]), at += 2;
        }
    }
    return mix(mix(good, bad), folded);
}

// ---- numbers ------------------------------------------------------------------------------------

CALLED u32 longest_collatz(u32 from, u32 to) {
    u32 longest = 0, best = 0;
    for (u32 start = from; start < to; start++) {
        u32 steps = 0;
        for (u64 n = start; n != 1; steps++) {
            if (n & 1) n = n * 3 + 1;
            else n >>= 1;
        }
        if (steps > longest) longest = steps, best = start;
    }
    return best;
}

static u32 runs[2][32768];

// Sorts by merging ever longer runs: which of two numbers is less is a coin toss.
CALLED u64 merge_runs(u32 *random) {
    u32 *from = runs[0], *to = runs[1];
    const u32 count = LENGTH(runs[0]);
    for (u32 i = 0; i < count; i++) from[i] = next(random);
    for (u32 length = 1; length < count; length *= 2) {
        for (u32 start = 0; start < count; start += 2 * length) {
            u32 a = start, b = start + length, out = start;
            while (a < start + length && b < start + 2 * length) {
                if (from[a] <= from[b]) to[out++] = from[a++];
                else to[out++] = from[b++];
            }
            while (a < start + length) to[out++] = from[a++];
            while (b < start + 2 * length) to[out++] = from[b++];
        }
        u32 *other = from;
        from = to, to = other;
    }
    u64 sum = 0;
    for (u32 i = 0; i < count; i += 64) sum = mix(sum, from[i]);
    return sum;
}

EXPORT("_start") void _start(void) {
    bench_start();
    u32 random = 31337;
    u64 sum = 0;
    for (u32 round = 0; round < 6; round++) {
        write_text(&random);
        sum = mix(sum, tokenise());
        write_noise(&random);
        sum = mix(sum, check_utf8());
        sum = mix(sum, merge_runs(&random));
    }
    sum = mix(sum, longest_collatz(100000, 200000));
    bench_end();
    print_checksum("branches", sum);
}
