// interpreter: an interpreter in the interpreter. A small Forth: its source text is compiled to
// bytecode, and one big switch in a loop runs that. The switch is nearly all of the time.

#include "../wasi.h"

// What the machine runs. Cells are numbered from 0; `flags` is an array of them.
static const char source[] =
    "array flags 8192   var i   var j   var count   var steps "
    ": fibonacci   dup 1 > if dup 1 - fibonacci swap 2 - fibonacci + then ; "
    ": below   8192 < ; "
    ": up   dup @ 1 + swap ! ; "
    ": clear   0 i ! begin i @ below while 0 flags i @ + ! i up repeat ; "
    ": strike   i @ i @ * j ! begin j @ below while 1 flags j @ + ! i @ j @ + j ! repeat ; "
    ": sieve   clear 0 count ! 2 i ! "
    "    begin i @ below while flags i @ + @ 0 = if count up strike then i up repeat "
    "    count @ ; "
    ": collatz   0 steps ! "
    "    begin dup 1 > while dup 1 and if 3 * 1 + else 1 >> then steps up repeat "
    "    drop steps @ ; "
    ": journeys   0 swap begin dup while dup collatz rot xor swap 1 - repeat drop ; "
    ": scramble   dup 13 << xor dup 17 >> xor dup 5 << xor ; "
    ": noise   12345 swap begin dup while swap scramble swap 1 - repeat drop ; "
    ": divisor   2 begin over over mod while 1 + repeat swap drop ; "
    ": divisors   0 swap begin dup 1 > while dup divisor rot + swap 1 - repeat drop ; "
    ": main   25 fibonacci sieve xor sieve + 8000 journeys + 300000 noise xor 2000 divisors + ; ";

typedef enum {
    LITERAL, CALL, RETURN, JUMP, UNLESS, STOP,
    ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, AND, OR, XOR, LEFT, RIGHT,
    LESS, GREATER, EQUAL, FETCH, STORE, DUPLICATE, DROP, SWAP, OVER, ROTATE,
} operation;

// ---- the compiler -------------------------------------------------------------------------------

static const struct { const char *name; operation operation; } operators[] = {
    {"+", ADD}, {"-", SUBTRACT}, {"*", MULTIPLY}, {"/", DIVIDE}, {"mod", REMAINDER},
    {"and", AND}, {"or", OR}, {"xor", XOR}, {"<<", LEFT}, {">>", RIGHT},
    {"<", LESS}, {">", GREATER}, {"=", EQUAL}, {"@", FETCH}, {"!", STORE},
    {"dup", DUPLICATE}, {"drop", DROP}, {"swap", SWAP}, {"over", OVER}, {"rot", ROTATE},
    {";", RETURN},
};

typedef struct { const char *text; u32 length; } word;
typedef struct { word name; operation use; u32 operand; } entry;

static u32 code[1024], code_size;
static entry entries[64];
static u32 entry_count;
static const char *rest = source;

static word take(void) {
    while (*rest == ' ') rest++;
    word found = {rest, 0};
    while (*rest && *rest != ' ') rest++, found.length++;
    return found;
}

static int same(word a, word b) {
    for (u32 i = 0; i < a.length; i++) {
        if (i == b.length || a.text[i] != b.text[i]) return 0;
    }
    return a.length == b.length;
}

static int is(word a, const char *text) {
    word b = {text, 0};
    while (text[b.length]) b.length++;
    return same(a, b);
}

static u32 number(word a) {
    u32 value = 0;
    for (u32 i = 0; i < a.length; i++) value = value * 10 + (u32)(a.text[i] - '0');
    return value;
}

static u32 emit(operation op, u32 operand) {
    code[code_size++] = op;
    if (op <= UNLESS && op != RETURN) code[code_size++] = operand;
    return code_size - 1;
}

static void use(word name) {
    for (u32 i = 0; i < LENGTH(operators); i++) {
        if (is(name, operators[i].name)) {
            emit(operators[i].operation, 0);
            return;
        }
    }
    for (u32 i = 0; i < entry_count; i++) {
        if (same(name, entries[i].name)) {
            emit(entries[i].use, entries[i].operand);
            return;
        }
    }
    emit(LITERAL, number(name));
}

// Returns where the last word, the main one, begins.
static u32 compile(void) {
    u32 open[16], depth = 0, cells = 0;
    for (word name = take(); name.length; name = take()) {
        if (is(name, "var")) {
            entries[entry_count++] = (entry){take(), LITERAL, cells++};
        } else if (is(name, "array")) {
            entries[entry_count++] = (entry){take(), LITERAL, cells};
            cells += number(take());
        } else if (is(name, ":")) {
            entries[entry_count++] = (entry){take(), CALL, code_size};
        } else if (is(name, "if") || is(name, "while")) {
            open[depth++] = emit(UNLESS, 0);
        } else if (is(name, "else")) {
            u32 skip = emit(JUMP, 0);
            code[open[depth - 1]] = code_size;
            open[depth - 1] = skip;
        } else if (is(name, "then")) {
            code[open[--depth]] = code_size;
        } else if (is(name, "begin")) {
            open[depth++] = code_size;
        } else if (is(name, "repeat")) {
            u32 leave = open[--depth];
            emit(JUMP, open[--depth]);
            code[leave] = code_size;
        } else {
            use(name);
        }
    }
    return entries[entry_count - 1].operand;
}

// ---- the machine --------------------------------------------------------------------------------

static u32 cells[16384], values[256], returns[256];

// Runs from `at` to STOP and returns the top of the stack.
CALLED u32 run(u32 at, u64 *executed) {
    u32 *top = values, *back = returns;
    u64 count = 0;
    for (;;) {
        count++;
        switch ((operation)code[at++]) {
        case LITERAL: *++top = code[at++]; break;
        case CALL: *++back = at + 1; at = code[at]; break;
        case RETURN: at = *back--; break;
        case JUMP: at = code[at]; break;
        case UNLESS: at = *top-- ? at + 1 : code[at]; break;
        case STOP: *executed += count; return *top;
        case ADD: top--; top[0] += top[1]; break;
        case SUBTRACT: top--; top[0] -= top[1]; break;
        case MULTIPLY: top--; top[0] *= top[1]; break;
        case DIVIDE: top--; top[0] /= top[1]; break;
        case REMAINDER: top--; top[0] %= top[1]; break;
        case AND: top--; top[0] &= top[1]; break;
        case OR: top--; top[0] |= top[1]; break;
        case XOR: top--; top[0] ^= top[1]; break;
        case LEFT: top--; top[0] <<= top[1] & 31; break;
        case RIGHT: top--; top[0] >>= top[1] & 31; break;
        case LESS: top--; top[0] = top[0] < top[1]; break;
        case GREATER: top--; top[0] = top[0] > top[1]; break;
        case EQUAL: top--; top[0] = top[0] == top[1]; break;
        case FETCH: *top = cells[*top]; break;
        case STORE: cells[top[0]] = top[-1]; top -= 2; break;
        case DUPLICATE: top[1] = top[0]; top++; break;
        case DROP: top--; break;
        case SWAP: { u32 a = top[0]; top[0] = top[-1]; top[-1] = a; break; }
        case OVER: top[1] = top[-1]; top++; break;
        case ROTATE: { u32 a = top[-2]; top[-2] = top[-1]; top[-1] = top[0]; top[0] = a; break; }
        }
    }
}

EXPORT("_start") void _start(void) {
    u64 executed = 0;
    bench_start();
    u32 main = compile();
    u32 begin = code_size;
    emit(CALL, main);
    emit(STOP, 0);
    u64 sum = run(begin, &executed);
    sum = mix(sum, executed);
    bench_end();
    print_checksum("interpreter", sum);
}
