"""A fixed whole as the model drew it at checkpoints of its training, side by side (Fig. 9.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.compose.whole_rows import to_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.data.tree import Tree

HEAD, BOX, FOOT, GAP = 24, 76, 20, 8
WIDE = 130
TITLE = {
    "anchors": "Through training: red, blue and white, their parts at the means of p(w | label)",
    "sines": "Through training: frequencies 1, 3 and 4, their parts at the means of p(w | label)",
}


class TrainingStrip(QWidget):
    """Paints the wholes that a model's history holds, or says how to get them.

    Args:
        kind: "anchors" or "sines".
        recipe: the title of the recipe that trains such a model.
    """

    def __init__(self, kind: str, recipe: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self.hint = (
            "What this model drew while it learned is not in its file: train the recipe "
            f"“{recipe}” on the Train page, and it is shown here."
        )
        self.steps: list[int] = []
        self._wholes: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "One composition, decoded at six moments of the training (the model's history)"
        )

    def set_model(self, tree: Tree) -> None:
        """Show the history of this stored model."""
        history = tree.get("history")
        known = history if isinstance(history, dict) else {}
        steps, wholes = known.get("whole_step"), known.get("wholes")
        if isinstance(steps, np.ndarray) and isinstance(wholes, np.ndarray):
            self.steps, self._wholes = [int(step) for step in steps], wholes
        else:
            self.steps, self._wholes = [], np.zeros((0, 0), np.float32)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(640, HEAD + BOX + FOOT if self.steps else 2 * HEAD)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(theme().colours.muted))
            if not self.steps:
                flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(self.rect().adjusted(GAP, 0, -GAP, 0), flags, self.hint)
            else:
                painter.drawText(QPointF(GAP, HEAD - 8), TITLE[self._kind])
                for place, step in enumerate(self.steps):
                    self._one(painter, place, step)

    def _one(self, painter: QPainter, place: int, step: int) -> None:
        room = (self.width() - GAP) / len(self.steps) - GAP
        across = BOX if self._kind == "anchors" else min(WIDE, room)
        box = QRectF(GAP + place * (max(across, 70) + GAP), HEAD, across, BOX)
        whole = self._wholes[place]
        if self._kind == "anchors":
            side = round((len(whole) / 3) ** 0.5)
            painter.drawImage(box, to_image(whole.reshape(3, side, side).transpose(1, 2, 0)))
        else:
            x = np.linspace(box.left(), box.right(), len(whole))
            y = box.center().y() - whole / 3.3 * (BOX / 2)  # three sines are bounded by 3
            painter.setPen(QPen(QColor(theme().colours.accent), 1.2))
            painter.drawPolyline(
                QPolygonF([QPointF(*at) for at in zip(x.tolist(), y.tolist(), strict=True)])
            )
        painter.setPen(QColor(theme().colours.muted))
        painter.drawRect(box)
        foot = QRectF(box.left(), box.bottom(), max(across, 70), FOOT)
        painter.drawText(foot, Qt.AlignmentFlag.AlignVCenter, f"step {step:,}")
