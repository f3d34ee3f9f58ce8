"""Composing artificial wholes: drops, keys, places, undo, and rows that answer."""

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QUndoStack
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from lvm_studio.storage.wholes import Anchor, Sine, Wholes
from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.panels.artificial import AnchorsPanel, SinesPanel
from lvm_studio.studio.session import Session
from lvm_studio.studio.street.artificial_parts import ArtificialParts
from lvm_studio.studio.widgets.compose import anchor_canvas
from lvm_studio.studio.widgets.compose.anchor_canvas import AnchorCanvas
from lvm_studio.studio.widgets.compose.part_palette import part_from_mime, part_to_mime
from lvm_studio.studio.widgets.compose.whole_choice import WholeChoice
from lvm_studio.studio.widgets.compose.whole_rows import to_image

PATIENCE = 60_000


class Service:
    """What the panels need of the street service: a thread that computes."""

    def __init__(self) -> None:
        self.thread = ComputeThread()
        self.thread.start()

    def open_mailbox(self):
        return self.thread.open_mailbox(0)


@pytest.fixture
def service(qapp):
    service = Service()
    yield service
    service.thread.end()


@pytest.fixture
def session(qapp):
    return Session()


def drop(widget, value, at):
    mime = part_to_mime(value)  # the event does not keep it alive
    event = QDropEvent(
        QPointF(at),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    widget.dropEvent(event)
    assert event.isAccepted()


def test_sines_are_dropped_removed_and_undone(qtbot, session, service):
    panel = SinesPanel(session, service)
    qtbot.addWidget(panel)
    drop(panel.list, 7, QPoint(20, 20))
    assert panel.parts.parts[-1] == Sine(7)
    qtbot.waitUntil(lambda: panel.rows.shown == panel.parts.parts, timeout=PATIENCE)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert len(panel.parts.parts) == 3
    session.undo_stack.undo()
    assert panel.parts.parts[-1] == Sine(7)
    panel.palette_list.setCurrentRow(1)
    QTest.keyClick(panel.palette_list, Qt.Key.Key_Return)
    assert panel.parts.parts[-1] == Sine(2)
    panel.clear_button.click()
    assert panel.rows.shown == ()
    assert panel.rows.words.startswith("Drag frequencies")
    panel.reset_button.click()
    assert panel.rows.words == "Drawing …"
    qtbot.waitUntil(lambda: len(panel.rows.shown) == 3, timeout=PATIENCE)


def test_anchors_are_placed_moved_and_taken_out(qtbot, session, service):
    panel = AnchorsPanel(session, service)
    qtbot.addWidget(panel)
    canvas = panel.canvas
    canvas.resize(202, 202)
    drop(canvas, 3, QPoint(101, 181))
    placed = panel.parts.parts[-1]
    assert (placed.colour, placed.across, placed.down) == pytest.approx((3, 0.5, 0.9), abs=0.01)
    panel.palette_list.setCurrentRow(1)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(181, 181))
    assert panel.parts.parts[-1].colour == 1
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(101, 181))
    QTest.mouseMove(canvas, QPoint(60, 120))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(51, 101))
    assert panel.parts.parts[3].across == pytest.approx(0.25, abs=0.01)
    session.undo_stack.undo()
    assert panel.parts.parts[3] == placed
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(panel.parts.parts) == 4
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(panel.parts.parts) == 5
    qtbot.waitUntil(lambda: panel.rows.shown == panel.parts.parts, timeout=PATIENCE)
    assert not panel.grab().isNull()


def test_another_button_moves_no_anchor(qtbot, session, service):
    panel = AnchorsPanel(session, service)
    qtbot.addWidget(panel)
    canvas, parts = panel.canvas, panel.parts.parts
    canvas.resize(202, 202)
    first = QPoint(round(1 + parts[0].across * 200), round(1 + parts[0].down * 200))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=first)
    before = canvas.grab().toImage()
    QTest.mousePress(canvas, Qt.MouseButton.RightButton, pos=first)
    QTest.mouseMove(canvas, QPoint(150, 150))
    QTest.mouseRelease(canvas, Qt.MouseButton.RightButton, pos=QPoint(150, 150))
    assert canvas.grab().toImage() == before
    assert panel.parts.parts == parts


def test_the_chosen_part_stays_chosen_where_nothing_was_added(qtbot, session, service):
    panel = SinesPanel(session, service)
    qtbot.addWidget(panel)
    for frequency in (7, 8, 9):
        panel.palette_list.add_asked.emit(frequency)
    panel.list.setCurrentRow(1)
    panel.seed.setValue(3)
    assert panel.list.currentRow() == 1
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert panel.list.currentRow() == 1


def test_what_cannot_be_painted_leaves_no_painter_behind(qtbot, monkeypatch):
    """One held by the traceback would paint over the next thing, or take the program down."""
    canvas = AnchorCanvas()
    qtbot.addWidget(canvas)
    canvas.set_parts((Anchor(0, 0.5, 0.5),))

    def no_paint(*_: object) -> None:
        raise ValueError("no colour")

    monkeypatch.setattr(anchor_canvas, "paint_anchor", no_paint)
    with pytest.raises(ValueError, match="no colour") as caught:
        canvas.grab()
    frames = [entry.frame.f_locals for entry in caught.traceback]
    (painter,) = (held["painter"] for held in frames if "painter" in held)
    assert not painter.isActive()


def test_no_more_parts_than_the_model_has_seen(qapp):
    parts = ArtificialParts(QUndoStack(), Wholes().anchors, most=4)
    for _ in range(3):
        parts.add(Anchor(0, 0.1, 0.1))
    assert len(parts.parts) == 4


def test_a_strangers_payload_is_no_part():
    mime = QMimeData()
    mime.setText("frequency 3")
    assert part_from_mime(mime) is None


def test_pages_are_made_when_first_chosen(qtbot, qapp):
    made = []

    def make():
        made.append(QLabel("sines"))
        return made[-1]

    choice = WholeChoice(("Households", QLabel("street")), [("Sines", make)])
    qtbot.addWidget(choice)
    assert made == []
    for place in (1, 0, 1):
        choice.choice.setCurrentIndex(place)
    assert len(made) == 1
    assert choice.stack.currentIndex() == 1


def test_pixels_become_a_picture():
    image = to_image(np.array([[[1, 0, 0], [0, 1, 0]]], dtype=np.float32))
    assert [image.pixelColor(x, 0).name() for x in (0, 1)] == ["#ff0000", "#00ff00"]


def test_wholes_are_saved_and_opened_again(qtbot, session, service, tmp_path):
    sines, anchors = SinesPanel(session, service), AnchorsPanel(session, service)
    for panel in (sines, anchors):
        qtbot.addWidget(panel)
    sines.parts.add(Sine(9))
    anchors.parts.move(0, 0.125, 0.875)
    kept = session.wholes
    assert kept.sines[-1] == Sine(9)
    assert kept.anchors[0] == Anchor(2, 0.125, 0.875)
    assert session.save(tmp_path / "street.h5")
    assert not session.dirty
    session.undo_stack.undo()
    assert session.dirty
    assert session.wholes.anchors == Wholes().anchors
    assert session.open(tmp_path / "street.h5")
    assert session.wholes == kept
    assert (sines.parts.parts, anchors.parts.parts) == (kept.sines, kept.anchors)
    late = SinesPanel(session, service)  # pages are made when they are first looked at
    qtbot.addWidget(late)
    assert late.parts.parts == kept.sines
    late.reset_button.click()
    assert late.parts.parts == Wholes().sines
    assert sines.parts.parts == Wholes().sines


def test_what_a_model_drew_while_it_learned_is_shown_or_how_to_get_it(qtbot, session, service):
    panel = AnchorsPanel(session, service)
    qtbot.addWidget(panel)
    strip = panel.through_training
    assert strip.steps[0] < strip.steps[-1]  # the shipped model has kept them
    strip.set_model({"history": {}})
    assert strip.steps == []
    assert "Colour anchors (CompVAE)" in strip.hint
    low = strip.sizeHint().height()
    wholes = np.linspace(0, 1, 2 * 1728, dtype=np.float32).reshape(2, -1)
    strip.set_model({"history": {"whole_step": np.array([200, 4000]), "wholes": wholes}})
    assert strip.steps == [200, 4000]
    assert strip.sizeHint().height() > low
    assert not strip.grab().isNull()
