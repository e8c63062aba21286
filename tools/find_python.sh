#!/bin/sh
# Prints the interpreter to build the virtual environment with: Python 3.13 where there is one that
# starts, else the newest of 3.12 and 3.11. A name on the PATH may be a shim that refuses to start.
starts() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != '"$2"')' >/dev/null 2>&1; }
for version in 13 12 11; do
    for candidate in "python3.$version" "$HOME"/.pyenv/versions/3."$version".*/bin/python3 \
        /opt/hostedtoolcache/Python/3."$version".*/x64/bin/python3 \
        /usr/local/bin/python3."$version" /usr/bin/python3."$version" python3 python; do
        if starts "$candidate" "(3, $version)"; then
            command -v "$candidate"
            exit 0
        fi
    done
done
echo "Python 3.11 or later, with venv, is needed." >&2
exit 1
