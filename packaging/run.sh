#!/bin/sh
# Opens LVM Studio on the shipped data and model; installs what is missing first.
# Where there is no screen it makes the same journey offscreen and names the folder it wrote.
set -eu
. "$(dirname -- "$0")/common.sh"

make_venv
install_project ""
ensure_qt_libraries

if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    out=${LVM_STUDIO_TOUR:-"$root/artefacts/tour"}
    say "There is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set): making the tour offscreen."
    QT_QPA_PLATFORM=offscreen exec "$python" -m lvm_studio tour "$out"
fi
[ -z "${DISPLAY:-}" ] || ensure_x_libraries
exec "$python" -m lvm_studio gui "$@"
