#!/usr/bin/env bash
# The main job, end to end, on this machine: the real programs, a software NSM in place of the enclave's hardware and a
# mock KMS in place of AWS's. Installs what it needs.
#
#   scripts/demo.sh                                        the whole story on made card transactions
#   scripts/demo.sh FILE.ndjson --policy P --job J         your own records, policy and job
#
# KEEP=1 keeps the folder with everything that was made.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
. scripts/lib.sh

absolute() { (cd "$here" && realpath -m -- "$1"); }
own= own_policy= own_job=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
        --policy) own_policy=$(absolute "${2:?--policy wants a file}"); shift 2 ;;
        --job) own_job=$(absolute "${2:?--job wants a file}"); shift 2 ;;
        -*) fail "unknown option $1 (see --help)" ;;
        *) [ -z "$own" ] || fail "one file of records only (see --help)"; own=$(absolute "$1"); shift ;;
    esac
done
if [ -n "$own$own_policy$own_job" ]; then
    for file in "$own" "$own_policy" "$own_job"; do
        [ -n "$file" ] || fail "records, --policy and --job go together (see --help)"
        [ -f "$file" ] || fail "$file is not a file"
    done
fi

scripts/build.sh --quiet
need_python
BIN=$(cd "$BIN" && pwd)
PYTHON=$SEALROOM_PYTHON/bin
TOOLS=$PWD/tests/python
EXAMPLE=$PWD/examples/payments
CONFIG=$PWD/enclave/enclave.toml

work=$(mktemp -d -t sealroom-demo.XXXXXX)
# A signal may come at any time: what runs in the foreground ends as well.
finish() {
    local child
    for child in $(</proc/$$/task/$$/children); do kill "$child" 2>/dev/null || true; done
    wait 2>/dev/null || true
    if [ -n "${KEEP:-}" ]; then say "kept: $work"; else rm -rf "$work"; fi
}
trap finish EXIT
cd "$work"

export AWS_SHARED_CREDENTIALS_FILE=$work/kms/credentials AWS_CONFIG_FILE=$work/no-config AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
export AWS_CA_BUNDLE=$work/kms/ca.pem AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
HOST=kms.eu-central-1.amazonaws.com
as() { local profile=$1; shift; AWS_PROFILE=$profile "$@"; }

# Starts a program in the background and waits until it says that it is ready.
start() {
    local name=$1; shift
    "$@" >"$name.out" 2>"$name.err" &
    started=$!
    for _ in $(seq 600); do
        grep -q '^ready' "$name.out" && return
        kill -0 "$started" 2>/dev/null || { cat "$name.err" >&2; fail "$name did not start"; }
        sleep 0.1
    done
    fail "$name is not ready after a minute"
}

stop() { kill "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }

# An enclave and the parent's proxy for it.
start_enclave() {
    start nitro-sim "$BIN/nitro-sim" --dir "$work/sim" --config "$work/enclave.toml" "$@"
    enclave_pid=$started
    AWS_PROFILE=operator start proxy "$BIN/sealroom" proxy --unix "$work/sim/vsock.sock" --allow $HOST:443 --connect "$HOST:443=$kms"
    proxy_pid=$started
}

stop_enclave() { stop "$proxy_pid"; stop "$enclave_pid"; }

# One statement on what the operator's role may do with the key; the owner's and the administrator's are always there.
key_policy() {
    cat <<JSON
{"Version": "2012-10-17", "Statement": [
 {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/admin"}, "Resource": "*",
  "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:DescribeKey"]},
 {"Sid": "OwnerSeals", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/owner"}, "Resource": "*",
  "Action": ["kms:GenerateDataKey", "kms:Encrypt"]},
 {"Sid": "OperatorDecrypts", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/operator"}, "Resource": "*",
  "Action": "kms:Decrypt"$1}]}
JSON
}

put_key_policy() {
    key_policy "$1" >key-policy.json
    as admin "$PYTHON/aws" kms put-key-policy --key-id "$key" --policy-name default --policy file://key-policy.json
}

pcr() { sed -n "s/.*\"PCR$1\": *\"\([0-9a-f]*\)\".*/\1/p" sim/pcrs.json; }

submit() { as operator "$BIN/sealroom" submit --enclave "unix:$work/sim/vsock.sock" "${tokens[@]}" "$@"; }

act() { say; say "== $*"; }
table=()
row() { table+=("$(printf '%-3s %-58s %-34s' "$1" "$2" "$3")"); }

# Runs a command that must be refused with this text; shows the line that says so.
denied() {
    local number=$1 what=$2 text=$3; shift 3
    if "$@" >denied.out 2>&1; then fail "act $number: $what was allowed"; fi
    grep -q -- "$text" denied.out || { cat denied.out >&2; fail "act $number: expected $text"; }
    grep -m 1 -- "$text" denied.out | sed 's/^ */   /' | cut -c1-220
    row "$number" "$what" "refused: $text"
}

show() { head -n 3 | cut -c1-200 | sed 's/^/   /'; }

start mock-kms "$BIN/sealroom-mock-kms" --dir "$work/kms" --listen 127.0.0.1:0 --nsm-root "$work/sim/nsm-root.pem"
kms=$(sed -n 's/^listening //p' mock-kms.out)
export AWS_ENDPOINT_URL_KMS=https://$kms

# The shipped configuration, with the mock KMS's certificate authority in place of Amazon's: another image, other PCRs.
{ sed '/^trust_anchors = """$/,$d' "$CONFIG"; echo 'trust_anchors = """'; cat kms/ca.pem; echo '"""'; sed '1,/^"""$/d' "$CONFIG"; } >enclave.toml

key_policy '' >key-policy.json
key=$(as admin "$PYTHON/aws" kms create-key --policy file://key-policy.json --query KeyMetadata.Arn --output text)
"$BIN/sealroom" keygen --out analyst 2>/dev/null || fail "no key pair for the analyst"

if [ -n "$own" ]; then
    records=$own job=$own_job
    "$PYTHON/python" "$TOOLS/demo_policy.py" "$own_policy" "$key" analyst.pub.pem policy.toml >facts || exit 1
else
    records=transactions.ndjson job=$EXAMPLE/job.toml
    "$BIN/make-transactions" --count 100000 >transactions.ndjson
    { sed "s|@KEY_ARN@|$key|; /@ANALYST_PUBLIC_KEY@/,\$d" "$EXAMPLE/policy.toml"; cat analyst.pub.pem; echo '"""'; } >policy.toml
    printf '%s\n' transactions-2026 customer >facts
fi
mapfile -t facts <facts
dataset=${facts[0]}
tokens=()
for domain in "${facts[@]:1}"; do
    number=$((${#tokens[@]} / 2 + 1)) secret=()
    [ -z "$own" ] || secret=(--secret-file "$number.secret")
    as owner "$BIN/sealroom" token-key new --policy policy.toml --domain "$domain" --key-arn "$key" "${secret[@]}" --out "$number.token"
    tokens+=(--token-key "$number.token")
done
digest=$("$BIN/sealroom" policy digest policy.toml) || fail "policy.toml is ${own_policy:-the example}, fitted to the demo's KMS key and analyst"

act "1. The owner seals $(wc -l <"$records") records under a KMS key, bound to the policy ${digest:0:19}…"
show <"$records"
as owner "$BIN/sealroom" seal --policy policy.toml --key-arn "$key" --dataset "$dataset" "$records" --out in.sealed >/dev/null
say "   sealed: $(stat -c %s in.sealed) bytes that begin $(head -c 24 in.sealed | od -An -tx1 | tr -d ' \n')…"
if [ -z "$own" ]; then
    if grep -q card_number in.sealed; then fail "the sealed file shows its records"; fi
fi
row 1 "owner seals $(wc -l <"$records") records" "ciphertext"

start_enclave -- "$BIN/sealroom-enclave"
if [ -z "$own" ]; then
    act "2. A key policy without attestation: the operator's role alone opens the records, with AWS's own SDK (the danger)"
    as operator "$PYTHON/python" "$TOOLS/esdk.py" open "kms:$key" in.sealed stolen.ndjson
    show <stolen.ndjson
    cmp -s stolen.ndjson "$records" || fail "act 2: not the records"
    row 2 "operator without an enclave, key policy without attestation" "reads everything"
fi

act "3. The key policy names the image's PCR0, PCR1 and PCR2"
put_key_policy ", \"Condition\": {\"StringEqualsIgnoreCase\": {
   \"kms:RecipientAttestation:PCR0\": \"$(pcr 0)\", \"kms:RecipientAttestation:PCR1\": \"$(pcr 1)\", \"kms:RecipientAttestation:PCR2\": \"$(pcr 2)\"}}"
denied 3 "operator without an enclave" AccessDeniedException as operator "$PYTHON/python" "$TOOLS/esdk.py" open "kms:$key" in.sealed stolen-again.ndjson
say "   the enclave, with the same credentials:"
submit --policy policy.toml --job "$job" in.sealed --out out.sealed --receipt out.receipt.json 2>&1 | sed 's/^/   /'
"$BIN/sealroom" open --private-key analyst.key.pem --receipt out.receipt.json --measurements sim/pcrs.json \
    --danger-trust-anchor sim/nsm-root.pem out.sealed --out out.ndjson 2>&1 | sed 's/^/   /'
if [ -z "$own" ]; then
    say "   before, as the owner sealed them:"
    grep -m 3 '"country":"DE"' "$records" | show
fi
say "   after, as the analyst opens them, the receipt checked:"
show <out.ndjson
row 3 "the measured enclave" "$(wc -l <out.ndjson) rows, receipt verified"

if [ -z "$own" ]; then
    # attempt POLICY JOB INPUT
    attempt() { submit --policy "$1" --job "$2" "$3" --out no.sealed --receipt no.receipt.json; }
    job=$EXAMPLE/job.toml
    act "4. The same image in debug mode: its PCRs are zero"
    stop_enclave
    start_enclave --debug -- "$BIN/sealroom-enclave"
    denied 4 "debug mode" key-denied attempt policy.toml "$job" in.sealed
    act "5. A modified enclave program: other PCRs"
    stop_enclave
    { cat "$BIN/sealroom-enclave"; echo; } >modified-enclave
    chmod +x modified-enclave
    start_enclave -- "$work/modified-enclave"
    denied 5 "a modified enclave" key-denied attempt policy.toml "$job" in.sealed
    stop_enclave
    start_enclave -- "$BIN/sealroom-enclave"
    act "6. The operator asks the real enclave for whole card numbers"
    sed 's/op = "mask", keep_last = 4/op = "keep"/' "$job" >greedy.toml
    denied 6 "job that keeps the card number" job-not-allowed attempt policy.toml greedy.toml in.sealed
    act "7. The operator swaps in a laxer policy"
    sed 's/keep_last_max = 4/keep_last_max = 16/' policy.toml >laxer.toml
    denied 7 "laxer policy" policy-mismatch attempt laxer.toml "$job" in.sealed
    act "8. The operator cuts the input short"
    head -c -1000 in.sealed >cut.sealed
    denied 8 "input cut short" input-corrupt attempt policy.toml "$job" cut.sealed
    if ls no.* >/dev/null 2>&1; then fail "act 8: something was written"; fi
fi
stop_enclave

say
printf '%-3s %-58s %s\n' act who result
printf '%s\n' "${table[@]}"
