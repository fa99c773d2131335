//! Arguments and environment.

use crate::{Errno, GuestMemory, WasiCtx, memory};

/// How many strings there are, and how many bytes with their final NULs.
fn totals(strings: &[Vec<u8>]) -> Result<(u32, u32), Errno> {
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    let len = u32::try_from(strings.len()).or(Err(Errno::Overflow))?;
    Ok((len, u32::try_from(bytes).or(Err(Errno::Overflow))?))
}

/// Writes the sizes of a list of strings.
fn sizes(
    memory: &mut dyn GuestMemory,
    strings: &[Vec<u8>],
    count: u32,
    size: u32,
) -> Result<(), Errno> {
    let (len, bytes) = totals(strings)?;
    memory::check(memory, size, 4)?;
    memory::write_u32(memory, count, len)?;
    memory::write_u32(memory, size, bytes)
}

/// Writes a list of strings: pointers at `table`, the strings with their final NULs at `buffer`.
fn strings(
    memory: &mut dyn GuestMemory,
    strings: &[Vec<u8>],
    table: u32,
    buffer: u32,
) -> Result<(), Errno> {
    let (len, bytes) = totals(strings)?;
    memory::array(memory, table, len, 4)?;
    memory::check(memory, buffer, bytes)?;
    let (mut slot, mut at) = (table, buffer);
    for string in strings {
        let len = u32::try_from(string.len()).or(Err(Errno::Overflow))?;
        memory::write_u32(memory, slot, at)?;
        memory::write(memory, at, string)?;
        let end = memory::offset(at, len)?;
        memory::write(memory, end, &[0])?;
        slot = memory::offset(slot, 4)?;
        at = memory::offset(end, 1)?;
    }
    Ok(())
}

/// `args_get`: writes the arguments.
pub fn args_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    argv: u32,
    buffer: u32,
) -> Result<(), Errno> {
    strings(memory, &ctx.args, argv, buffer)
}

/// `args_sizes_get`: writes the number of arguments and the bytes they need.
pub fn args_sizes_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    count: u32,
    size: u32,
) -> Result<(), Errno> {
    sizes(memory, &ctx.args, count, size)
}

/// `environ_get`: writes the environment, as `KEY=VALUE` strings.
pub fn environ_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    environ: u32,
    buffer: u32,
) -> Result<(), Errno> {
    strings(memory, &ctx.env, environ, buffer)
}

/// `environ_sizes_get`: writes the number of variables and the bytes they need.
pub fn environ_sizes_get(
    memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    count: u32,
    size: u32,
) -> Result<(), Errno> {
    sizes(memory, &ctx.env, count, size)
}
