"""Simulate a street…: a puppet where clicks count, a real process for the street itself."""

from collections.abc import Iterator

import pytest
from puppet_thread import PuppetThread
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot
from studio_fakes import workspace

from lvm_studio.data.simulated import SimulationJob, StreetSpec, WeeksSimulated, simulate_street
from lvm_studio.studio.jobs.job_thread import end_jobs
from lvm_studio.studio.readings.simulate_dialog import SimulateDialog
from lvm_studio.studio.session import Session

SECOND = 1000


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    window = QWidget()
    qtbot.addWidget(window)
    yield window
    end_jobs(window)


@pytest.fixture
def session(qtbot: QtBot) -> Session:
    session = Session()
    session.restore(workspace(), None)
    return session


def puppeteer(puppets: list[PuppetThread]):
    def make(job: SimulationJob, parent: QObject) -> PuppetThread:
        puppets.append(PuppetThread(job, parent))
        return puppets[-1]

    return make


def press(dialog: SimulateDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)


def cancel(dialog: SimulateDialog, qtbot: QtBot) -> None:
    button = dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_street_is_simulated_elsewhere_and_marked(
    session: Session, window: QWidget, qtbot: QtBot
) -> None:
    dialog = SimulateDialog(session, window)
    dialog.show()
    dialog.households.setValue(12)
    dialog.weeks.setValue(10)
    dialog.seed.setValue(3)
    press(dialog, qtbot)
    assert not dialog.accept_button.isEnabled()
    qtbot.waitUntil(lambda: session.state.dataset.startswith("Simulated"), timeout=60 * SECOND)
    street = session.households
    assert street.provenance.simulated
    assert "Simulated" in street.provenance.attribution
    assert "imulated" in dialog.message.text()
    message = dialog.message  # nothing above it gives way to what it says
    assert message.height() >= message.heightForWidth(message.width())
    expected = simulate_street(StreetSpec(12, 10, 3))
    assert street.power_w.tobytes() == expected.power_w.tobytes()
    session.undo_stack.undo()
    assert not session.state.dataset.startswith("Simulated")
    cancel(dialog, qtbot)


def test_progress_cancel_and_again(session: Session, window: QWidget, qtbot: QtBot) -> None:
    puppets: list[PuppetThread] = []
    dialog = SimulateDialog(session, window, puppeteer(puppets))
    dialog.show()
    press(dialog, qtbot)
    assert puppets[0].job == SimulationJob(StreetSpec(500, 250, 0))
    puppets[0].reports.emit((WeeksSimulated(1, 250), WeeksSimulated(50, 250)))
    assert (dialog.progress.value(), dialog.progress.maximum()) == (50, 250)
    assert "50 of 250 weeks" in dialog.message.text()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert puppets[0].killed == 1
    assert dialog.isVisible()
    assert "Cancelled" in dialog.message.text()
    assert dialog.accept_button.isEnabled()
    press(dialog, qtbot)
    puppets[1].failed.emit("Not enough memory.", "details")
    assert dialog.message.text() == "Not enough memory."
    cancel(dialog, qtbot)


def test_leaving_ends_the_work(session: Session, window: QWidget, qtbot: QtBot) -> None:
    puppets: list[PuppetThread] = []
    dialog = SimulateDialog(session, window, puppeteer(puppets))
    dialog.show()
    press(dialog, qtbot)
    dialog.close()
    assert puppets[0].killed == 1
    assert not session.state.dataset.startswith("Simulated")


def test_the_size_is_told_before(session: Session, window: QWidget, qtbot: QtBot) -> None:
    dialog = SimulateDialog(session, window)
    dialog.households.setValue(1000)
    dialog.weeks.setValue(100)
    assert dialog.extent.text() == "1,916 household-years, 134 MB"
    dialog.reject()
