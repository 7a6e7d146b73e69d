#!/usr/bin/env bash
# Builds every program as the image and the tests use it: release, static (musl). Installs what that needs.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
need_rust
cargo build --release --locked --target "$TARGET" --workspace --bins "$@"
