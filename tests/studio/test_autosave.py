"""The autosave writes whatever a file would hold, once, and not while the last is being written."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, Signal
from studio_fakes import households

from lvm_studio.storage.workspace import RunEntry, Workspace
from lvm_studio.studio.autosave import Autosave
from lvm_studio.studio.session import Session

MODEL = {"name": "Mine"}
CHANGES: dict[str, Callable[[Session], object]] = {
    "the street": lambda session: session.set_lam(1.0),
    "a model": lambda session: session.add_model("Other", {"name": "Other"}),
    "a note on a model": lambda session: session.note_in_model(MODEL, "card", "{}"),
    "a run": lambda session: session.put_run("run", RunEntry(spec={})),
    "a run's name": lambda session: session.rename_run("first", "second"),
}


class Box(QObject):
    """A mailbox in which wishes stay."""

    failed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.posted = 0
        self.waiting = False

    def post(self, _work: object) -> None:
        self.posted += 1


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.usefixtures("qapp")
def test_what_has_changed_is_written_once(change: Callable[[Session], object]) -> None:
    session, box = Session(), Box()
    runs = {"first": RunEntry(spec={})}
    workspace = Workspace(datasets={"Street": households()}, models={"Mine": MODEL}, runs=runs)
    session.restore(workspace, None, dirty=True)
    autosave = Autosave(session, object(), box)  # type: ignore[arg-type]
    autosave.save()
    assert box.posted == 0
    change(session)
    box.waiting = True
    autosave.save()
    assert box.posted == 0
    box.waiting = False
    for _ in range(2):
        autosave.save()
    assert box.posted == 1
    autosave.stop()
