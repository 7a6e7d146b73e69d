#!/usr/bin/env bash
# All checks and tests. CI runs this and nothing else; it installs what it needs.
#   scripts/test.sh [--long]    with --long, every fuzz target for some seconds at the end
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
long=
case "$*" in
"") ;;
--long) long=1 ;;
*) fail "usage: scripts/test.sh [--long]" ;;
esac
need_rust
need_python
need_node
command -v cargo-nextest >/dev/null || cargo install --locked --quiet cargo-nextest
# Without debug information some sixty test programs compile and link sooner; panics say their line all the same.
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never CARGO_PROFILE_DEV_DEBUG=false

step() { say; say "== $* ($(date +%T))"; "$@"; }

step cargo fmt --all --check
step scripts/build.sh
step cargo clippy --workspace --all-targets --locked -- -D warnings
step env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
step cargo nextest run --workspace --locked --no-fail-fast
step cargo test --workspace --locked --doc --quiet
step scripts/check-readme.sh
[ -z "$long" ] || step scripts/fuzz.sh
say
say "all checks and tests passed"
