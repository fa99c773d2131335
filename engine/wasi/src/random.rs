//! Random bytes, from the kernel.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::{Errno, GuestMemory, WasiCtx, memory};

/// Bytes asked for at once: the kernel's calls stay short however much the guest wants.
const CHUNK: usize = 64 * 1024;

/// `random_get`: fills a buffer with random bytes.
pub fn random_get(
    memory: &mut dyn GuestMemory,
    _ctx: &mut WasiCtx,
    buffer: u32,
    len: u32,
) -> Result<(), Errno> {
    memory::fill(memory, buffer, len, CHUNK, |chunk| {
        let mut filled = 0;
        while filled < chunk.len() {
            let rest = &mut chunk[filled..];
            filled += rustix::io::retry_on_intr(|| getrandom(&mut *rest, GetRandomFlags::empty()))?;
        }
        Ok(())
    })
}
