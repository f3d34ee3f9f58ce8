"""Looking for devices takes a second; the window may be gone by then."""

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from lvm_studio.studio.devices import DeviceProbe


def test_devices_are_found_once_off_the_gui_thread(qtbot: QtBot) -> None:
    probe = DeviceProbe()
    with qtbot.waitSignal(probe.found) as found:
        probe.ask()
    assert found.args[0].cores >= 1
    with qtbot.assertNotEmitted(probe.found, wait=50):
        probe.ask()


def test_what_is_found_after_the_window_has_gone_is_dropped() -> None:
    window = QObject()
    probe = DeviceProbe(window)
    delete(window)
    probe._look()
