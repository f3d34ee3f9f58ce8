"""Figures of pages, drawn by matplotlib for white paper in colours that all eyes tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from lvm_studio.analysis.pages.page import PageFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1B1F24"
MUTED: Final = "#5B6570"
GRID: Final = "#E3E7EB"
OKABE_ITO: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
"""Okabe & Ito (2008), without the yellow that white paper swallows."""
SIZE: Final = (6.0, 3.6)
STYLE: Final[dict[Any, Any]] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "svg.fonttype": "path",  # looks the same everywhere
}


def draw(
    name: str,
    caption: str,
    paint: Callable[[Axes], None],
    data: Mapping[str, NDArray[Any]],
    size: tuple[float, float] = SIZE,
) -> PageFigure:
    """A figure of one pair of axes, which `paint` fills; `size` in inches.

    >>> import numpy as np
    >>> x = np.arange(3.0)
    >>> draw("line", "A line.", lambda axes: axes.plot(x, x), {"x": x}).svg[:4]
    '<svg'
    """
    return draw_panels(name, caption, lambda figure: paint(figure.add_subplot()), data, size)


def draw_panels(
    name: str,
    caption: str,
    paint: Callable[[Figure], None],
    data: Mapping[str, NDArray[Any]],
    size: tuple[float, float] = SIZE,
) -> PageFigure:
    """A figure that `paint` lays out itself: ``figure.subplots(1, 3)``; `size` in inches."""
    from cycler import cycler
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    own = {"axes.prop_cycle": cycler(color=OKABE_ITO), "svg.hashsalt": name}
    text = StringIO()
    with rc_context(STYLE | own):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Date", "Creator")))
    return PageFigure(name, caption, _inlined(text.getvalue(), caption), dict(data))


def _inlined(document: str, caption: str) -> str:
    """The `<svg>` element alone, named for those who cannot see it.

    Metadata name schemes by their addresses; the page shall mention no place it could load from.
    """
    svg = document[document.index("<svg") :].rstrip()
    before, found, rest = svg.partition("<metadata>")
    if found:
        svg = before + rest.partition("</metadata>")[2]
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
