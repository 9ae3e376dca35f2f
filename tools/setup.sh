#!/bin/sh
# Makes .venv and installs this checkout into it. Usage: tools/setup.sh [EXTRAS], as in "tools/setup.sh dev".
# Every version comes from constraints.txt, so that two clones get the same. PYTHON=… chooses another Python.
set -eu
cd "$(dirname "$0")/.."
extras=${1:+[$1]}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    echo "Crossdock needs Python 3.11 or newer, and ${PYTHON:-python3} is not. Install one, or name it: make setup PYTHON=/path/to/python3.13" >&2
    return 1
}

make_venv() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        "$1" -m venv --clear .venv
    elif "$1" -m virtualenv --version >/dev/null 2>&1; then
        "$1" -m virtualenv --quiet --clear .venv
    elif command -v uv >/dev/null; then
        uv venv --quiet --clear --seed --python "$1" .venv
    else
        echo "$1 cannot make a virtual environment; on Debian and Ubuntu install python3-venv (apt-get install python3-venv), then run make again." >&2
        return 1
    fi
}

install() {
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --constraint constraints.txt "$@"
}

if ! { new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version)"
    make_venv "$python"
fi
echo "Installing crossdock$extras into .venv (the first time this takes a minute)"
install pip hatchling editables
install --no-build-isolation --editable ".$extras"
