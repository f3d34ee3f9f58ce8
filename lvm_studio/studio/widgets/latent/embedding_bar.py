"""Parameters of a t-SNE before it is made, and how far it is while it forms."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QWidget,
)

from lvm_studio.analysis.latent.embedding import Embedding, EmbeddingSpec
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.dressed import dressed, label_for

SEARCHING = "Finding the neighbours of each point…"


class EmbeddingBar(QWidget):
    """Asks for an embedding with the parameters shown, to stop it, and to add held-out points."""

    start_asked = Signal(object)
    """EmbeddingSpec."""
    stop_asked = Signal()
    place_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        usual = EmbeddingSpec()
        self.perplexity = dressed(
            QDoubleSpinBox(), minimum=2.0, maximum=200.0, decimals=0, value=usual.perplexity
        )
        self.perplexity.setToolTip("How many neighbours count for a point")
        self.points = dressed(
            QSpinBox(), minimum=50, maximum=50_000, singleStep=500, value=usual.points
        )
        self.points.setGroupSeparatorShown(True)
        self.points.setToolTip("A random sample of at most so many points")
        self.iterations = dressed(
            QSpinBox(), minimum=10, maximum=5000, singleStep=100, value=usual.iterations
        )
        self.iterations.setToolTip("So many follow the 250 of early exaggeration")
        self.seed = dressed(QSpinBox(), maximum=10**9, toolTip="Of the random sample and the start")
        self.run = dressed(QPushButton("&Embed"), toolTip="Make the t-SNE with these parameters")
        self.run.setObjectName("latent_embed")
        self.stop = dressed(QPushButton("Stop"), toolTip="Keep it as it is now")
        self.place = dressed(
            QPushButton("Place others"),
            toolTip="Give points outside the sample their place; none of the old ones moves.\n"
            "Possible where the map holds more points than were embedded.",
        )
        self._left = TimeLeft()
        self.progress = dressed(QProgressBar(), textVisible=False, maximumHeight=8)
        self.about = QLabel("", wordWrap=True)
        self.about.setForegroundRole(MUTED)
        self._build()
        self.show_state(None, running=False)

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        fields = (
            (self.perplexity, "Perple&xity"),
            (self.points, "P&oints"),
            (self.iterations, "&Iterations"),
            (self.seed, "See&d"),
        )
        for place, (field, title) in enumerate(fields):
            row, column = divmod(place, 2)
            grid.addWidget(label_for(field, title), row, 2 * column)
            grid.addWidget(field, row, 2 * column + 1)
        grid.addWidget(self.run, 2, 0, 1, 2)
        grid.addWidget(self.stop, 2, 0, 1, 2)
        grid.addWidget(self.place, 2, 2, 1, 2)
        grid.addWidget(self.progress, 3, 0, 1, 4)
        grid.addWidget(self.about, 4, 0, 1, 4)
        self.run.clicked.connect(lambda: self.start_asked.emit(self.spec))
        self.stop.clicked.connect(self.stop_asked)
        self.place.clicked.connect(self.place_asked)

    @property
    def spec(self) -> EmbeddingSpec:
        """The parameters shown."""
        return EmbeddingSpec(
            perplexity=self.perplexity.value(),
            points=self.points.value(),
            iterations=self.iterations.value(),
            seed=self.seed.value(),
        )

    def show_state(self, embedding: Embedding | None, *, running: bool, others: int = 0) -> None:
        """Show how far it is; `others` points outside its sample could be placed on it."""
        for field in (self.perplexity, self.points, self.iterations, self.seed):
            field.setEnabled(not running)
        self.run.setVisible(not running)
        self.stop.setVisible(running)
        self.progress.setVisible(running)
        self.place.setEnabled(not running and others > 0)
        if embedding is None:
            self._left.begin()
            self.progress.setRange(0, 0)  # affinities first: nobody knows how long
            self.about.setText(
                "Finding the neighbours of each point…" if running else "Nothing is embedded yet."
            )
            return
        left = self._left.words(embedding.done / embedding.total) if running else ""
        self.progress.setRange(0, embedding.total)
        self.progress.setValue(embedding.done)
        self.about.setText(
            f"Random sample of {len(embedding.rows):,} (seed {embedding.spec.seed}), "
            f"{embedding.done} of {embedding.total} iterations, KL {embedding.kl:.2f}"
            + (f", {left}" if left else "")
        )
