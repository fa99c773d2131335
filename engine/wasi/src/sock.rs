//! Sockets: there are none, so each function says whether the descriptor exists at all.

use crate::{Errno, GuestMemory, WasiCtx};

fn not_a_socket(ctx: &WasiCtx, fd: u32) -> Result<(), Errno> {
    ctx.table.descriptor(fd)?;
    Err(Errno::NotSock)
}

/// `sock_accept`: [`Errno::NotSock`] for any open descriptor.
pub fn sock_accept(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    _flags: u32,
    _accepted: u32,
) -> Result<(), Errno> {
    not_a_socket(ctx, fd)
}

/// `sock_recv`: [`Errno::NotSock`] for any open descriptor.
#[expect(clippy::too_many_arguments, reason = "the signature is preview1's")]
pub fn sock_recv(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _received: u32,
    _out_flags: u32,
) -> Result<(), Errno> {
    not_a_socket(ctx, fd)
}

/// `sock_send`: [`Errno::NotSock`] for any open descriptor.
pub fn sock_send(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    _buffers: u32,
    _count: u32,
    _flags: u32,
    _sent: u32,
) -> Result<(), Errno> {
    not_a_socket(ctx, fd)
}

/// `sock_shutdown`: [`Errno::NotSock`] for any open descriptor.
pub fn sock_shutdown(
    _memory: &mut dyn GuestMemory,
    ctx: &mut WasiCtx,
    fd: u32,
    _how: u32,
) -> Result<(), Errno> {
    not_a_socket(ctx, fd)
}
