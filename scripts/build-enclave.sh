#!/usr/bin/env bash
# Builds the enclave image and writes down what it measures.
#
#   scripts/build-enclave.sh [--config FILE] [--out FOLDER] [-- further options of nitro-cli build-enclave]
#
# Needs docker and nitro-cli (Amazon Linux: `dnf install aws-nitro-enclaves-cli aws-nitro-enclaves-cli-devel docker`).
# Writes FOLDER/sealroom.eif and FOLDER/pcrs.json; the second is what key policies and `sealroom open` want.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

config=enclave/enclave.toml
out=image
while [ $# -gt 0 ]; do
    case $1 in
        --config) config=${2:?--config wants a file}; shift 2 ;;
        --out) out=${2:?--out wants a folder}; shift 2 ;;
        --) shift; break ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "unknown option $1 (see --help)" ;;
    esac
done
[ -f "$config" ] || fail "$config is not a file"
case $(realpath "$config") in
    "$PWD"/enclave/*) config=enclave/${config##*/} ;;
    *) fail "$config must lie in enclave/: the image is built from this folder's own files" ;;
esac
command -v docker >/dev/null || fail "docker is missing: install and start it, then run this again"
command -v nitro-cli >/dev/null || fail "nitro-cli is missing: on Amazon Linux, dnf install aws-nitro-enclaves-cli aws-nitro-enclaves-cli-devel"

mkdir -p "$out"
trap 'rm -f "$out"/*.new' EXIT
docker build --file Dockerfile.enclave --build-arg "CONFIG=$config" --tag sealroom-enclave:latest .
# nitro-cli prints lines for people before its JSON; the measurements are written from the first brace on.
nitro-cli build-enclave --docker-uri sealroom-enclave:latest --output-file "$out/sealroom.eif.new" "$@" | tee /dev/stderr | sed -n '/{/,$p' >"$out/pcrs.json.new"
for pcr in PCR0 PCR1 PCR2; do
    grep -Eq "\"$pcr\": *\"[0-9a-f]{96}\"" "$out/pcrs.json.new" || fail "nitro-cli printed no $pcr; $out/pcrs.json is unchanged"
done
mv "$out/sealroom.eif.new" "$out/sealroom.eif"
mv "$out/pcrs.json.new" "$out/pcrs.json"
say "image: $out/sealroom.eif"
say "measurements: $out/pcrs.json"
