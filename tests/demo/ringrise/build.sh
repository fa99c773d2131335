#!/bin/sh
# Rebuilds ringrise.wasm. Needs clang and wasm-ld (Debian: apt-get install clang lld); no libc.
# The committed file was made with Debian clang 14.0.6. Another compiler may choose other
# instructions; the picture must not change: compare with plain.txt and picture.sha256 beside it.
set -eu
cd "$(dirname "$0")"
clang --target=wasm32 -mcpu=mvp -O2 -ffreestanding -fno-builtin -nostdlib -Wall -Wextra -Werror \
    -ffp-contract=off -fno-unroll-loops \
    -Wl,--no-entry -Wl,--strip-debug -Wl,-z,stack-size=16384 -o ringrise.wasm ringrise.c
