# Sourced by the scripts beside it: `prepare EXTRAS` makes .venv hold Muster with these extras, and does nothing when it already does.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    local candidate
    for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "muster: Python 3.11 or newer is needed and was not found on PATH" >&2
    return 1
}

prepare() {
    local extras=$1 python stamp sum
    stamp=.venv/.installed-$extras
    sum=$(cksum <pyproject.toml)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && [ -x .venv/bin/python ]; then
        return
    fi
    python=$(find_python)
    if [ ! -x .venv/bin/pip ]; then
        echo "muster: creating .venv with $python" >&2
        if ! "$python" -m venv --clear .venv; then
            echo "muster: python's venv module is missing; on Debian: apt install python3-venv" >&2
            return 1
        fi
    fi
    echo "muster: installing [$extras] into .venv; this takes a minute the first time" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]" >&2
    echo "$sum" >"$stamp"
}
