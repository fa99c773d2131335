//! Random bytes, from the kernel.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::{Errno, WasiCtx, memory};

/// Bytes asked for at once: the kernel's calls stay short however much the guest wants.
const CHUNK: usize = 64 * 1024;

/// `random_get`: fills a buffer with random bytes.
pub fn random_get(
    memory: &mut [u8],
    _ctx: &mut WasiCtx,
    buffer: u32,
    len: u32,
) -> Result<(), Errno> {
    for chunk in memory::bytes_mut(memory, buffer, len)?.chunks_mut(CHUNK) {
        let mut filled = 0;
        while filled < chunk.len() {
            let rest = &mut chunk[filled..];
            filled += rustix::io::retry_on_intr(|| getrandom(&mut *rest, GetRandomFlags::empty()))?;
        }
    }
    Ok(())
}
