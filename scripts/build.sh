#!/usr/bin/env bash
# Builds every program as the image, the demo and the tests use it: release, static (musl). Installs what that needs.
# `scripts/bench.sh` builds the benchmark beside them.
#
# The enclave program is built alone, as Dockerfile.enclave builds it: built together with the others it would take on
# features of its dependencies that only they ask for, and the tests would run another program than the one that ships.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
need_rust
cargo build --release --locked --target "$TARGET" -p sealroom-enclave "$@"
bins=()
for bin in sealroom nitro-sim sim-probe sealroom-mock-kms cms-open make-transactions; do bins+=(--bin "$bin"); done
cargo build --release --locked --target "$TARGET" -p sealroom-parent -p sealroom-testkit "${bins[@]}" "$@"
