#!/usr/bin/env bash
# The engines on 64-bit ARM, emulated: the rows and properties of
# `tests/engines.rs` with the NEON loops. Needs rustup, and on Debian the
# packages qemu-user and gcc-aarch64-linux-gnu; about five minutes on two
# cores. Not part of `.ci/run`, whose time it would add a third to.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=aarch64-unknown-linux-gnu
for tool in rustup qemu-aarch64 aarch64-linux-gnu-gcc; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "tests/arm.sh: $tool is missing (apt-get install qemu-user" \
            "gcc-aarch64-linux-gnu; rustup from https://rustup.rs)" >&2
        exit 2
    fi
done
rustup target add "$target"

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
cargo test --release --target "$target" --test engines "$@"
