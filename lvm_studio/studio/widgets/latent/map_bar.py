"""Which two dimensions the latent map shows, and what its points are coloured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QWidget,
)

from lvm_studio.studio.widgets.dressed import dressed, label_for

COMPONENT_PAIRS = ((0, 1), (2, 3))
AXES = "axes"
TSNE = "t-SNE"
SIZES = (2000, 10_000, 50_000)


class MapBar(QWidget):
    """Choices of the map; `changed` says that the person chose something else."""

    changed = Signal()
    size_changed = Signal(int)
    """So many observations are wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_choices()
        self._make_verbs()
        self._build()
        self.density.toggled.connect(self.changed)
        self.how_many.currentIndexChanged.connect(lambda: self.size_changed.emit(self.points))
        for combo in (self.kind, *self.axes, self.colour):
            combo.currentIndexChanged.connect(self._chosen)
        self._show_axes()

    def _make_choices(self) -> None:
        """What the axes are, and what a colour says."""
        self.kind = dressed(QComboBox(), toolTip="What the two axes of the map are")
        self.kind.setObjectName("latent_map_kind")
        for first, second in COMPONENT_PAIRS:
            title = f"Principal components {first + 1} and {second + 1}"
            self.kind.addItem(title, (first, second))
        self.kind.addItem("Two dimensions…", AXES)
        self.kind.addItem("t-SNE…", TSNE)
        self.axes = (QComboBox(), QComboBox())
        for name, combo in zip("xy", self.axes, strict=True):
            combo.setAccessibleName(f"Dimension along {name}")
            combo.setToolTip(f"Dimension along {name}; the most informative first")
        self.colour = dressed(
            QComboBox(), toolTip="What the colour of a point says about its real sum"
        )
        self.colour.setObjectName("latent_colour")

    def _make_verbs(self) -> None:
        self.snap = QCheckBox("Snap")
        self.snap.setToolTip(
            "A click takes all coordinates of the nearest real point, not only these two."
        )
        self.density = QCheckBox("De&nsity q ÷ p")
        self.density.setToolTip(
            "Orange: the prior is there, the aggregated posterior is not (a hole: weeks are drawn\n"
            "from it that the decoder never learned). Blue: it crowds there. log2 q/p, to ±3."
        )
        self.lasso = dressed(QToolButton(), text="Lasso", checkable=True)
        self.lasso.setToolTip("Drag an outline around points to select them (also: Shift and drag)")
        self.how_many = QComboBox()
        for size in SIZES:
            self.how_many.addItem(f"{size:,} points", size)
        self.how_many.setToolTip("How many observations are encoded, drawn at random")
        self.how_many.setAccessibleName("Number of points")
        self.export = QPushButton("Export")
        self.export.setToolTip("Coordinates of the points, or the curves decoded here")

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(label_for(self.kind, "Ma&p"), 0, 0)
        grid.addWidget(self.kind, 0, 1, 1, 2)
        grid.addWidget(self.axes[0], 1, 1)
        grid.addWidget(self.axes[1], 1, 2)
        grid.addWidget(label_for(self.colour, "&Colour"), 2, 0)
        grid.addWidget(self.colour, 2, 1, 1, 2)
        row = QHBoxLayout()
        for widget in (self.snap, self.density):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.how_many)
        row.addWidget(self.lasso)
        row.addWidget(self.export)
        grid.addLayout(row, 3, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)

    def set_choices(
        self, dimensions: Sequence[tuple[int, str]], columns: Mapping[str, str]
    ) -> None:
        """Offer dimensions (index, title), best first, and columns name → title."""
        for place, combo in enumerate(self.axes):
            with QSignalBlocker(combo):
                combo.clear()
                for index, title in dimensions:
                    combo.addItem(title, index)
                combo.setCurrentIndex(min(place, len(dimensions) - 1))
        if [self.colour.itemData(i) for i in range(self.colour.count())] != list(columns):
            with QSignalBlocker(self.colour):
                self.colour.clear()
                for name, title in columns.items():
                    self.colour.addItem(title, name)

    @property
    def points(self) -> int:
        """How many observations are wanted."""
        wanted: int = self.how_many.currentData()
        return wanted

    @property
    def embedded(self) -> bool:
        """Whether the map is a t-SNE."""
        return bool(self.kind.currentData() == TSNE)

    @property
    def pair(self) -> tuple[int, int] | None:
        """The principal components chosen, None for two dimensions."""
        data = self.kind.currentData()
        return None if data in (AXES, TSNE) else (data[0], data[1])

    @property
    def dimensions(self) -> tuple[int, int]:
        """The two dimensions chosen."""
        x, y = (combo.currentData() for combo in self.axes)
        return (x, y)

    @property
    def column(self) -> str:
        """The metadata column chosen; '' while there is none."""
        return self.colour.currentData() or ""

    def _chosen(self) -> None:
        self._keep_axes_apart()
        self._show_axes()
        self.changed.emit()

    def _keep_axes_apart(self) -> None:
        """A map of a dimension against itself is a line: the other axis gives way."""
        x, y = self.axes
        if x.count() < 2 or x.currentIndex() != y.currentIndex():
            return
        other = y if self.sender() is x else x
        with QSignalBlocker(other):
            other.setCurrentIndex((other.currentIndex() + 1) % other.count())

    def _show_axes(self) -> None:
        for combo in self.axes:
            combo.setVisible(self.pair is None and not self.embedded)
        self.density.setEnabled(not self.embedded)
