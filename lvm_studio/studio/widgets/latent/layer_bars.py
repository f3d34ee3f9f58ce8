"""Information by layer of a chain of latent variables: dead layers are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lvm_studio.studio.theme import theme

DEAD_BITS: Final = 0.05
PADDING: Final = 4
TIP = (
    "Information by layer of the chain p(x | z_L) … p(z_2 | z_1) p(z_1), in bits a vector: mean "
    "KL(q(z_l | z_l-1, x) ‖ p(z_l | z_l-1)) over the observations of the map (Eq. 4.2, 4.3). Layer "
    f"1 is the top. Below {DEAD_BITS} bits a layer says nothing: it is dead."
)


def words(bits: Sequence[float]) -> str:
    """The layers in one sentence.

    >>> words([2.04, 0.01])
    'Layers, top first: 2.04 and 0.01 bits; layer 2 is dead.'
    """
    told = [f"{b:.2f}" for b in bits]
    dead = [str(n) for n, b in enumerate(bits, start=1) if b < DEAD_BITS]
    amounts = " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
    if not dead:
        return f"Layers, top first: {amounts} bits; none is dead."
    names = " and ".join([", ".join(dead[:-1]), dead[-1]]) if len(dead) > 1 else dead[0]
    return (
        f"Layers, top first: {amounts} bits; layer{'s' * (len(dead) > 1)} {names} "
        f"{'are' if len(dead) > 1 else 'is'} dead."
    )


class LayerBars(QWidget):
    """One bar a layer, the top one first; hidden for models without a chain."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bits: tuple[float, ...] = ()
        self._sizes: tuple[int, ...] = ()
        self.setObjectName("latent_layers")
        self.setToolTip(TIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)
        self.hide()

    def show_layers(self, sizes: Sequence[int], bits: Sequence[float]) -> None:
        """Show layers of so many dimensions and bits; none: hide."""
        self.bits, self._sizes = tuple(map(float, bits)), tuple(sizes)
        self.setVisible(bool(self.bits))
        self.setAccessibleName(words(self.bits) if self.bits else "Layers")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each layer."""
        return QSize(200, len(self.bits) * self._line() + PADDING)

    def _line(self) -> int:
        return self.fontMetrics().lineSpacing() + PADDING

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, bits; a dead layer stands out."""
        colours = theme().colours
        with QPainter(self) as painter:
            metrics, line = self.fontMetrics(), self._line()
            names = [f"layer {n}, {size} dim." for n, size in enumerate(self._sizes, start=1)]
            said = [f"{b:.2f} bits" + ", dead" * (b < DEAD_BITS) for b in self.bits]
            left = max(map(metrics.horizontalAdvance, names), default=0) + 2 * PADDING
            right = max(map(metrics.horizontalAdvance, said), default=0) + 2 * PADDING
            room = max(self.width() - left - right, 1)
            most = max((*self.bits, 1e-9))
            for row, (name, bits, text) in enumerate(zip(names, self.bits, said, strict=True)):
                dead = bits < DEAD_BITS
                box = QRectF(0, row * line, left, line)
                painter.setPen(QColor(colours.tuned if dead else colours.text))
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
                length = max(room * bits / most, 1.0)
                fill = QColor(colours.tuned if dead else colours.accent)
                painter.fillRect(
                    QRectF(left, row * line + PADDING, length, line - 2 * PADDING), fill
                )
                end = QRectF(left + length + PADDING, row * line, right, line)
                painter.drawText(end, Qt.AlignmentFlag.AlignVCenter, text)
