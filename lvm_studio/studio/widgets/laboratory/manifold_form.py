"""What the laboratory learns: a curve with noise around it, drawn by hand if wished, or a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.data.vectors.manifolds import Circle, Polyline, Sinusoid, Spiral
from lvm_studio.data.vectors.sets import VectorSet, read_points
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.dressed import label_for

SINUSOID, CIRCLE, SPIRAL, DRAWN, FILE = range(5)
KINDS = (
    ("Sinusoid", "Waves shorten and noise swells along it (Fig. 6.6 a)"),
    ("Circle", "Of radius 1: a Gaussian z must tear it once"),
    ("Spiral", "Two turns: only a small σ tells its arms apart"),
    ("Drawn by hand", "Press and drag on the plane; Draw begins another curve"),
    ("Points of a file", "A text file with two numbers in every row"),
)
FILE_DIMENSIONS = 2


class ManifoldForm(QGroupBox):
    """Chooses what is learned.

    Signals:
        changed(): another curve, noise or file.
        draw_asked(): the person wants to draw.
        open_asked(): the person wants to choose a file.
    """

    changed = Signal()
    draw_asked = Signal()
    open_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Data", parent)
        self.kind = QComboBox()
        self.kind.setObjectName("lab_data")
        for place, (title, tip) in enumerate(KINDS):
            self.kind.addItem(title)
            self.kind.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        self.sigma = QDoubleSpinBox(decimals=3, minimum=0.0, maximum=1.0, singleStep=0.01)
        self.sigma.setObjectName("lab_data_sigma")
        self.sigma.setKeyboardTracking(False)
        self.draw_button = QPushButton("Dra&w…")
        self.draw_button.setObjectName("lab_draw")
        self.draw_button.setToolTip(
            "Draw a curve on the plane with the mouse, or with the arrow keys and Enter"
        )
        self.open_button = QPushButton("&Open…")
        self.open_button.setObjectName("lab_open")
        self.open_button.setToolTip("A text file: one point a row, two numbers in every row")
        self._about = QLabel("", wordWrap=True)
        self._about.setForegroundRole(MUTED)
        self._path: tuple[tuple[float, float], ...] = ()
        self._vectors: VectorSet | None = None
        self._build()
        self.kind.currentIndexChanged.connect(self._choose)
        self.sigma.valueChanged.connect(self.changed)
        self.draw_button.clicked.connect(self.draw_asked)
        self.open_button.clicked.connect(self.open_asked)
        self._choose(SINUSOID)

    def _build(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(8, 4, 8, 6)
        form.setVerticalSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.kind, 1)
        row.addWidget(self.draw_button)
        row.addWidget(self.open_button)
        form.addRow(label_for(self.kind, "C&urve"), row)
        form.addRow(label_for(self.sigma, "Noise s"), self.sigma)
        form.addRow(self._about)

    @property
    def vectors(self) -> VectorSet | None:
        """The points of a file, if these are to be learned."""
        return self._vectors if self.kind.currentIndex() == FILE else None

    @property
    def path(self) -> tuple[tuple[float, float], ...]:
        """The curve that was drawn last; () before."""
        return self._path

    def manifold(self) -> Sinusoid | Circle | Spiral | Polyline | None:
        """The curve to be learned; None where points of a file are, or nothing is there yet."""
        kind, s = self.kind.currentIndex(), self.sigma.value()
        if kind == SINUSOID:
            return Sinusoid(sigma=max(s, 1e-4), sigma_high=max(8 * s, 1e-4))
        if kind == DRAWN:
            return Polyline(points=self._path, sigma=s) if self._path else None
        return {CIRCLE: Circle, SPIRAL: Spiral}[kind](sigma=s) if kind != FILE else None

    def set_path(self, path: tuple[tuple[float, float], ...]) -> None:
        """Learn this curve from now on; () forgets it."""
        self._path = path
        self._show_kind(DRAWN)

    def open(self, path: Path) -> None:
        """Learn the points of this file.

        Raises:
            DataError: it cannot be read, or holds no points in the plane.
        """
        found = read_points(path)
        if found.dim != FILE_DIMENSIONS:
            raise DataError(
                f"{path.name} has {found.dim} columns; the laboratory shows a plane: give two."
            )
        self._vectors = found
        self._show_kind(FILE)

    def _show_kind(self, kind: int) -> None:
        if self.kind.currentIndex() == kind:
            self._choose(kind)
        else:
            self.kind.setCurrentIndex(kind)

    def _choose(self, kind: int) -> None:
        self.draw_button.setVisible(kind == DRAWN)
        self.open_button.setVisible(kind == FILE)
        self.sigma.setEnabled(kind != FILE)
        self.sigma.blockSignals(True)
        self.sigma.setValue(0.01 if kind == SINUSOID else 0.03)
        self.sigma.blockSignals(False)
        self.sigma.setToolTip(
            "Deviation of the data around the curve, in its unit; along the sinusoid it swells "
            "from this to 8 times this"
        )
        count = len(self._vectors) if self._vectors is not None else 0
        told = f"{self._vectors.name}: {count:,} points" if self._vectors is not None else ""
        self._about.setText(told if kind == FILE and told else KINDS[kind][1])
        self.changed.emit()
