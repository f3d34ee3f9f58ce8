"""Composing artificial wholes: sines or colour anchors, part by part, beside the true whole."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.data.shipped import model_path
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import read_tree
from lvm_studio.storage.wholes import (
    COLOUR_NAMES,
    MOST_ANCHORS,
    MOST_SINES,
    Anchor,
    Parts,
    Sine,
    Wholes,
)
from lvm_studio.studio.street.artificial_parts import COLOUR_CODES, ArtificialParts
from lvm_studio.studio.street.whole_work import AnchorRows, SineRows, WholeWork
from lvm_studio.studio.theme import MUTED, theme
from lvm_studio.studio.widgets.compose.anchor_canvas import AnchorCanvas
from lvm_studio.studio.widgets.compose.part_list import PartList
from lvm_studio.studio.widgets.compose.part_palette import PartPalette
from lvm_studio.studio.widgets.compose.whole_rows import IMAGE_ROW, SINE_ROW, WholeRows, to_image
from lvm_studio.studio.widgets.computing_label import ComputingLabel
from lvm_studio.studio.widgets.training.training_strip import TrainingStrip

if TYPE_CHECKING:
    from lvm_studio.data.tree import Tree
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.service import StreetService

DRAWS = 6
"""Generated images in a row."""
START = Wholes()
RECIPES = {"sines": "Sums of sines (CompVAE)", "anchors": "Colour anchors (CompVAE)"}


class ArtificialPanel(QWidget):
    """What both kinds of artificial whole share: list, verbs, rows, and the model behind them."""

    def __init__(
        self,
        session: Session,
        service: StreetService,
        parts: ArtificialParts,
        kind: str,
        rows: WholeRows,
    ) -> None:
        super().__init__()
        self.setObjectName(f"{kind}_panel")
        self._session, self._kind = session, kind
        self.parts, self.rows = parts, rows
        self.through_training = TrainingStrip(kind, RECIPES[kind])
        parts.setParent(self)
        self._shipped: Tree | None = None
        self._work = WholeWork()
        self._box = service.open_mailbox()
        self.list = PartList("No parts yet")
        self.list.setObjectName(f"{kind}_parts")
        self.seed = QSpinBox(maximum=9999)
        self.seed.setToolTip("Another number draws other parts for the same labels")
        self.seed.setObjectName(f"{kind}_seed")
        self.reset_button = QPushButton("&Reset")
        self.reset_button.setToolTip("The parts this page begins with")
        self.reset_button.setObjectName(f"{kind}_reset")
        self.clear_button = QPushButton("&Clear")
        self.clear_button.setToolTip("Take all parts out")
        self.note = QLabel(wordWrap=True)
        self.note.setForegroundRole(MUTED)
        self.computing = ComputingLabel()
        self._connect()

    def _connect(self) -> None:
        self.list.remove_asked.connect(self.parts.remove)
        self.reset_button.clicked.connect(self.parts.reset)
        self.clear_button.clicked.connect(self.parts.clear)
        self.seed.valueChanged.connect(self.refresh)
        self.parts.changed.connect(self._keep)
        self.parts.changed.connect(self.refresh)
        self._session.wholes_changed.connect(self._follow)
        self._session.models_changed.connect(self.refresh)
        self._box.answered.connect(self._show_rows)
        self._box.failed.connect(self._show_failure)
        self._box.computing.connect(self.computing.begin)
        self._box.rested.connect(self.computing.end)
        theme().changed.connect(self.update)

    def _lay_out(self, *left: QWidget) -> None:
        scroll = QScrollArea(widgetResizable=True)
        scroll.setWidget(self.rows)
        verbs = QHBoxLayout()
        verbs.addWidget(QLabel("Draw"))
        verbs.addWidget(self.seed)
        verbs.addStretch(1)
        verbs.addWidget(self.reset_button)
        verbs.addWidget(self.clear_button)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (*left, self.list):
            column.addWidget(widget)
        column.addLayout(verbs)
        column.addWidget(self.computing)
        column.addWidget(self.note)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(side)
        shown = QWidget()
        both = QVBoxLayout(shown)
        both.setContentsMargins(0, 0, 0, 0)
        both.addWidget(scroll, 1)
        both.addWidget(self.through_training)
        split.addWidget(shown)
        split.setStretchFactor(1, 1)
        split.setSizes([320, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def _begin(self) -> None:
        """Show what the workspace holds."""
        self._follow()
        self.refresh()

    def refresh(self) -> None:
        """Show the list, and wish for its rows."""
        parts = self.parts.parts
        self.list.set_titles([part.title for part in parts])
        self._show_parts(parts)
        self.rows.expect(bool(parts))
        if not parts:
            self._box.withdraw()
            self.rows.set_rows(None)
            self.note.setText("")
            return
        try:
            tree = self._model()
        except (DataError, StorageError) as error:
            self._show_failure(str(error), "")
            return
        self.note.setText(_said(tree, len(parts), self.parts.most))
        self.through_training.set_model(tree)
        self._box.post(self._work.rows(tree, parts, DRAWS, self.seed.value()))

    def _model(self) -> Tree:
        """The newest model of this kind in the workspace, else the shipped one."""
        for tree in reversed(list(self._session.workspace.models.values())):
            if tree.get("kind") == self._kind:
                return tree
        if self._shipped is None:
            self._shipped = read_tree(model_path(f"{self._kind}.h5"))
        return self._shipped

    def _keep(self) -> None:
        """Have the session keep what is composed, for the file."""
        self._session.put_wholes(self._with_parts(self._session.wholes))

    def _follow(self) -> None:
        """Show what the session keeps: another workspace may have been opened."""
        self.parts.show(self._kept())

    @abstractmethod
    def _with_parts(self, wholes: Wholes) -> Wholes:
        """These wholes with what this page composes."""

    @abstractmethod
    def _kept(self) -> Parts:
        """What the session keeps of this page."""

    def _show_parts(self, parts: Parts) -> None:
        """For what a page shows of its parts beside the list."""

    def _show_rows(self, rows: object) -> None:
        assert isinstance(rows, SineRows | AnchorRows)
        self.rows.set_rows(rows)

    def _show_failure(self, sentence: str, _details: str) -> None:
        self.rows.expect(False)
        self.note.setText(sentence)


class SinesPanel(ArtificialPanel):
    """Sums of sines: frequencies are dragged into the list (Fig. 9.6)."""

    def __init__(self, session: Session, service: StreetService) -> None:
        parts = ArtificialParts(session.undo_stack, START.sines, most=MOST_SINES)
        rows = WholeRows("Drag frequencies into the list: each adds a row here", SINE_ROW)
        super().__init__(session, service, parts, "sines", rows)
        entries = [(f"frequency {f}", f, "") for f in range(1, 11)]
        self.palette_list = PartPalette(entries)
        self.palette_list.setObjectName("sines_palette")
        self.palette_list.setToolTip("Drag into the list below, or press Enter to add")
        self.palette_list.add_asked.connect(self._add)
        self.list.dropped.connect(self._add)
        self._lay_out(QLabel("<b>Frequencies</b>"), self.palette_list, QLabel("<b>Composed of</b>"))
        self._begin()

    def _with_parts(self, wholes: Wholes) -> Wholes:
        return replace(wholes, sines=tuple(p for p in self.parts.parts if isinstance(p, Sine)))

    def _kept(self) -> Parts:
        return self._session.wholes.sines

    def _add(self, frequency: int) -> None:
        self.parts.add(Sine(frequency))


class AnchorsPanel(ArtificialPanel):
    """Colour anchors: colours are dropped onto a square, at their place (Fig. 9.9, 9.10)."""

    def __init__(self, session: Session, service: StreetService) -> None:
        parts = ArtificialParts(session.undo_stack, START.anchors, most=MOST_ANCHORS)
        rows = WholeRows("Put colours on the square: each adds a row here", IMAGE_ROW)
        super().__init__(session, service, parts, "anchors", rows)
        entries = [
            (name, place, code)
            for place, (name, code) in enumerate(zip(COLOUR_NAMES, COLOUR_CODES, strict=True))
        ]
        self.palette_list = PartPalette(entries)
        self.palette_list.setObjectName("anchors_palette")
        self.palette_list.setToolTip("Drag onto the square; Enter puts it at the middle")
        self.palette_list.setMaximumHeight(5 * 24 + 8)
        self.canvas = AnchorCanvas()
        self.canvas.setObjectName("anchors_canvas")
        self.list.setMaximumHeight(9 * self.fontMetrics().height())
        self.palette_list.add_asked.connect(lambda colour: self._add(colour, 0.5, 0.5))
        self.list.dropped.connect(lambda colour: self._add(colour, 0.5, 0.5))
        self.canvas.placed.connect(self._add)
        self.canvas.moved.connect(self.parts.move)
        self.canvas.removed.connect(self.parts.remove)
        self._lay_out(
            QLabel("<b>Colours</b>"), self.palette_list, self.canvas, QLabel("<b>Composed of</b>")
        )
        self._begin()

    def _with_parts(self, wholes: Wholes) -> Wholes:
        return replace(wholes, anchors=tuple(p for p in self.parts.parts if isinstance(p, Anchor)))

    def _kept(self) -> Parts:
        return self._session.wholes.anchors

    def _add(self, colour: int, across: float, down: float) -> None:
        chosen = self.palette_list.value if colour < 0 else colour
        self.parts.add(Anchor(chosen, across, down))

    def _show_parts(self, parts: Parts) -> None:
        self.canvas.set_parts(parts)

    def _show_rows(self, rows: object) -> None:
        super()._show_rows(rows)
        if isinstance(rows, AnchorRows) and rows.parts == self.parts.parts:
            self.canvas.set_image(to_image(rows.true[-1]))


def _said(tree: Tree, count: int, most: int) -> str:
    """What draws these wholes, and whether there is room for more."""
    provenance = tree.get("provenance")
    steps = provenance.get("steps") if isinstance(provenance, dict) else None
    trained = f"{steps:,} steps of training" if isinstance(steps, int) else "training unknown"
    full = f" {most} parts at most: the model has seen no larger wholes." if count >= most else ""
    return f"Drawn from “{tree.get('name')}”, {trained}.{full}"
