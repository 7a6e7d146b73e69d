#!/usr/bin/env bash
# What Sealroom takes for its work, and what the machine and other tools take for the same: one table of ratios within
# one run. Installs what it needs. Ratios do not fail it; a measurement that cannot be made does.
#
#   scripts/bench.sh                           everything, and writes the table into docs/performance.md
#   scripts/bench.sh --quick                   with small data: to see that it works
#   scripts/bench.sh [--quick] MEASURE...      frames groups million records workers fields libraries tools masking redact sockets growth calls
#                                              latency; prints only
#
# A whole run wants a machine with nothing else on it, 40 GB of disk and about an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

quick=()
measures=()
for argument in "$@"; do
    case $argument in
        -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
        --quick) quick=(--quick) ;;
        -*) fail "unknown option $argument (see --help)" ;;
        *) measures+=("$argument") ;;
    esac
done

# The other tools, in an environment of their own: they want other versions than the tests do.
need_bench_python() {
    local folder=$TARGET_DIR/bench-python wanted=tests/bench/requirements-bench.txt
    if ! cmp -s "$wanted" "$folder/installed.txt"; then
        say "installing the Python packages of $wanted"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
        cp "$wanted" "$folder/installed.txt"
    fi
}

scripts/build.sh --quiet
cargo build --release --locked --quiet --target "$TARGET" -p sealroom-parent -p sealroom-testkit --bin bench
need_python
need_packages age gnupg util-linux
need_bench_python
need_node

work=$(mktemp -d "$TARGET_DIR/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
free=$(($(df --output=avail -k "$work" | tail -1) / 1024 / 1024))
[ -n "${quick[*]}" ] || [ "$free" -ge 40 ] || fail "a whole run wants 40 GB of disk, and $free are free (or use --quick)"

machine() {
    printf '%s, %s virtual CPUs, %s, Linux %s, %s.\n' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
        "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(uname -r | cut -d- -f1)" "$(date +%F)"
    printf 'Load before the run: %s. Commit %s%s.\n' "$(cut -d' ' -f1-3 /proc/loadavg)" "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
        "$(git diff --quiet HEAD 2>/dev/null || echo ', with changes')"
}
machine >"$work/machine.txt"
cat "$work/machine.txt"

status=0
SEALROOM_BIN=$(cd "$BIN" && pwd)
export SEALROOM_BIN
"$BIN/bench" ${quick[@]+"${quick[@]}"} --python "$TARGET_DIR/bench-python" --node "$SEALROOM_NODE" \
    --scripts tests/bench --work "$work/data" --table "$work/table.md" ${measures[@]+"${measures[@]}"} || status=1

# The page holds the table of a whole run; parts are only printed.
page=docs/performance.md
if [ ${#measures[@]} = 0 ] && [ -s "$work/table.md" ]; then
    {
        sed '/^<!-- table -->$/q' "$page"
        echo
        cat "$work/machine.txt"
        [ -z "${quick[*]}" ] || printf 'With `--quick`: 100 MiB in place of 1 GiB, few rounds.\n'
        echo
        cat "$work/table.md"
        sed -n '/^<!-- end of table -->$/,$p' "$page"
    } >"$work/page.md"
    cp "$work/page.md" "$page"
    say "wrote the table into $page"
fi
exit $status
