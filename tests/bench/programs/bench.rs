//! What the Rust programs here share: the imports around the timed part, a sequence of pseudo
//! random numbers, and how a checksum is mixed. A program includes this file as a module.
//!
//! A program does all of its timed work between one `start()` and one `end()`, then prints one
//! line, its name and a 64-bit checksum of the work.

#[link(wasm_import_module = "bench")]
unsafe extern "C" {
    pub safe fn start();
    pub safe fn end();
}

/// A fixed sequence of pseudo random numbers (xorshift).
pub struct Random(pub u32);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

/// Folds one more value into a checksum; the order of the values matters.
pub fn mix(checksum: u64, value: u64) -> u64 {
    let checksum = (checksum ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    checksum ^ checksum >> 29
}
