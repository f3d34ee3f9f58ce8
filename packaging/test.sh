#!/bin/sh
# Lint, types, import contracts and every test. Arguments go to the last run of pytest, the journeys.
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

# These share the cores; each docstring's examples are tests too.
in_parallel="-q -n auto --maxprocesses 4 --dist worksteal --doctest-modules --ignore-glob=*/conftest.py"

step "The core, where Qt is not installed"
"$python" packaging/without_qt.py "$venv-core"
# shellcheck disable=SC2086 # a list of words
"$venv-core/bin/python" -m pytest $in_parallel lvm_studio --ignore=lvm_studio/studio \
    tests/data tests/models tests/training tests/tuning tests/analysis tests/storage \
    tests/engine tests/studies

step "The studio and the command line"
export QT_QPA_PLATFORM=offscreen
# shellcheck disable=SC2086 # a list of words
"$python" -m pytest $in_parallel --no-xvfb lvm_studio/studio tests/studio tests/cli tests/packaging

step "The journeys: one pointer, one screen, one after the other"
"$python" -m pytest -q tests/journeys "$@"
