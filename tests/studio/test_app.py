"""Starting the studio: the window first, torch after it, and nothing to set up."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer, qWarning
from PySide6.QtWidgets import QApplication
from studio_fakes import FakeStreets, FakeTunings, workspace

from lvm_studio.data.errors import DataError
from lvm_studio.storage.recovery import LiveSession
from lvm_studio.storage.start import SHIPPED_MODEL
from lvm_studio.storage.workspace import save
from lvm_studio.studio import app, tour
from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.service import StreetService
from lvm_studio.studio.window import MainWindow


class Visitor:
    """Looks at the window every now and then, and closes it when there is a fan."""

    def __init__(self, patience: int = 600) -> None:
        self.window: MainWindow | None = None
        self.seen: dict[str, object] = {}
        self._patience = patience
        self._timer = QTimer()
        self._timer.timeout.connect(self.look)
        self._timer.start(50)

    def look(self) -> None:
        windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)]
        self._patience -= 1
        if not windows:
            return
        window = windows[0]
        if window.service.fan is not None or window.errors.isVisible() or self._patience < 0:
            self._timer.stop()
            state = window.session.state
            self.seen = {
                "fan": window.service.fan,
                "model": state.model,
                "composition": state.composition,
                "error": window.errors.sentence if window.errors.isVisible() else "",
                "dirty": window.session.dirty,
            }
            window.close()
            window.deleteLater()


def visit(*arguments: str) -> dict[str, object]:
    visitor, hook = Visitor(), sys.excepthook
    assert app.main(arguments) == 0
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert sys.excepthook is hook
    return visitor.seen


def test_the_first_start_shows_a_street_with_nothing_to_configure(
    qapp: QApplication, own_state_folder: Path
) -> None:
    seen = visit()
    assert seen["fan"] is not None
    assert seen["fan"].fan.measured is not None  # type: ignore[attr-defined]
    assert seen["model"] == SHIPPED_MODEL
    assert seen["composition"].size == 12  # type: ignore[attr-defined]
    assert not seen["dirty"]
    assert (own_state_folder / "studio.log").exists()


def test_a_file_named_on_the_command_line_is_opened(qapp: QApplication, tmp_path: Path) -> None:
    path = tmp_path / "street.lvms"
    save(path, workspace())
    seen = visit(str(path))
    assert str(seen["composition"]) == "A*2,B"
    assert "“m” cannot be used" in str(seen["error"])  # the small street's model is none


def test_a_file_that_cannot_be_opened_gives_a_sentence_and_a_fresh_start(
    qapp: QApplication, tmp_path: Path
) -> None:
    path = tmp_path / "letter.lvms"
    path.write_text("Dear reader")
    seen = visit(str(path))
    assert "letter.lvms" in str(seen["error"])
    assert seen["composition"].size == 12  # type: ignore[attr-defined]


def test_what_qt_says_goes_to_the_log_not_to_the_terminal(
    qapp: QApplication, own_state_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with app.log_file(), app.logging_qt():
        qWarning("This plugin does not support something")
    assert "does not support something" in (own_state_folder / "studio.log").read_text()
    assert "does not support" not in capfd.readouterr().err


@pytest.mark.slow
def test_the_window_is_there_before_torch_and_other_slow_libraries() -> None:
    slow = {"torch", "polars", "scipy.signal", "scipy.stats", "matplotlib", "sklearn"}
    code = f"import lvm_studio.studio.app, sys; sys.exit(sorted({slow} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_tour_that_fails_ends_and_asks_nobody_what_to_save(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(window: MainWindow, _folder: Path, _say: object) -> None:
        window.session.set_lam(1.0)
        raise DataError("The tour waited in vain for a fan.")

    def fake_window(session: Session, dialogs: Dialogs) -> MainWindow:
        service = StreetService(session, FakeStreets(), FakeTunings())  # type: ignore[arg-type]
        return MainWindow(session, service, LiveSession(), dialogs)

    monkeypatch.setattr(tour, "_journey", fails)
    monkeypatch.setattr(tour, "make_window", fake_window)
    with pytest.raises(DataError, match="in vain"):
        tour.take_tour(tmp_path / "tour", print)
    assert not any(window.isVisible() for window in QApplication.topLevelWidgets())
