"""A map of the latent space: where real sums lie, the prior's circles, and where one stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsPathItem, QLabel, QVBoxLayout, QWidget

from lvm_studio.studio.numerals import percent
from lvm_studio.studio.theme import MUTED, Colours, theme
from lvm_studio.studio.widgets.colours import mix, veil
from lvm_studio.studio.widgets.latent.colour_scale import ColourScale
from lvm_studio.studio.widgets.latent.latent_canvas import Dots, MapCanvas, MapView
from lvm_studio.studio.widgets.latent.latent_overlays import (
    DensityImage,
    ellipse,
    inside,
    outline_path,
)
from lvm_studio.studio.widgets.latent.latent_points import PointsItem
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.density import PlaneDensity

PRIOR_SHARES = (0.5, 0.9)
TINY = 1e-9
ELLIPSE_SHARE = 0.9
NEAR = 0.5
"""Key S selects what is nearer than this share of the view's half height."""
HINT = "Choose a trained model, and real sums of households will be laid out here."


def prior_radius(share: float) -> float:
    """Radius of the disc that holds this share of a two-dimensional standard normal.

    >>> round(prior_radius(0.5), 3), round(prior_radius(0.9), 3)
    (1.177, 2.146)
    """
    return math.sqrt(-2.0 * math.log1p(-share))


@dataclass(frozen=True, eq=False)
class MapPoints:
    """What the map shows.

    Args:
        xy: [n, 2] positions.
        x_title, y_title: of the axes.
        origin: where u = 0 lies, the middle of the prior's circles.
        tips: [n] one line about each point.
        covariance: [n, 2, 2] of the posteriors in the plane, or None where there is no plane.
    """

    xy: Floats
    x_title: str
    y_title: str
    origin: tuple[float, float] = (0.0, 0.0)
    tips: tuple[str, ...] = ()
    covariance: Floats | None = None


class LatentMap(QWidget):
    """Points coloured by what is known of them; a click or a drag says where one wants to stand.

    Knows positions only: which coordinates they are, and what lies there, others know.
    """

    picked = Signal(float, float)
    """Stand here (map coordinates)."""
    drag_ended = Signal()
    pin_asked = Signal(str)
    """Pin "A" or "B" where the marker stands."""
    selected = Signal(object)
    """Rows [m] of the points in the lasso."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: MapPoints | None = None
        self._scale: ColourScale | None = None
        self._marker_at = (0.0, 0.0)
        self.view = MapView()
        self.canvas = MapCanvas(self.view)
        self.canvas.setObjectName("latent_map")
        self._chosen: NDArray[np.bool_] | None = None
        self.points_item = PointsItem()
        self.density = DensityImage()
        self._posterior = pg.PlotCurveItem()
        self._lasso = QGraphicsPathItem()
        self._circles = [pg.PlotCurveItem() for _ in PRIOR_SHARES]
        self._circle_labels = [
            pg.TextItem(f"{percent(share)}", anchor=(0.5, 1)) for share in PRIOR_SHARES
        ]
        self._path = pg.PlotCurveItem()
        self._marker = Dots(size=16, symbol="+", pxMode=True)
        self._pins = {name: self._make_pin(name) for name in "AB"}
        self._hint = QLabel(HINT, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setForegroundRole(MUTED)
        self._about = QLabel(" ", textFormat=Qt.TextFormat.PlainText)
        self._about.setForegroundRole(MUTED)
        self._build()
        self._connect()
        self._set_colours(theme().colours)
        self._refresh()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._hint, 1)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self._about)
        curves = [*self._circles, *self._circle_labels, self._path, self._posterior]
        items = [self.density, self.points_item, *curves, self._lasso, self._marker]
        for depth, item in enumerate(items):
            item.setZValue(depth)
            self.canvas.addItem(item, ignoreBounds=True)

    def _make_pin(self, name: str) -> pg.TextItem:
        pin = pg.TextItem(name, anchor=(0.5, 0.5))
        pin.setZValue(20)
        pin.setVisible(False)
        self.canvas.addItem(pin, ignoreBounds=True)
        return pin

    def _connect(self) -> None:
        self.view.picked.connect(self.picked)
        self.view.drag_ended.connect(self.drag_ended)
        self.canvas.pin_asked.connect(self.pin_asked)
        self.canvas.key_moved.connect(self._walk)
        self.canvas.near_asked.connect(self._select_near)
        self.view.outlined.connect(self._outline)
        self.canvas.scene().sigMouseMoved.connect(self._tell_about)
        theme().changed.connect(self._set_colours)

    # what is shown

    def set_hint(self, hint: str) -> None:
        """What an empty map says."""
        self._hint.setText(hint)

    def show_points(self, points: MapPoints | None) -> None:
        """Lay these points out, or show the hint."""
        fit = points is not None and (
            self._points is None
            or (points.x_title, points.y_title) != (self._points.x_title, self._points.y_title)
            or len(points.xy) != len(self._points.xy)
            or (points.covariance is None and not self._holds_well(points.xy))
        )
        self._points = points
        self._about.setText(" ")  # what was told of a point is of those before
        self._show_posterior(None)
        self._refresh()
        if fit:
            self.fit()

    def set_scale(self, scale: ColourScale | None) -> None:
        """Colour the points; None: all alike."""
        self._scale = scale
        self._refresh()

    def set_marker(self, x: float, y: float) -> None:
        """Show where one stands."""
        self._marker_at = (x, y)
        self._marker.setData([x], [y])

    def set_pins(self, pins: dict[str, tuple[float, float]], path: Floats | None) -> None:
        """Show the pins there are, and the path [s, 2] between them."""
        for name, item in self._pins.items():
            item.setVisible(name in pins)
            if name in pins:
                item.setPos(*pins[name])
        self._path.setData(*(path.T if path is not None else np.empty((2, 0))))

    def _holds_well(self, xy: Floats) -> bool:
        """Whether all of a forming embedding is in view, and fills a third of it."""
        seen = np.array(self.view.viewRange())
        low, high = np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)
        inside = bool((seen[:, 0] <= low).all() and (high <= seen[:, 1]).all())
        return inside and bool(((high - low) >= (seen[:, 1] - seen[:, 0]) / 3).any())

    def fit(self) -> None:
        """Show all points and the outer circle; an embedding has a scale of its own and none."""
        if self._points is None:
            return
        x0, y0 = self._points.origin
        embedded = self._points.covariance is None
        reach = TINY if embedded else prior_radius(PRIOR_SHARES[-1]) * 1.15
        corners = np.array([[x0 - reach, y0 - reach], [x0 + reach, y0 + reach]])
        low, high = (
            f(np.vstack([self._points.xy, corners]), axis=0) for f in (np.nanmin, np.nanmax)
        )
        self.view.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=0.03)

    def _refresh(self) -> None:
        self._hint.setVisible(self._points is None)
        self.canvas.setVisible(self._points is not None)
        self._about.setVisible(self._points is not None)
        if self._points is None:
            return
        self.canvas.setLabel("bottom", escape(self._points.x_title))
        self.canvas.setLabel("left", escape(self._points.y_title))
        self._draw_points()
        self._draw_circles()

    def _draw_points(self) -> None:
        assert self._points is not None
        count = len(self._points.xy)
        colours, index = [QColor(theme().colours.muted)], np.zeros(count, dtype=np.int64)
        if self._scale is not None and len(self._scale.position) == count:
            colours, index = self._scale.shading()
        if self._chosen is not None and len(self._chosen) == count:
            pale = mix(theme().colours.grid, theme().colours.plot, 0.2)
            colours, index = [*colours, pale], np.where(self._chosen, index, len(colours))
        self.points_item.set_points(self._points.xy, colours, index)

    def _draw_circles(self) -> None:
        assert self._points is not None
        there_is_a_prior = self._points.covariance is not None
        for item in (*self._circles, *self._circle_labels):
            item.setVisible(there_is_a_prior)
        x0, y0 = self._points.origin
        angle = np.linspace(0.0, 2.0 * np.pi, 181)
        for share, circle, label in zip(
            PRIOR_SHARES, self._circles, self._circle_labels, strict=True
        ):
            radius = prior_radius(share)
            circle.setData(x0 + radius * np.cos(angle), y0 + radius * np.sin(angle))
            label.setPos(x0, y0 + radius)

    def show_density(self, density: PlaneDensity | None) -> None:
        """Show q against p behind the points, or nothing."""
        self.density.show_density(density, theme().colours)

    def show_selection(self, chosen: NDArray[np.bool_] | None) -> None:
        """Let the points that are not chosen fade; None: all alike."""
        self._chosen = chosen
        self._lasso.setPath(outline_path(np.empty((0, 2))))
        self._refresh()

    # what the person does

    def _outline(self, outline: Floats, finished: bool) -> None:
        self._lasso.setPath(outline_path(outline))
        if finished and self._points is not None:
            self.selected.emit(np.flatnonzero(inside(self._points.xy, outline)))

    def _select_near(self) -> None:
        if self._points is None:
            return
        reach = NEAR * self.view.viewRect().height() / 2
        far = np.hypot(*(self._points.xy - self._marker_at).T)
        self.selected.emit(np.flatnonzero(far <= reach))

    def _walk(self, dx: float, dy: float) -> None:
        self.picked.emit(self._marker_at[0] + dx, self._marker_at[1] + dy)
        self.drag_ended.emit()

    def _tell_about(self, position: QPointF) -> None:
        """Say what is known of the point under the pointer."""
        if self._points is None or not self._points.tips:
            return
        at = self.view.mapSceneToView(position)
        squared = ((self._points.xy - [at.x(), at.y()]) ** 2).sum(axis=1)
        nearest = int(squared.argmin())
        reach = 8 * self.view.viewPixelSize()[0]
        near = bool(squared[nearest] <= reach**2)
        self._about.setText(self._points.tips[nearest] if near else " ")
        self._show_posterior(nearest if near else None)

    def _show_posterior(self, row: int | None) -> None:
        """Draw where the posterior of this point holds 90 % of its mass in the plane."""
        outline = np.empty((2, 0))
        if row is not None and self._points is not None and self._points.covariance is not None:
            x, y = self._points.xy[row]
            radius = prior_radius(ELLIPSE_SHARE)
            outline = ellipse((float(x), float(y)), self._points.covariance[row], radius)
        self._posterior.setData(*outline)

    def _set_colours(self, colours: Colours) -> None:
        self.canvas.setBackground(colours.plot)
        for side in ("left", "bottom"):
            axis = self.canvas.getAxis(side)
            axis.setPen(pg.mkPen(colours.grid))
            axis.setTextPen(pg.mkPen(colours.muted))
        for circle, label in zip(self._circles, self._circle_labels, strict=True):
            circle.setPen(pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DashLine))
            label.setColor(colours.text)
            label.fill = pg.mkBrush(colours.plot)
        self.density.set_colours(colours)
        self._posterior.setPen(pg.mkPen(colours.text, width=1))
        self._lasso.setPen(pg.mkPen(colours.accent, width=1))  # cosmetic, as all of mkPen's
        self._lasso.setBrush(veil(colours.accent, 0.12))
        self._path.setPen(pg.mkPen(colours.tuned, width=1))
        self._marker.setPen(pg.mkPen(colours.tuned, width=2))
        self._marker.setBrush(pg.mkBrush(colours.tuned))
        for pin in self._pins.values():
            pin.setColor(colours.plot)
            pin.fill = pg.mkBrush(colours.tuned)
        self._refresh()
