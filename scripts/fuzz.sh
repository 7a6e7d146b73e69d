#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (10), or the targets that are named, and fails on a crash. docs/fuzzing.md says more.
#   scripts/fuzz.sh [SECONDS [TARGET...]]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
seconds=${1:-10}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "not a number of seconds: $seconds"
shift $(($# > 0))
need_rust
need_packages g++ python3
command -v cargo-fuzz >/dev/null || { say "installing cargo-fuzz"; cargo install --locked --quiet cargo-fuzz; }
# The sanitizer's flag is not stable; the toolchain stays the pinned one.
export RUSTC_BOOTSTRAP=1 CARGO_TERM_COLOR=never

host=$(rustc -vV | sed -n 's/^host: //p')
out=$TARGET_DIR/fuzz
mkdir -p "$out"
out=$(cd "$out" && pwd)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
python3 fuzz/seeds.py "$out/seeds"
cargo fetch --locked --quiet --manifest-path fuzz/Cargo.toml --target "$host"
for target in "${targets[@]}"; do
    cargo fuzz build --target "$host" --target-dir "$out/build" "$target" 2>"$out/build.log" || { cat "$out/build.log" >&2; exit 1; }
done

crashed=()
for target in "${targets[@]}"; do
    corpus=$out/corpus/$target artifacts=$out/artifacts/$target/
    mkdir -p "$corpus" "$artifacts"
    dictionary=() longest=(-max_len=8192)
    [ -f "fuzz/dictionaries/$target.dict" ] && dictionary=("-dict=fuzz/dictionaries/$target.dict")
    [ "$target" = wire ] && longest=(-max_len=70000)
    if "$out/build/$host/release/$target" "$corpus" "$out/seeds/$target" "${dictionary[@]}" "${longest[@]}" -len_control=20 -timeout=10 \
        -rss_limit_mb=2048 -max_total_time="$seconds" -artifact_prefix="$artifacts" -print_final_stats=1 >"$out/$target.log" 2>&1; then
        say "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") inputs in $seconds s, no crash"
    else
        crashed+=("$target")
        say "fuzz $target: CRASHED"
        tail -n 40 "$out/$target.log"
    fi
done
[ ${#crashed[@]} = 0 ] || fail "crashed: ${crashed[*]}. The inputs are in $out/artifacts; make each a vector of a test that fails, then repair it"
