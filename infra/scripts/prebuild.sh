#!/bin/sh
# Lays the packages of requirements.txt into .python_packages, where the Functions worker looks.
# For Linux on x86-64 and Python 3.13, whatever this machine is.
set -eu

usage() {
    cat <<'TEXT'
Usage: infra/scripts/prebuild.sh [--help]

Fills .python_packages/lib/site-packages with the packages of requirements.txt, in the form that
the function app runs (Linux x86-64, Python 3.13). It needs uv: on the PATH, or from `make setup`.
TEXT
}

case "${1:-}" in
    "") ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/../.."
uv=".venv/bin/uv"
[ -x "$uv" ] || uv="$(command -v uv)" || {
    echo "uv was not found: run 'make setup', or install uv." >&2
    exit 1
}

target=".python_packages/lib/site-packages"
rm -rf .python_packages
# No byte code: it doubles the size, and the worker makes it where it is missing.
"$uv" pip install --quiet --no-compile --require-hashes --only-binary :all: \
    --python-platform x86_64-manylinux_2_28 --python-version 3.13 \
    --target "$target" -r requirements.txt
echo "$target: $(du -sm "$target" | cut -f1) MB"
