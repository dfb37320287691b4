#!/bin/sh
# The steps before any Python of ours can run. Called by the Makefile:
#   bootstrap.sh venv   make .venv hold exactly what requirements.lock says
#   bootstrap.sh lock   write requirements.lock anew
#   bootstrap.sh idle   fail while something runs from this checkout
set -eu

say() { printf 'mailroom  %s\n' "$*"; }

fail() {
    printf 'mailroom  %s\n' "$@" >&2
    exit 1
}

# Run a command; show that it is alive every five seconds, its output only if it fails.
patiently() {
    words=$1
    shift
    say "$words"
    mkdir -p .local
    output=.local/bootstrap.log
    command=$*
    # A background command of a script ignores Ctrl-C, and so does all that it starts. Where env
    # cannot change that, Ctrl-C is passed on to the command alone.
    if env --default-signal=INT true 2>/dev/null; then
        set -- env --default-signal=INT "$@"
    fi
    "$@" >"$output" 2>&1 &
    child=$!
    trap 'kill "$child" 2>/dev/null; exit 130' INT TERM
    seconds=0
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        [ $((seconds % 5)) -ne 0 ] || say "$words: $seconds s"
    done
    trap - INT TERM
    wait "$child" || {
        cat "$output" >&2
        fail "this failed: $command"
    }
}

python_can() { "$1" -c "$2" >/dev/null 2>&1; }

# Version managers leave stubs on the PATH that run nothing, so each candidate has to prove itself.
new_enough() { python_can "$1" 'import sys; sys.exit(sys.version_info < (3, 11))'; }

complete() { python_can "$1" 'import ctypes, ensurepip, ssl, venv'; }

find_python() {
    for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
        if new_enough "$candidate" && "$1" "$candidate"; then
            python=$candidate
            return 0
        fi
    done
    return 1
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 || fail "Please install $1 and try again."
    if [ "$(id -u)" -ne 0 ]; then
        fail "$1 is missing. Please type:" \
            "  sudo apt-get update && sudo apt-get install --no-install-recommends $1"
    fi
    patiently "refreshing the list of packages" apt-get -o DPkg::Lock::Timeout=300 update
    patiently "installing $1" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$1"
}

choose_python() {
    find_python complete && return 0
    find_python true || fail "Mailroom needs Python 3.11 or newer, and none was found on the PATH." \
        "Debian 12, Ubuntu 24.04 and newer:  apt-get install python3 python3-venv" \
        "Ubuntu 22.04:                       apt-get install python3.11 python3.11-venv"
    apt_install "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    complete "$python" || fail "$python still cannot make virtual environments."
}

usable() { python_can "$1" 'import pip, sys; sys.exit(sys.version_info < (3, 11))'; }

make_venv() {
    if new_enough .venv/bin/python && ! usable .venv/bin/python; then
        .venv/bin/python -m ensurepip >/dev/null 2>&1 || true # made by a tool that leaves pip out
    fi
    if ! usable .venv/bin/python; then
        choose_python
        patiently "creating .venv with $("$python" --version)" "$python" -m venv --clear .venv
    fi
    set -- .venv/bin/python -m pip install --disable-pip-version-check --no-input
    patiently "installing what requirements.lock names into .venv" \
        "$@" --require-hashes -r requirements.lock
    # The lock holds the build tools too, so nothing comes from outside it.
    patiently "installing mailroom itself" "$@" --no-deps --no-build-isolation -e .
    say ".venv is ready"
}

make_lock() {
    if ! usable .local/uv/bin/python; then
        choose_python
        patiently "creating .local/uv" "$python" -m venv --clear .local/uv
    fi
    patiently "installing uv into .local/uv" .local/uv/bin/python -m pip install \
        --disable-pip-version-check --no-input 'uv>=0.13,<0.14'
    # pip --require-hashes builds mailroom itself with hatchling and editables from the lock.
    printf 'hatchling\neditables\n' >.local/build.in
    patiently "resolving" .local/uv/bin/uv pip compile pyproject.toml .local/build.in --upgrade \
        --universal --python-version 3.11 --all-extras --group test --group lint --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
        --output-file requirements.lock
    say "requirements.lock names $(grep -c '==' requirements.lock) packages"
}

# The kernel keeps a process's lock on its folder until the process ends.
require_idle() {
    command -v flock >/dev/null 2>&1 || return 0
    for lock in .local/*/lock .local/passing/*/lock; do
        [ ! -e "$lock" ] || flock --nonblock "$lock" true ||
            fail "${lock%/lock} is in use: stop what runs from this checkout first (Ctrl-C)."
    done
}

case ${1:-} in
venv) make_venv ;;
lock) make_lock ;;
idle) require_idle ;;
*) fail "usage: bootstrap.sh venv|lock|idle" ;;
esac
