"""What each dimension would do to the peak: one row a dimension, one column a criterion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from lvm_studio.studio.numerals import decimals_for, with_decimals
from lvm_studio.studio.theme import theme
from lvm_studio.studio.widgets.colours import mix

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.sensitivity import Sensitivity

STRONGEST = 0.55
TIP = (
    "[f(u + e_i) − f(u − e_i)] / 2 of the mean curve: what one standard deviation of the prior\n"
    "along this dimension adds to f where you stand."
)


class SensitivityTable(QTableWidget):
    """Effects per standard deviation; the deeper the colour, the larger within its column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("latent_sensitivity")
        self.setAccessibleName("Effect of each dimension on each criterion")
        self.setTabKeyNavigation(False)  # as in tables by rows: Tab would never leave it
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + 4)
        self.setToolTip(TIP)
        self._effects: Sensitivity | None = None
        self._names: Sequence[str] = ()
        self._order: Sequence[int] = ()
        theme().changed.connect(self._refresh)

    def show_effects(
        self, effects: Sensitivity | None, names: Sequence[str], order: Sequence[int]
    ) -> None:
        """Show the effects of the dimensions, in this order of theirs."""
        self._effects, self._names, self._order = effects, names, order
        self._refresh()

    def _refresh(self, *_: object) -> None:
        effects, names, order = self._effects, self._names, self._order
        if effects is None:
            self.setRowCount(0)
            return
        self.setColumnCount(len(effects.titles))
        self.setRowCount(len(order))
        self.setVerticalHeaderLabels([names[i] for i in order])
        self.setHorizontalHeaderLabels(
            [
                f"{title}\n{with_decimals(value, decimals_for(abs(value)))} {unit}".rstrip()
                for title, value, unit in zip(
                    effects.titles, effects.value, effects.units, strict=True
                )
            ]
        )
        colours, relative = theme().colours, effects.relative
        decimals = [decimals_for(float(largest)) for largest in abs(effects.effect).max(axis=0)]
        for row, i in enumerate(order):
            for column, unit in enumerate(effects.units):
                effect = float(effects.effect[i, column])
                text = with_decimals(effect, decimals[column], "+")
                item = QTableWidgetItem(f"{text} {unit}".rstrip())
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                strength = STRONGEST * abs(float(relative[i, column]))
                tint = colours.tuned if effect > 0 else colours.base
                item.setBackground(mix(colours.plot, tint, strength))
                item.setToolTip(TIP)
                self.setItem(row, column, item)
