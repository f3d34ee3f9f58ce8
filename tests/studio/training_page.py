"""The training page as its tests open it: on London, with stand-ins for the processes of runs."""

from pathlib import Path

from page_hand import shown
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from lvm_studio.data.london import load_london
from lvm_studio.storage.start import starting_state
from lvm_studio.storage.workspace import Workspace
from lvm_studio.studio.jobs.job_thread import JobState
from lvm_studio.studio.panels.training import TrainingPanel
from lvm_studio.studio.runs.runs import RunRegistry
from lvm_studio.studio.session import Session
from lvm_studio.training.job import TrainingJob


class PuppetThread(QObject):
    """What a JobThread looks like from outside; the test says what it says."""

    reports = Signal(object)
    checkpointed = Signal(int, object)
    completed = Signal(object)
    stopped = Signal(object)
    failed = Signal(str, str)
    state_changed = Signal(object)
    finished = Signal()

    def __init__(self, job: TrainingJob, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.job, self.asked = job, list[str]()

    def start(self) -> None:
        self.state_changed.emit(JobState.RUNNING)

    def pause(self) -> None:
        self.state_changed.emit(JobState.PAUSED)

    def resume(self) -> None:
        self.state_changed.emit(JobState.RUNNING)

    def stop(self) -> None:
        self.asked.append("stop")

    def kill(self) -> None:
        self.stopped.emit(None)


def london_session() -> Session:
    london = load_london()
    session = Session()
    state = starting_state(london.name, london, "")
    session.restore(Workspace(datasets={london.name: london}, street=state.to_tree()), None)
    return session


def training_page(
    session: Session, puppets: list[PuppetThread], folder: Path, qtbot: QtBot
) -> TrainingPanel:
    """The page; every run it starts is a puppet more."""

    def make(job: TrainingJob, path: Path, parent: QObject) -> PuppetThread:
        puppets.append(PuppetThread(job, path, parent))
        return puppets[-1]

    registry = RunRegistry(session, make, lambda name: folder / "run.h5")  # type: ignore[arg-type]
    return shown(TrainingPanel(session, registry), qtbot)
