"""Inference graphs…: a generative graph is typed or drawn, and what NaMI makes of it (4.1)."""

from __future__ import annotations

from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.data.errors import DataError
from lvm_studio.studio.theme import SKY_BLUE, theme
from lvm_studio.studio.widgets.dressed import dressed, label_for

if TYPE_CHECKING:
    from lvm_studio.models.inference_graphs import GenerativeGraph

EXAMPLE = "z1 -> z2; z1 -> z3; z2 -> x1; z3 -> x1; z3 -> x2"
TITLES = ("Generative graph", "Moral skeleton", "Forward inference", "Reverse inference")
SIZE = (900, 640)
REACH = 0.2
INK = "#1B1F24"
DRAWING = (
    "Drag from one variable to another: an arrow more, or one less. From or to an empty place: "
    "a new variable."
)


def prepare() -> None:
    """Begin to load networkx while a person is still on the way to the dialog.

    It takes a fifth of a second, which the window would otherwise stand still for.
    """
    module = "lvm_studio.models.inference_graphs"
    Thread(target=import_module, args=(module,), daemon=True).start()


class GraphPlot(pg.PlotWidget):
    """One graph; observed variables are filled, arrows point from parent to child.

    Signals:
        dragged(begin, end): the pointer went from one variable to another; '' for an empty place.
    """

    dragged = Signal(str, str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setAccessibleName(title)
        for axis in ("left", "bottom"):
            self.hideAxis(axis)
        self.setAspectLocked(True)  # or arrow heads would lean
        self.setRange(xRange=(-1.3, 1.3), yRange=(-1.3, 1.3))
        self._places: dict[str, Any] = {}
        self._begin = ""

    def _variable(self, event: QMouseEvent) -> str:
        """The variable under the pointer, '' where there is none."""
        at = self.getPlotItem().vb.mapSceneToView(self.mapToScene(event.position().toPoint()))
        here = np.array([at.x(), at.y()])
        near = [n for n, place in self._places.items() if np.hypot(*(place - here)) < REACH]
        return near[0] if near else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag begins."""
        self._begin = self._variable(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Nothing moves until the pointer is let go of."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A drag that ends elsewhere draws an arrow."""
        end = self._variable(event)
        if end != self._begin:
            self.dragged.emit(self._begin, end)

    def show_graph(self, graph: Any, places: dict[str, Any], observed: frozenset[str]) -> None:
        """Draw a networkx graph with its nodes at these places."""
        colours, plot = theme().colours, self.getPlotItem()
        plot.clear()
        self.setBackground(colours.plot)
        self.setTitle(self._title, color=colours.text, size="9pt")
        self._places = {name: np.asarray(place) for name, place in places.items()}
        pen = pg.mkPen(colours.muted, width=1)
        for begin, end in graph.edges:
            a, b = np.asarray(places[begin]), np.asarray(places[end])
            plot.addItem(pg.PlotCurveItem(*np.stack([a, b], axis=1), pen=pen))
            if graph.is_directed():
                across, up = b - a
                tip = b - 0.16 * (b - a) / max(float(np.hypot(across, up)), 1e-9)
                angle = float(np.degrees(np.arctan2(up, -across)))
                arrow = pg.ArrowItem(angle=angle, headLen=12, brush=colours.muted, pen=pen)
                arrow.setPos(*tip)
                plot.addItem(arrow)
        names = list(places)
        dots = pg.ScatterPlotItem(
            pos=np.array([places[name] for name in names]),
            size=30,
            pen=pg.mkPen(colours.text),
            brush=[pg.mkBrush(SKY_BLUE if n in observed else colours.plot) for n in names],
        )
        plot.addItem(dots)
        for name in names:
            ink = INK if name in observed else colours.text  # both themes fill with the same blue
            label = pg.TextItem(name, color=ink, anchor=(0.5, 0.5))
            label.setPos(*places[name])
            plot.addItem(label)


class GraphsDialog(QDialog):
    """Type arrows; the four graphs follow with every change that can be read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("graphs_dialog")
        self.setWindowTitle("Inference graphs")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self.arrows = dressed(QLineEdit(EXAMPLE), objectName="graph_arrows")
        self.observed = dressed(
            QLineEdit(), objectName="graph_observed", placeholderText="those that begin with x"
        )
        self.arrows.setToolTip("Arrows from cause to effect: z1 -> z2 -> x; z1 -> x")
        self.observed.setToolTip("Names of the observed variables, with commas between")
        self.told = QLabel(wordWrap=True)
        self.plots = tuple(GraphPlot(title) for title in TITLES)
        grid = QGridLayout()
        for place, plot in enumerate(self.plots):
            grid.addWidget(plot, *divmod(place, 2))
        layout = QVBoxLayout(self)
        for field, text in ((self.arrows, "&Arrows"), (self.observed, "&Observed")):
            layout.addWidget(label_for(field, text))
            layout.addWidget(field)
            field.textChanged.connect(self._follow)
        self.plots[0].setToolTip(DRAWING)
        self.plots[0].dragged.connect(self._draw)
        layout.addWidget(self.told)
        layout.addLayout(grid, 1)
        theme().changed.connect(self._follow)
        self._follow()

    def _draw(self, begin: str, end: str) -> None:
        """An arrow more, or one less where it was there; empty places make new variables."""
        try:
            graph = self._graph()
        except DataError:
            return
        edges, names = list(graph.directed.edges), set(graph.directed)
        new = next(f"z{n}" for n in range(1, len(names) + 2) if f"z{n}" not in names)
        arrow = (begin or new, end or new)
        drawn = [edge for edge in edges if edge != arrow]
        if len(drawn) == len(edges):
            drawn.append(arrow)
        self.arrows.selectAll()  # inserting, unlike setting, can be undone in the field
        self.arrows.insert("; ".join(f"{a} -> {b}" for a, b in drawn))

    def _graph(self) -> GenerativeGraph:
        from lvm_studio.models.inference_graphs import GenerativeGraph

        return GenerativeGraph.parse(self.arrows.text(), observed=self.observed.text())

    def _follow(self, *_changed: object) -> None:
        """Draw what is typed, in the colours in force."""
        try:
            graph = self._graph()
        except DataError as error:
            self.told.setText(str(error))
            return
        directed, places = graph.directed, laid_out(graph.directed)
        forward, reverse = graph.inference("forward"), graph.inference("reverse")
        drawn = (directed, graph.moral_skeleton(), forward, reverse)
        for plot, one in zip(self.plots, drawn, strict=True):
            plot.show_graph(one, places, graph.observed)
        self.told.setText(
            f"Latent: {', '.join(graph.latent)}. Observed: {', '.join(sorted(graph.observed))}. "
            f"Edges: {directed.number_of_edges()} in p, {forward.number_of_edges()} in q forward, "
            f"{reverse.number_of_edges()} in q reverse; both are faithful to p."
        )


def laid_out(directed: Any) -> dict[str, Any]:
    """Places [2] of a networkx graph's variables in −1 to 1, causes above what they cause."""
    import networkx as nx

    layers = list(nx.topological_generations(directed))
    subsets = {str(n): list(layer) for n, layer in enumerate(layers)}
    places = nx.multipartite_layout(directed, subset_key=subsets, align="horizontal")
    low, high = (f(list(places.values()), axis=0) for f in (np.min, np.max))
    span = np.maximum(high - low, 1e-9)
    even = {
        name: np.where(high - low < 1e-6, 0.0, 2 * (at - low) / span - 1) * (1, -1)
        for name, at in places.items()
    }
    # Three in a row would hide an edge that skips the middle one.
    return {
        name: at + 0.12 * np.array([np.sin(5.0 * i), 0.0])
        for i, (name, at) in enumerate(even.items())
    }
