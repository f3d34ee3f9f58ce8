"""Judging a latent space on one page: held-out examples, prior checks, a tighter bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.studio.numerals import percent, with_decimals
from lvm_studio.studio.theme import theme
from lvm_studio.studio.time_left import TimeLeft
from lvm_studio.studio.widgets.colours import mix
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.latent.curve_strip import CurveStrip, StripCells
from lvm_studio.studio.widgets.latent.decoded_vector import image_side
from lvm_studio.studio.widgets.latent.layer_bars import LayerBars

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.judging import Example, PriorCheck
    from lvm_studio.analysis.latent.space import LatentCloud

SHOWN = 3
KS_WARNING = 0.15
HINT = "Judge: held-out observations beside their reconstructions and residuals will appear here."
COLUMNS = ("bits", "active", "KS", "mean", "var.")
TIPS = (
    "Mean KL(q(u_i|x) ‖ p) over the observations of the map.",
    "Variance of the posterior mean above 0.01 (Burda et al. 2016).",
    "Kolmogorov-Smirnov: largest distance of both distribution functions; 0 if they are alike.",
    "Mean of the aggregated posterior; the prior's is 0.",
    "Variance of the aggregated posterior; the prior's is 1.",
)


class JudgingPage(QWidget):
    """Shows what was judged; asks to judge and to stop."""

    asked = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.judge = dressed(QPushButton("J&udge"), toolTip="Reconstruct held-out observations")
        self.judge.setObjectName("latent_judge")
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self._clock = TimeLeft()
        self.about = QLabel(" ", wordWrap=True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.layers = LayerBars()
        self.strip = CurveStrip(HINT)
        self.table = QTableWidget(0, len(COLUMNS))
        self._build()
        self.set_busy(None)

    def _build(self) -> None:
        for column, (title, tip) in enumerate(zip(COLUMNS, TIPS, strict=True)):
            head = QTableWidgetItem(title)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, head)
        self.table.setTabKeyNavigation(False)  # as in tables by rows: Tab would never leave it
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 4)
        self.table.setAccessibleName("Checks of each dimension")
        self.judge.clicked.connect(self.asked)
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout()
        row.addWidget(self.judge)
        row.addWidget(self.progress)
        row.addWidget(self.cancel)
        row.addWidget(self.about, 1)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(self.strip)
        split.addWidget(self.table)
        split.setSizes([260, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(row)
        layout.addWidget(self.layers)
        layout.addWidget(split, 1)

    def set_busy(self, share: float | None) -> None:
        """Show how far it is; None: at rest."""
        for widget in (self.progress, self.cancel):
            widget.setVisible(share is not None)
        self.judge.setVisible(share is None)
        if not share:
            self._clock.begin()
        left = self._clock.words(share or 0.0)
        self.progress.setFormat(f"%p % · {left}" if left else "%p %")
        self.progress.setValue(round(100 * (share or 0.0)))

    def show_checks(self, cloud: LatentCloud | None, check: PriorCheck | None) -> None:
        """One row a dimension, the most informative first."""
        if cloud is None or check is None:
            self.table.setRowCount(0)
            self.about.setText(" ")
            self.layers.show_layers((), ())
            self.strip.show_cells(None)
            return
        self.layers.show_layers(cloud.layers, cloud.layer_bits.tolist())
        order = cloud.order
        self.table.setRowCount(len(order))
        self.table.setVerticalHeaderLabels([cloud.names[i] for i in order])
        alarm = mix(theme().colours.plot, theme().colours.warning, 0.3)
        for row, i in enumerate(order):
            cells = (
                with_decimals(cloud.info_bits[i], 2),
                "yes" if cloud.active[i] else "no",
                f"{check.ks[i]:.3f}",
                with_decimals(check.mean[i], 2, "+"),
                f"{check.variance[i]:.2f}",
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                if COLUMNS[column] == "KS" and check.ks[i] > KS_WARNING:
                    item.setBackground(alarm)
                self.table.setItem(row, column, item)
        self.table.setMinimumWidth(self._table_width())
        active = int(cloud.active.sum())
        self.about.setText(
            f"{cloud.info_bits.sum():.1f} bits in {len(order)} dimensions, {active} active."
        )

    def _table_width(self) -> int:
        """Pixels that all columns, the scroll bar and the frame need."""
        table = self.table
        columns = table.horizontalHeader().length() + table.verticalHeader().sizeHint().width()
        return columns + table.verticalScrollBar().sizeHint().width() + 2 * table.frameWidth()

    def show_examples(self, cloud: LatentCloud, examples: Sequence[Example], samples: int) -> None:
        """The first few side by side, all of them in a sentence."""
        if not examples:
            return
        shown = examples[:SHOWN]
        rows = [[e.x for e in shown], [e.mean for e in shown], [e.residual for e in shown]]
        side = 0 if cloud.unit else image_side(cloud.x.shape[1])
        self.strip.show_cells(
            StripCells(
                np.array(rows),
                ("x", "decoded", "residual"),
                tuple(e.title.split(",")[0] for e in shown),
                np.zeros(cloud.x.shape[1]),
                "held out",
                unit=cloud.unit,
                along="Mon to Sun" if cloud.unit else "coordinates",
                side=side,
            )
        )
        tight, elbo = (np.array([getattr(e, name) for e in examples]) for name in ("tight", "elbo"))
        error = tight.std() / max(np.sqrt(len(tight)), 1.0)
        covered = float(np.mean([e.covered for e in examples]))
        ess = float(np.median([e.ess_share for e in examples]))
        active = int(cloud.active.sum())
        told = (
            f"{cloud.info_bits.sum():.1f} bits in {len(cloud.names)} dimensions, {active} active. "
            f"{len(examples)} held out: log p(x) ≥ {tight.mean():,.1f} ± {error:,.1f} nats with "
            f"{samples} draws weighted by importance (one draw: {elbo.mean():,.1f}; median ESS "
            f"{percent(ess, 1)}); {percent(covered)} of the coordinates within the 80 % band of "
            "the mean."
        )
        self.about.setText(told.replace("-", "−"))  # no hyphens in it but signs
