#!/bin/sh
# Lint, types, import contracts and every test. Arguments go to the last pytest run.
set -eu
. "$(dirname -- "$0")/common.sh"

make_venv
install_project "[test]"
ensure_qt_libraries
cd "$root"
if [ "$(uname)" = Linux ]; then
    ensure_x_libraries
    missing=
    has Xvfb || missing="$missing xvfb"
    has xdotool || missing="$missing xdotool"
    # shellcheck disable=SC2086 # a list of words
    [ -z "$missing" ] || system_packages "the journeys need a virtual screen and a pointer" $missing
fi

step() { say ""; say "== $*"; }

step "Lint"
"$python" -m ruff check .
"$python" -m ruff format --check .

step "Types"
"$python" -m mypy lvm_studio

step "Import contracts"
"$python" -c 'from importlinter.cli import lint_imports_command as run; run()'

step "The core, where Qt is not installed"
"$python" packaging/without_qt.py "$venv-core"
# No screen and little waiting: these share the cores. What follows has a pointer and clocks.
"$venv-core/bin/python" -m pytest -q -n auto --maxprocesses 4 --dist worksteal tests/data tests/models tests/training tests/tuning \
    tests/analysis tests/storage tests/engine tests/studies
"$venv-core/bin/python" -m pytest -q --doctest-modules lvm_studio --ignore=lvm_studio/studio

step "The studio, the command line and the journeys"
export QT_QPA_PLATFORM=offscreen
"$python" -m pytest -q --doctest-modules lvm_studio/studio
"$python" -m pytest -q tests/studio tests/cli tests/journeys tests/packaging "$@"
