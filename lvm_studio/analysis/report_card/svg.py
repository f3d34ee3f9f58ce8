"""A figure of a card as inline SVG: lines or steps, a band, two axes. For white paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from lvm_studio.analysis.report_card.card import Figure

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 28, 44
INK, MUTED, GRID, BAND = "#1B1F24", "#5B6570", "#E3E7EB", "#DDE2E8"
COLOURS = {"real": INK, "generated": "#0072B2", "rival": "#E69F00"}
DASHES = {"real": "", "generated": "6 3", "rival": "2 2"}
TICKS = 5


def chart(figure: Figure) -> str:
    """The figure as an `<svg>` element with title and description for those who cannot see it."""
    frame = _Frame.around(figure)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="11" fill="{MUTED}" '
        f'aria-label="{escape(figure.title)}: {escape(figure.y_label)}">',
        f"<title>{escape(figure.title)}</title><desc>{escape(figure.note)}</desc>",
        *_axes(figure, frame),
        _band(figure, frame),
        *(
            f'<path d="{frame.path(figure.x, series.y)}" fill="none" stroke-width="1.6" '
            f'stroke="{COLOURS[series.role]}" stroke-dasharray="{DASHES[series.role]}"/>'
            for series in figure.series
        ),
        *_legend(figure),
        "</svg>",
    ]
    return "".join(parts)


class _Frame:
    """Maps values to places on the paper."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.x, self.y = x, y

    @classmethod
    def around(cls, figure: Figure) -> _Frame:
        heights = [value for series in figure.series for value in series.y if value is not None]
        if figure.band is not None:
            heights += [
                value
                for edge in (figure.band.low, figure.band.high)
                for value in edge
                if value is not None
            ]
        low, high = min(heights, default=0.0), max(heights, default=1.0)
        low = 0.0 if 0.0 <= low < 0.6 * high else low
        room = 0.05 * (high - low) or 1.0
        return cls((figure.x[0], figure.x[-1]), (low if low == 0.0 else low - room, high + room))

    def across(self, value: float) -> float:
        low, high = self.x
        share = (value - low) / ((high - low) or 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def up(self, value: float) -> float:
        low, high = self.y
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def points(
        self, x: Sequence[float], y: Sequence[float | None]
    ) -> list[tuple[float, float] | None]:
        """Places on paper; None where a line is broken. Steps where x has one more than y."""
        if len(x) == len(y) + 1:
            x = [edge for ends in pairwise(x) for edge in ends]
            y = [value for value in y for _ in range(2)]
        return [
            None if value is None else (self.across(at), self.up(value))
            for at, value in zip(x, y, strict=True)
        ]

    def path(self, x: Sequence[float], y: Sequence[float | None]) -> str:
        words, drawing = [], False
        for point in self.points(x, y):
            if point is not None:
                words.append(f"{'L' if drawing else 'M'}{point[0]} {point[1]}")
            drawing = point is not None
        return "".join(words)


def _axes(figure: Figure, frame: _Frame) -> list[str]:
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = []
    for value in ticks(*frame.y):
        y = frame.up(value)
        lines.append(f'<path d="M{LEFT} {y}H{right}" stroke="{GRID}"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{label(value)}</text>')
    for value in ticks(*frame.x):
        x = frame.across(value)
        lines.append(f'<path d="M{x} {floor}v4" stroke="{MUTED}"/>')
        lines.append(f'<text x="{x}" y="{floor + 16}" text-anchor="middle">{label(value)}</text>')
    middle = (LEFT + right) / 2
    lines.append(f'<path d="M{LEFT} {floor}H{right}" stroke="{MUTED}"/>')
    lines.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(figure.x_label)}</text>'
    )
    up = (TOP + floor) / 2
    lines.append(
        f'<text transform="translate(13 {up}) rotate(-90)" text-anchor="middle">'
        f"{escape(figure.y_label)}</text>"
    )
    return lines


def _band(figure: Figure, frame: _Frame) -> str:
    if figure.band is None:
        return ""
    low = frame.points(figure.x, figure.band.low)
    high = frame.points(figure.x, figure.band.high)
    shapes, run = [], list[tuple[tuple[float, float], tuple[float, float]]]()
    for below, above in [*zip(low, high, strict=True), (None, None)]:
        if below is not None and above is not None:
            run.append((below, above))
        elif run:
            outline = [*(pair[1] for pair in run), *(pair[0] for pair in reversed(run))]
            shapes.append("M" + "L".join(f"{x} {y}" for x, y in outline) + "Z")
            run = []
    return f'<path d="{"".join(shapes)}" fill="{BAND}"/>'


def _legend(figure: Figure) -> list[str]:
    """In the order of the lines, above the frame."""
    marks, x = [], LEFT
    for series in figure.series:
        dash, colour = DASHES[series.role], COLOURS[series.role]
        marks.append(
            f'<path d="M{x} 14h22" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
            f'<text x="{x + 27}" y="18" fill="{INK}">{escape(series.name)}</text>'
        )
        x += 46 + 6 * len(series.name)
    if figure.band is not None:
        marks.append(
            f'<rect x="{x}" y="9" width="22" height="10" fill="{BAND}"/>'
            f'<text x="{x + 27}" y="18" fill="{INK}">{escape(figure.band.name)}</text>'
        )
    return marks


def ticks(low: float, high: float) -> list[float]:
    """About five round values (1, 2 or 5 x a power of ten apart) from low to high.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    rough = max(high - low, 1e-12) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def label(value: float) -> str:
    """A tick's text.

    >>> label(-0.5), label(20.0)
    ('−0.5', '20')
    """
    return f"{value:g}".replace("-", "−")
