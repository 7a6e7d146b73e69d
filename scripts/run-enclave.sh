#!/usr/bin/env bash
# Runs the enclave image in production mode and waits until it answers.
#
#   scripts/run-enclave.sh [--eif FILE] [--cid 16] [--cpus 2] [--memory MIB] [--wait SECONDS]
#
# Needs nitro-cli, its allocator service with enough memory and CPUs, and `sealroom` on PATH or built by scripts/build.sh.
# There is no option for debug mode: its measurements are zero, and KMS refuses them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

eif=image/sealroom.eif cid=16 cpus=2 memory=512 seconds=60
while [ $# -gt 0 ]; do
    case $1 in
        --eif) eif=${2:?--eif wants a file}; shift 2 ;;
        --cid) cid=${2:?--cid wants a number}; shift 2 ;;
        --cpus) cpus=${2:?--cpus wants a number}; shift 2 ;;
        --memory) memory=${2:?--memory wants MiB}; shift 2 ;;
        --wait) seconds=${2:?--wait wants seconds}; shift 2 ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "unknown option $1 (see --help)" ;;
    esac
done
[ -f "$eif" ] || fail "$eif is not a file: build it with scripts/build-enclave.sh"
command -v nitro-cli >/dev/null || fail "nitro-cli is missing: this runs on an EC2 instance with enclaves enabled"
sealroom=$(command -v sealroom || true)
[ -n "$sealroom" ] || sealroom=$BIN/sealroom
[ -x "$sealroom" ] || fail "sealroom is not built: run scripts/build.sh"

started=$(nitro-cli run-enclave --eif-path "$eif" --enclave-cid "$cid" --cpu-count "$cpus" --memory "$memory") ||
    fail "nitro-cli run-enclave failed; 'nitro-cli describe-enclaves' and /var/log/nitro_enclaves say more"
id=$(printf '%s\n' "$started" | sed -n 's/.*"EnclaveID": *"\([^"]*\)".*/\1/p')
say "enclave ${id:-started} with CID $cid"
"$sealroom" ping --enclave "vsock://$cid:5000" --wait "$seconds" || {
    nitro-cli terminate-enclave --enclave-id "$id" >/dev/null 2>&1 || true
    fail "the enclave did not answer within $seconds s and was ended; boot it with a test configuration and --debug-mode by hand to see its console"
}
say "submit jobs to vsock://$cid:5000"
