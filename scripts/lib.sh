# What the scripts share: where things are, and how to get what a fresh Debian or Ubuntu machine lacks. Sourced, from
# the project's root.

TARGET=x86_64-unknown-linux-musl
# A folder of its own may be given, as cargo itself takes it.
TARGET_DIR=${CARGO_TARGET_DIR:-target}
BIN=$TARGET_DIR/$TARGET/release

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Installs Debian packages that are missing.
need_packages() {
    local missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get: ${missing[*]}"
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    say "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Rust itself is the one thing that has to be there.
need_rust() {
    command -v cargo >/dev/null || fail "Rust is missing: install it with rustup, then run this again"
    # musl-gcc compiles the C part of aws-lc and the allocator for the static target.
    need_packages gcc libc6-dev musl-tools
    if ! [ -d "$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)" ]; then
        command -v rustup >/dev/null || fail "the Rust target $TARGET is missing: install it with your Rust packages"
        rustup target add "$TARGET"
    fi
    export CC_x86_64_unknown_linux_musl=musl-gcc
}

# The Python environment of the tests and the demo: AWS's command line, boto3, the AWS Encryption SDK, a table of flights.
need_python() {
    need_packages python3 python3-venv
    local folder=$TARGET_DIR/python wanted
    wanted=$(cat tests/python/requirements.txt tests/python/requirements-alone.txt)
    if [ "$wanted" != "$(cat "$folder/installed.txt" 2>/dev/null)" ]; then
        say "installing the Python packages of tests/python/requirements.txt"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r tests/python/requirements.txt
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r tests/python/requirements-alone.txt
        printf '%s\n' "$wanted" >"$folder/installed.txt"
    fi
    SEALROOM_PYTHON=$(cd "$folder" && pwd)
    export SEALROOM_PYTHON
}

# AWS's Encryption SDK for JavaScript, for the interop tests. A Node of any other origin serves as well, from version 18 on.
need_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need_packages nodejs npm
    fi
    local folder=$TARGET_DIR/node wanted
    wanted=$(cat tests/node/package.json tests/node/package-lock.json)
    if [ "$wanted" != "$(cat "$folder/installed.txt" 2>/dev/null)" ]; then
        say "installing the Node packages of tests/node/package-lock.json"
        rm -rf "$folder"
        mkdir -p "$folder"
        cp tests/node/package.json tests/node/package-lock.json tests/node/.npmrc "$folder"
        (cd "$folder" && npm ci --loglevel=error)
        printf '%s\n' "$wanted" >"$folder/installed.txt"
    fi
    SEALROOM_NODE=$(cd "$folder" && pwd)
    export SEALROOM_NODE
}
