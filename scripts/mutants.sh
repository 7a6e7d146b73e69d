#!/usr/bin/env bash
# Changes the modules that decide what a policy lets out, one place after the other, and runs their unit tests: a change
# that no test notices survives, and fails this. .cargo/mutants.toml says which modules; docs/mutation-testing.md says which
# survivors are known, and why. No part of CI: it takes hours.
#   scripts/mutants.sh [OPTION...]     options of cargo-mutants, such as --list, or --re policy/fields.rs for one file
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
need_rust
command -v cargo-mutants >/dev/null || { say "installing cargo-mutants"; cargo install --locked --quiet cargo-mutants; }
mkdir -p "$TARGET_DIR/mutants"
out=$(cd "$TARGET_DIR/mutants" && pwd)
# One place changes at a time, so most of the last build holds. The tree is copied; the copy is changed and this one is not.
export CARGO_TARGET_DIR=$out/build CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=false CARGO_TERM_COLOR=never
cargo mutants --package sealroom-shared --output "$out" --colors never --no-shuffle "$@"
