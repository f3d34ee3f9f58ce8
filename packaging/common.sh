# Shared by run.sh and test.sh: find Python, make the virtual environment, name what is missing.
# POSIX sh; every step is skipped when it has been done before.

say() { printf '%s\n' "$*" >&2; }
die() { say "lvm-studio: $*"; exit 1; }

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv=${LVM_STUDIO_VENV:-"$root/.venv"}
case "$venv" in /*) ;; *) venv="$PWD/$venv" ;; esac
python="$venv/bin/python"

is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }

# system_packages REASON PACKAGE...: install Debian packages as root, otherwise name the command.
system_packages() {
    reason=$1
    shift
    has apt-get || die "$reason. Please install the equivalent of these Debian packages: $*"
    is_root || die "$reason. Please run: sudo apt-get update && sudo apt-get install -y $*"
    say "Installing system packages ($reason): $*"
    log=$(mktemp)
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >"$log" 2>&1 ||
        { tail -n 5 "$log" >&2; die "the system packages could not be installed; see $log"; }
    rm -f "$log"
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if has "$candidate" && "$candidate" -c \
            'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 15)))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

make_venv() {
    # One that is half made, or whose Python has gone, is made again.
    if [ -x "$python" ] && "$python" -c 'import pip' 2>/dev/null; then return; fi
    base=$(find_python)
    if [ -z "$base" ]; then
        [ "$(uname)" = Darwin ] && die "Python 3.11 or newer is missing. Please run: brew install python@3.12"
        # Installing python3 again does not make it newer; Ubuntu 22.04 has a 3.11 beside it.
        if has python3; then
            system_packages "python3 is none of 3.11 to 3.14" python3.11 python3.11-venv
        else
            system_packages "Python 3.11 or newer is missing" python3 python3-venv
        fi
        base=$(find_python)
        [ -n "$base" ] || die "no Python of 3.11 to 3.14 is found; please install one"
    fi
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        system_packages "Python's venv module is missing" "python$version-venv"
    fi
    [ ! -e "$venv" ] || [ -e "$venv/pyvenv.cfg" ] ||
        die "$venv is no virtual environment; name another folder in LVM_STUDIO_VENV"
    say "Making the virtual environment $venv"
    rm -rf "$venv"
    "$base" -m venv "$venv" || die "the virtual environment could not be made in $venv"
}

# install_project EXTRAS: editable install, repeated only when pyproject.toml or the folder changed.
install_project() {
    stamp="$venv/.installed$1"
    wanted="$(cat "$root/pyproject.toml") # $root"
    # what the tests need contains all that the studio needs
    for earlier in "$stamp" "$venv/.installed[test]"; do
        if [ "$(cat "$earlier" 2>/dev/null)" = "$wanted" ]; then return; fi
    done
    say "Installing LVM Studio and what it needs (a minute or two the first time)"
    "$python" -m pip install --quiet --disable-pip-version-check -e "$root$1" >&2 ||
        die "pip could not install the dependencies; the lines above say which"
    printf '%s' "$wanted" >"$stamp"
}

# Qt loads system libraries when imported; only trying tells whether they are there.
ensure_qt_libraries() {
    [ "$(uname)" = Linux ] || return 0
    "$python" -c 'from PySide6 import QtGui, QtWidgets, QtSvg' 2>/dev/null && return
    system_packages "Qt's libraries are missing" \
        libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0
    "$python" -c 'from PySide6 import QtGui, QtWidgets, QtSvg' ||
        die "Qt still does not load; the line above names the library"
}

ensure_x_libraries() {
    [ "$(uname)" = Linux ] || return 0
    missing=$("$python" -c '
import ctypes, sys

for pair in sys.argv[1:]:
    library, package = pair.split(":")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
' libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 \
        libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0 \
        libxkbcommon-x11.so.0:libxkbcommon-x11-0)
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || system_packages "a window on X needs libraries" $missing
}
