"""An axis of UTC times for a week: days with their weekday, hours when there is room."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

DAY_SECONDS = 86_400
HOUR_STEPS = (1, 3, 6, 12)
PIXELS_PER_HOUR_LABEL = 26
PIXELS_WITH_MONTH, PIXELS_WITH_DATE = 78, 54
RIGHT_EDGE_PIXELS = 34
LEFT_EDGE_PIXELS = 40
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def seconds(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return times as seconds since the first of them, what the axis counts in.

    Since 1970 they would have ten digits; an SVG file keeps six.
    """
    return np.asarray((times - times[0]) / np.timedelta64(1, "s"))


def weekday_text(time: np.datetime64) -> str:
    """Return a moment within a week.

    >>> weekday_text(np.datetime64("2013-01-08T18:30"))
    'Tue 18:30'
    """
    moment = time.astype("datetime64[s]").item()
    return f"{WEEKDAYS[moment.weekday()]} {moment:%H:%M}"


class WeekAxis(pg.AxisItem):
    """Bottom axis: “Mon 7 Jan” at each midnight and, zoomed in, the hours (UTC)."""

    def __init__(self) -> None:
        super().__init__(orientation="bottom")
        # labels at the very left may hang over the plot's edge; those at the right are left out
        self.setStyle(hideOverlappingLabels=LEFT_EDGE_PIXELS)
        self.enableAutoSIPrefix(False)
        self._start = 0
        """Seconds since 1970 UTC where the axis counts 0."""

    def set_start(self, time: np.datetime64) -> None:
        """Count from this moment on."""
        start = int(time.astype("datetime64[s]").astype(np.int64))
        if start != self._start:
            self._start = start
            self.picture = None
            self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        pixels_per_day = size * DAY_SECONDS / max(high - low, 1.0)
        days = self._multiples(low, high, DAY_SECONDS)
        levels = [(float(DAY_SECONDS), days)]
        for hours in HOUR_STEPS:
            if pixels_per_day * hours / 24 >= PIXELS_PER_HOUR_LABEL:
                steps = set(self._multiples(low, high, hours * 3600)) - set(days)
                levels.append((hours * 3600.0, sorted(steps)))
                break
        return levels

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if spacing < DAY_SECONDS:
            return [f"{self._moment(value):%H}" for value in values]
        pixels_per_second = self.size().width() / max(self.range[1] - self.range[0], 1.0)
        room = pixels_per_second * DAY_SECONDS
        last = self.range[1] - RIGHT_EDGE_PIXELS / pixels_per_second
        return [_day_text(self._moment(v), room) if v <= last else "" for v in values]

    def _multiples(self, low: float, high: float, step: int) -> list[float]:
        """Full days or hours in this range."""
        first = int(np.ceil((low + self._start) / step)) * step - self._start
        return [float(value) for value in range(first, int(np.floor(high)) + 1, step)]

    def _moment(self, value: float) -> datetime:
        return datetime.fromtimestamp(self._start + value, UTC)


def _day_text(time: datetime, room: float) -> str:
    """Weekday, with date and month where `room` (pixels a day) allows."""
    weekday = WEEKDAYS[time.weekday()]
    if room < PIXELS_WITH_DATE:
        return weekday
    return f"{weekday} {time.day}" + (f" {time:%b}" if room >= PIXELS_WITH_MONTH else "")
