"""The street that a workspace shows, as curves or as a figure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lvm_studio.analysis.fan import make_fan
from lvm_studio.data.errors import DataError
from lvm_studio.headless.compose import describe, describe_fan, open_street
from lvm_studio.headless.places import check_place
from lvm_studio.headless.workspaces import page_of
from lvm_studio.storage import curves as curves_file
from lvm_studio.storage import workspace as workspace_file
from lvm_studio.storage.tables import SUFFIXES

if TYPE_CHECKING:
    from lvm_studio.analysis.fan import Fan

FIGURES = (".svg", ".png", ".pdf")
FIGURE_SIZE = (1000, 560)


def run(path: Path, out: Path) -> dict[str, Any]:
    """Write the base curves or their fan, by the suffix of `out`."""
    if out.suffix not in (*SUFFIXES, *FIGURES):
        raise DataError(
            f"{out.name}: curves are written as .csv or .parquet, figures as .svg, .png or .pdf."
        )
    check_place(out)
    from lvm_studio.models.street import draw_curves

    workspace = workspace_file.load(path)
    opened = open_street(workspace, page_of(workspace), path.name)
    curves = draw_curves(opened.space, opened.state.samples, opened.state.seed)
    fan = make_fan(curves, opened.start, opened.measured_kw)
    if out.suffix in FIGURES:
        write_figure(fan, opened.state.show_curves, out)
    else:
        curves_file.write_curves(out, opened.start, curves)
    return {**describe(opened), **describe_fan(fan), "out": str(out)}


def write_figure(fan: Fan, shown: int, out: Path) -> None:
    """Draw a fan as the window does, in the light theme, without opening a window."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from lvm_studio.studio.figures import export_figure, largest_plot
    from lvm_studio.studio.theme import LIGHT, theme
    from lvm_studio.studio.widgets.fan.fan_plot import FanPlot

    application = QApplication.instance() or QApplication([])
    plot = FanPlot(LIGHT)
    plot.resize(*FIGURE_SIZE)
    plot.set_shown(shown)
    plot.set_fan(fan)
    plot.grab()  # lays everything out, as showing it would
    application.processEvents()
    view = largest_plot(plot)
    if view is None:
        raise DataError("The figure could not be drawn.")
    export_figure(view, out, theme())
    plot.close()
