"""The axis of every plot of numbers: values under a `Scale` (linear, logarithmic, symmetric log),
with true minus signs and without pyqtgraph's "×1e-3"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg

from lvm_studio.studio.numerals import format_value
from lvm_studio.studio.widgets.training.series import Scale

NICE = (1.0, 2.0, 5.0)
MIN_TICKS, MAX_TICKS = 3, 8


def nice_values(low: float, high: float) -> list[float]:
    """Round values (1, 2, 5 × 10ⁿ, both signs, and 0) in [low, high], ascending.

    >>> nice_values(-3.0, 12.0)[:4], nice_values(-3.0, 12.0)[-3:]
    ([-2.0, -1.0, -0.5, -0.2], [2.0, 5.0, 10.0])
    """
    largest = max(abs(low), abs(high), 1e-9)
    smallest = min(abs(low), abs(high)) if low * high > 0 else min(0.1, largest / 10)
    powers = range(int(np.floor(np.log10(max(smallest, 1e-9)))), int(np.log10(largest) + 2))
    sizes = [nice * 10.0**power for power in powers for nice in NICE]
    candidates = sorted([-size for size in sizes] + [0.0] + sizes)
    return [round(value, 12) for value in candidates if low <= value <= high]


def few(values: list[float]) -> list[float]:
    """As many of these as there is room for labels, evenly."""
    return values[:: -(-len(values) // MAX_TICKS)] if values else values


class ScaledAxis(pg.AxisItem):
    """An axis labelled in values while the plot works in the heights of a `Scale`."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.scale_kind = Scale()
        self.enableAutoSIPrefix(False)

    def set_scale(self, scale: Scale) -> None:
        """Label values under this scale from now on."""
        if scale != self.scale_kind:
            self.scale_kind = scale
            self.picture = None
            self.update()

    def tickValues(self, bottom: float, top: float, size: float) -> list[Any]:
        """Heights of the ticks; overrides pyqtgraph."""
        if self.scale_kind.kind == "linear":
            return super().tickValues(bottom, top, size)
        low, high = (float(v) for v in self.scale_kind.backward(np.array([bottom, top])))
        values = nice_values(low, high)
        if len(values) < MIN_TICKS:
            levels = super().tickValues(low, high, size)[:2]
            values = sorted(value for _, level in levels for value in level)
        values = few(values)
        heights = self.scale_kind.forward(np.array(values))
        return [(1.0, [float(height) for height in heights if np.isfinite(height)])]

    def logTickValues(self, bottom: float, top: float, size: float, ticks: list[Any]) -> list[Any]:
        """Of a plot in pyqtgraph's own log mode: 1, 2, 5 of each decade; overrides pyqtgraph."""
        values = few(nice_values(10.0**bottom, 10.0**top))
        if len(values) < MIN_TICKS:
            return list(super().logTickValues(bottom, top, size, ticks))
        return [(1.0, np.log10(values).tolist())]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Of a plot in pyqtgraph's own log mode: 20, not 2·10¹; overrides pyqtgraph."""
        return [format_value(float(10.0**value)) for value in values]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Values at the heights of the ticks; overrides pyqtgraph."""
        if self.scale_kind.kind == "linear":
            return [text.replace("-", "−") for text in super().tickStrings(values, scale, spacing)]
        return [format_value(float(v)) for v in self.scale_kind.backward(np.array(values))]


def plain_axes() -> dict[str, pg.AxisItem]:
    """Left and bottom axis for `pg.PlotWidget(axisItems=plain_axes())`."""
    return {side: ScaledAxis(side) for side in ("left", "bottom")}
