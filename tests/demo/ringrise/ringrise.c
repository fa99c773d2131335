// ringrise: a ringed planet rises over a night sea, ray traced into the terminal.
//
//     wasmtier ringrise.wasm [COLUMNS]        20 to 240 columns, 80 unless told
//
// Each character is two pixels: an upper half block with a 24-bit foreground and background.
// With NO_COLOR in the environment it draws plain ASCII instead. Rows are printed as they are done.
//
// Freestanding C: no libc, four WASI preview1 imports, no float function wasm lacks an operator
// for. The picture is therefore the same, bit for bit, on every engine. build.sh makes the .wasm.

typedef unsigned char u8;
typedef unsigned int u32;
typedef struct { float x, y, z; } vec;
typedef struct { const void *data; u32 len; } slice;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
WASI(fd_write) int fd_write(int fd, const slice *parts, u32 count, u32 *written);
WASI(args_sizes_get) int args_sizes_get(u32 *count, u32 *bytes);
WASI(args_get) int args_get(char **args, char *bytes);
WASI(environ_sizes_get) int environ_sizes_get(u32 *count, u32 *bytes);
WASI(environ_get) int environ_get(char **vars, char *bytes);
WASI(proc_exit) _Noreturn void proc_exit(int status);

// ---- arithmetic -------------------------------------------------------------------------------

static vec v3(float x, float y, float z) { return (vec){x, y, z}; }
static vec add(vec a, vec b) { return v3(a.x + b.x, a.y + b.y, a.z + b.z); }
static vec sub(vec a, vec b) { return v3(a.x - b.x, a.y - b.y, a.z - b.z); }
static vec mul(vec a, vec b) { return v3(a.x * b.x, a.y * b.y, a.z * b.z); }
static vec scale(vec a, float s) { return v3(a.x * s, a.y * s, a.z * s); }
static float dot(vec a, vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static float root(float x) { return __builtin_sqrtf(x); }
static float whole(float x) { return __builtin_floorf(x); }
static float size(float x) { return __builtin_fabsf(x); }
static float least(float a, float b) { return a < b ? a : b; }
static float most(float a, float b) { return a > b ? a : b; }
static float clamp(float x) { return most(0, least(1, x)); }
static vec unit(vec a) { return scale(a, 1 / root(dot(a, a))); }
static float mix(float a, float b, float t) { return a + (b - a) * t; }
static vec blend(vec a, vec b, float t) { return add(scale(a, 1 - t), scale(b, t)); }
// 0 below `from`, 1 above `to`, smooth between them.
static float step(float from, float to, float x) {
    float t = clamp((x - from) / (to - from));
    return t * t * (3 - 2 * t);
}
// Close to exp(-x) for x >= 0, which is all a glow needs.
static float fade(float x) { return 1 / (1 + x * (1 + x * (0.5f + x * 0.35f))); }

// ---- noise ------------------------------------------------------------------------------------

static float hash(int x, int y, int z) {
    u32 h = (u32)x * 0x8da6b343u ^ (u32)y * 0xd8163841u ^ (u32)z * 0xcb1ab31fu;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    h = (h ^ h >> 12) * 0x297a2d39u;
    return (float)(h >> 8) * (1.0f / 16777216);
}

static float noise(vec p) {
    float fx = whole(p.x), fy = whole(p.y), fz = whole(p.z);
    int x = (int)fx, y = (int)fy, z = (int)fz;
    vec t = v3(p.x - fx, p.y - fy, p.z - fz);
    t = mul(mul(t, t), v3(3 - 2 * t.x, 3 - 2 * t.y, 3 - 2 * t.z));
    float corner[4];
    for (int i = 0; i < 4; i++) {
        int dy = i & 1, dz = i >> 1;
        corner[i] = mix(hash(x, y + dy, z + dz), hash(x + 1, y + dy, z + dz), t.x);
    }
    return mix(mix(corner[0], corner[1], t.y), mix(corner[2], corner[3], t.y), t.z);
}

static float clouds(vec p, int octaves) {
    float sum = 0, weight = 0.5f;
    for (int i = 0; i < octaves; i++) {
        sum += weight * noise(p);
        p = add(scale(p, 2.03f), v3(17.1f, 3.7f, 9.2f));
        weight *= 0.5f;
    }
    return sum;
}

// ---- the scene --------------------------------------------------------------------------------

static const float FAR = 1e9f;
static const float PLANET_RADIUS = 5, RING_INNER = 6.5f, RING_OUTER = 10.4f, MOON_RADIUS = 0.7f;
static vec planet, moon, axis, sun;

static void place(void) {
    planet = v3(-1.1f, 6.3f, 24);
    moon = v3(7.3f, 9.6f, 21);
    axis = unit(v3(0.36f, 0.88f, -0.31f));
    sun = unit(v3(0.80f, 0.42f, -0.44f));
}

// Distance to the near side of a sphere, or FAR.
static float reach(vec from, vec dir, vec centre, float radius) {
    vec m = sub(from, centre);
    float b = dot(m, dir), c = dot(m, m) - radius * radius, d = b * b - c;
    if (d < 0) return FAR;
    float t = -b - root(d);
    return t > 1e-3f ? t : FAR;
}

// How much of the light the ring stops at this distance from the planet's centre.
static float ring_density(float r) {
    if (r < RING_INNER || r > RING_OUTER) return 0;
    float inner = step(RING_INNER, RING_INNER + 0.35f, r);
    float outer = 1 - step(RING_OUTER - 0.3f, RING_OUTER, r);
    float gap = step(0.12f, 0.26f, size(r - 8.85f));
    float grain = noise(v3(r * 2.6f, 0.5f, 0.5f)) * 0.6f;
    grain += noise(v3(r * 7.3f, 4.5f, 0.5f)) * 0.4f;
    return inner * outer * gap * (0.35f + 0.65f * grain);
}

static float ring_reach(vec from, vec dir, float *density) {
    float slope = dot(dir, axis);
    *density = 0;
    if (size(slope) < 1e-4f) return FAR;
    float t = dot(sub(planet, from), axis) / slope;
    if (t < 1e-3f) return FAR;
    vec p = sub(add(from, scale(dir, t)), planet);
    *density = ring_density(root(dot(p, p)));
    return t;
}

static vec planet_colour(vec at, vec dir) {
    vec n = scale(sub(at, planet), 1 / PLANET_RADIUS);
    float swirl = clouds(v3(n.x * 3, n.y * 9, n.z * 3), 4) - 0.5f;
    float band = dot(n, axis) * 5.2f + swirl * 1.5f;
    float fine = clouds(v3(n.x * 4, band * 3, n.z * 4), 3);
    float wave = noise(v3(band * 1.6f, 7.5f, 1.5f));
    vec colour = blend(v3(0.70f, 0.30f, 0.15f), v3(0.97f, 0.78f, 0.52f), step(0.25f, 0.75f, wave));
    colour = blend(colour, v3(0.36f, 0.12f, 0.13f), 0.85f * step(0.42f, 0.72f, fine));

    float density;
    ring_reach(at, sun, &density);
    float day = step(-0.10f, 0.95f, dot(n, sun)) * (1 - 0.85f * density);
    float rim = 1 - clamp(-dot(n, dir));
    vec air = scale(v3(1.0f, 0.62f, 0.48f), rim * rim * rim * (0.05f + 0.6f * day));
    return add(scale(colour, 0.012f + 1.05f * day), air);
}

static vec moon_colour(vec at) {
    vec n = scale(sub(at, moon), 1 / MOON_RADIUS);
    float grey = 0.45f + 0.5f * clouds(scale(n, 3), 3);
    return scale(v3(grey * 0.82f, grey * 0.9f, grey), 0.03f + 1.1f * clamp(dot(n, sun)));
}

static const float STARLESS = 0.94f;

static vec stars(vec dir) {
    float u = dir.x / dir.z * 46, v = dir.y / dir.z * 46;
    int x = (int)whole(u), y = (int)whole(v);
    float luck = hash(x, y, 1);
    if (luck < STARLESS) return v3(0, 0, 0);
    float dx = u - (float)x - 0.3f - 0.4f * hash(x, y, 2);
    float dy = v - (float)y - 0.3f - 0.4f * hash(x, y, 3);
    float bright = 0.2f + 1100 * (luck - STARLESS) * (luck - STARLESS);
    float warm = hash(x, y, 4);
    vec tint = v3(0.75f + 0.3f * warm, 0.85f, 1.1f - 0.3f * warm);
    return scale(tint, bright * fade((dx * dx + dy * dy) * 60));
}

// Peaks along the horizon, by azimuth: the far range for layer 0, the near one for layer 1.
static float ridge(float azimuth, int layer) {
    float sum = 0, weight = layer ? 0.085f : 0.10f;
    float x = azimuth * (layer ? 3.1f : 2.2f) + 11 * (float)layer;
    for (int i = 0; i < 5; i++) {
        sum += weight * (1 - size(2 * noise(v3(x, 0.5f, 0.5f)) - 1));
        x *= 2.1f;
        weight *= 0.48f;
    }
    float sides = step(0.16f, 0.62f, size(azimuth + 0.04f));
    return sum * (layer ? 0.05f + 1.05f * sides : 0.32f + 0.62f * sides) - 0.035f;
}

static vec sky(vec from, vec dir) {
    float up = most(dir.y, 0), azimuth = dir.x / dir.z;
    vec glow = blend(v3(0.95f, 0.33f, 0.16f), v3(0.27f, 0.07f, 0.27f), step(0.0f, 0.17f, up));
    vec colour = blend(glow, v3(0.006f, 0.009f, 0.040f), step(0.02f, 0.42f, up));
    colour = scale(colour, 0.55f + 0.45f * fade(size(azimuth - 0.55f) * 1.2f));
    float night = step(0.06f, 0.35f, up);
    float haze = step(0.42f, 0.80f, clouds(add(scale(dir, 3.2f), v3(5, 1, 2)), 5));
    colour = add(colour, scale(v3(0.16f, 0.07f, 0.26f), haze * night * 0.8f));
    colour = add(colour, scale(stars(dir), night));

    float near = reach(from, dir, planet, PLANET_RADIUS), density;
    float ring = ring_reach(from, dir, &density), satellite = reach(from, dir, moon, MOON_RADIUS);
    if (near < FAR) colour = planet_colour(add(from, scale(dir, near)), dir);
    if (density > 0 && ring < near) {
        vec at = add(from, scale(dir, ring));
        float light = reach(at, sun, planet, PLANET_RADIUS) < FAR ? 0.03f : 1;
        vec dust = scale(v3(0.98f, 0.84f, 0.68f), light * (0.35f + 0.65f * density));
        colour = blend(colour, dust, density * 0.92f);
    }
    if (satellite < FAR) colour = moon_colour(add(from, scale(dir, satellite)));

    // Air near the horizon reddens whatever stands behind it.
    colour = blend(colour, glow, 0.5f * fade(up * 18));
    vec range = v3(0.17f, 0.08f, 0.17f), shore = v3(0.022f, 0.014f, 0.045f);
    if (dir.y < ridge(azimuth, 0)) colour = blend(range, glow, 0.22f * fade(up * 26));
    if (dir.y < ridge(azimuth, 1)) colour = blend(shore, glow, 0.10f * fade(up * 40));
    return colour;
}

static vec trace(vec from, vec dir) {
    if (dir.y >= 0) return sky(from, dir);
    float t = -from.y / dir.y;
    vec at = add(from, scale(dir, t));
    // The slope of the swell, calmer far out where a pixel covers many waves.
    float calm = 0.34f / (1 + t * 0.10f);
    vec p = v3(at.x * 1.1f, at.z * 2.3f, 0.5f);
    float h = clouds(p, 3);
    float sx = clouds(add(p, v3(0.08f, 0, 0)), 3) - h, sz = clouds(add(p, v3(0, 0.08f, 0)), 3) - h;
    vec n = unit(v3(-sx * calm * 2.0f, 1, -sz * calm * 5.0f));
    float facing = clamp(-dot(dir, n));
    vec away = add(dir, scale(n, 2 * facing));
    away.y = size(away.y) + 0.002f;
    float mirror = 1 - facing;
    mirror = 0.06f + 0.86f * mirror * mirror * mirror;
    vec deep = v3(0.006f, 0.012f, 0.035f);
    return add(scale(deep, 1 - mirror), scale(sky(at, unit(away)), mirror));
}

// ---- the picture ------------------------------------------------------------------------------

enum { GRID = 4, MAX_COLUMNS = 240 };
static int columns = 80, rows;

// One pixel: the mean of a jittered GRID x GRID, tone mapped, each channel 0 to 255.
static void pixel(int px, int py, u8 out[3]) {
    vec sum = v3(0, 0, 0), eye = v3(0, 1.15f, 0);
    float width = (float)columns, height = (float)(rows * 2);
    for (int i = 0; i < GRID * GRID; i++) {
        float jx = ((float)(i % GRID) + hash(px, py, i)) / GRID;
        float jy = ((float)(i / GRID) + hash(px, py, ~i)) / GRID;
        float x = (((float)px + jx) - width / 2) / width, y = (height / 2 - ((float)py + jy)) / width;
        vec colour = trace(eye, unit(v3(x * 1.12f, y * 1.12f + 0.185f, 1)));
        sum = add(sum, v3(least(colour.x, 4), least(colour.y, 4), least(colour.z, 4)));
    }
    float channel[3] = {sum.x, sum.y, sum.z};
    for (int i = 0; i < 3; i++) {
        float c = channel[i] * 1.15f / (GRID * GRID);
        c = c * (1 + c * 0.16f) / (1 + c * 0.55f);
        out[i] = (u8)(root(clamp(c)) * 255 + 0.5f);
    }
}

// The longest cell is 41 bytes: two colours and a half block.
static char line[MAX_COLUMNS * 48 + 16];
static u32 used;

static void put(const char *text) {
    while (*text) line[used++] = *text++;
}

static void number(u32 n) {
    if (n >= 10) number(n / 10);
    line[used++] = (char)('0' + n % 10);
}

static void colour(const char *kind, const u8 rgb[3]) {
    put(kind);
    for (int i = 0; i < 3; i++) {
        put(i ? ";" : "");
        number(rgb[i]);
    }
    put("m");
}

static int flush(int fd) {
    u32 sent = 0, done;
    while (sent < used) {
        slice rest = {line + sent, used - sent};
        if (fd_write(fd, &rest, 1, &done)) return 0;
        sent += done;
    }
    used = 0;
    return 1;
}

static void draw_row(int row, int plain) {
    u8 top[3], bottom[3];
    for (int x = 0; x < columns; x++) {
        pixel(x, row * 2, top);
        pixel(x, row * 2 + 1, bottom);
        if (plain) {
            u32 light = 0;
            for (int i = 0; i < 3; i++) light += (u32)(top[i] + bottom[i]) * (i == 1 ? 2 : 1);
            line[used++] = " .,:;~=+ox*#%@@@"[light * 15 / (255 * 8)];
        } else {
            colour("\033[38;2;", top);
            colour("\033[48;2;", bottom);
            put("\xe2\x96\x80");
        }
    }
    put(plain ? "\n" : "\033[0m\n");
}

// ---- the process ------------------------------------------------------------------------------

static char *words[256];
static char text[16384];

static int no_colour(void) {
    u32 count, bytes;
    if (environ_sizes_get(&count, &bytes) || count > 256 || bytes > sizeof text) return 0;
    if (environ_get(words, text)) return 0;
    for (u32 i = 0; i < count; i++) {
        const char *want = "NO_COLOR=", *have = words[i];
        while (*want && *have == *want) want++, have++;
        if (!*want && *have) return 1;
    }
    return 0;
}

static int read_columns(void) {
    u32 count, bytes;
    if (args_sizes_get(&count, &bytes) || count > 2 || bytes > sizeof text) return 0;
    if (args_get(words, text)) return 0;
    if (count < 2) return 1;
    columns = 0;
    for (const char *c = words[1]; *c; c++) {
        if (*c < '0' || *c > '9' || columns > MAX_COLUMNS) return 0;
        columns = columns * 10 + (*c - '0');
    }
    return columns >= 20 && columns <= MAX_COLUMNS;
}

__attribute__((export_name("_start"))) void _start(void) {
    if (!read_columns()) {
        put("usage: ringrise [COLUMNS], 20 to 240\n");
        flush(2);
        proc_exit(2);
    }
    int plain = no_colour();
    rows = columns * 43 / 100;
    place();
    for (int row = 0; row < rows; row++) {
        draw_row(row, plain);
        if (!flush(1)) proc_exit(1);
    }
}
