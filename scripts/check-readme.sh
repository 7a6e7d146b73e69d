#!/usr/bin/env bash
# Holds the documents to their word: runs the `sh harness` blocks of README.md as they stand, in order, in one shell, with
# the programs that scripts/build.sh made; and looks that every test and every page that is named is there.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
[ -x "$BIN/sealroom" ] || fail "the programs are not built: run scripts/build.sh"
[ -n "${SEALROOM_PYTHON:-}" ] || need_python

# Each promise names tests, and each of them is there.
for promise in P1 P2 P3 P4 P5 P6 P7 P8 P9 P10; do
    tests=$(sed -n "s/^| $promise |.*|\([^|]*\)|\$/\1/p" README.md | grep -o '`[a-z0-9_:]*::[a-z0-9_]*`' | tr -d '`') ||
        fail "README.md: the row of promise $promise names no test"
    for test in $tests; do
        where=(shared/src enclave/src parent/src)
        if [ -f "tests/tests/${test%%::*}.rs" ]; then
            where=("tests/tests/${test%%::*}.rs")
            inside=${test#*::}
            [ "$inside" = "${test##*::}" ] || where+=("tests/tests/${inside%%::*}")
        fi
        grep -rqE "^ *fn ${test##*::}\(|async fn ${test##*::}\(" "${where[@]}" || fail "README.md: $promise names the test $test, which is not there"
    done
done

# Each relative link leads to a file.
for page in ./*.md docs/*.md examples/*/README.md; do
    for link in $(grep -o '](\([^)#]*\)[^)]*)' "$page" | sed 's/^](//; s/[)#].*//' | grep -v '^https*:' || true); do
        [ -e "$(dirname "$page")/$link" ] || fail "$page: the link to $link leads nowhere"
    done
done

# The blocks become one script that notes each block it has finished.
blocks=$(grep -c '^```sh harness$' README.md) || fail "README.md has no \`sh harness\` block"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/here"
{
    echo "trap 'kill \$(jobs -p) 2>/dev/null || true; wait' EXIT"
    awk '/^```sh harness$/ { inside = 1; number++; next }
         /^```/ { if (inside) print "echo " number " >>\"$FINISHED\""; inside = 0; next }
         inside' README.md
} >"$work/steps.sh"

: >"$work/finished"
settings=("PATH=$(cd "$BIN" && pwd):$SEALROOM_PYTHON/bin:$PATH" "HOME=$work" "SEALROOM=$PWD" "FINISHED=$work/finished")
if ! (cd "$work/here" && exec timeout 300 env -i "${settings[@]}" bash -euo pipefail "$work/steps.sh") >"$work/output" 2>&1; then
    tail -n 40 "$work/output" >&2
    fail "README.md: a command of harness block $(($(wc -l <"$work/finished") + 1)) of $blocks failed, or nothing moved for 300 s"
fi
[ "$(tr '\n' ' ' <"$work/finished")" = "$(seq "$blocks" | tr '\n' ' ')" ] || fail "README.md: not every harness block was run to its end"
grep -q '"customer":"tok_' "$work/here/rows.ndjson" || fail "README.md: the harness blocks left no opened rows"
for file in no.sealed no.json stolen.ndjson; do
    [ ! -e "$work/here/$file" ] || fail "README.md: an attack of the harness blocks left $file"
done
say "README.md: $blocks harness blocks ran, and the tests and pages it names are there"
