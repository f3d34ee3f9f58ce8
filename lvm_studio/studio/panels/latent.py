"""The latent space page: map, sliders, traversals, and the way from one point to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from lvm_studio.analysis.paths import spherical, straight, traversal
from lvm_studio.studio.answers import StreetRequest
from lvm_studio.studio.latent_projection import Projection
from lvm_studio.studio.latent_work import Cloud, DecodedPoint, LatentWork, Strips
from lvm_studio.studio.widgets.colour_scale import ColourBar, ColourScale
from lvm_studio.studio.widgets.curve_strip import CurveStrip, StripCells
from lvm_studio.studio.widgets.decoded_plot import DecodedPlot
from lvm_studio.studio.widgets.dimension_sliders import Dimension, DimensionSliders
from lvm_studio.studio.widgets.dressed import dressed
from lvm_studio.studio.widgets.interpolation_bar import SLIDER_STEPS, SPHERICAL, InterpolationBar
from lvm_studio.studio.widgets.latent_map import LatentMap, MapPoints
from lvm_studio.studio.widgets.map_bar import MapBar
from lvm_studio.studio.widgets.series import Floats

if TYPE_CHECKING:
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street_service import StreetService

STRIP_VALUES = (-2.0, -1.0, 0.0, 1.0, 2.0)
STRIP_ROWS = 5
BETWEEN_STEPS = 9
SETTLE_MS = 120
"""Strips follow when u has been at rest for this long; the decoded week follows at once."""


class LatentPanel(QWidget):
    """Walk the latent space of the chosen model, decoding for the street composed.

    Computes nothing while it is hidden.

    Args:
        session: what is open.
        service: owner of the compute thread.
    """

    def __init__(
        self, session: Session, service: StreetService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("latent_panel")
        self._session = session
        self._work = LatentWork()
        self._cloud_box, self._point_box, self._strip_box = (
            service.open_mailbox() for _ in range(3)
        )
        self._model: TrainedModel | None = None
        self._cloud: Cloud | None = None
        self._projection: Projection | None = None
        self.u: Floats = np.zeros(0)
        self.pins: dict[str, Floats] = {}
        self._strip_rows: tuple[int, ...] = ()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self.map = LatentMap()
        self.bar = MapBar()
        self.colour_bar = ColourBar()
        self.decoded = DecodedPlot()
        self.sliders = DimensionSliders()
        self.strip = CurveStrip("The most informative dimensions, from −2 to 2, will appear here.")
        self.between = InterpolationBar()
        self.differences = dressed(QCheckBox("&Differences only"), checked=True)
        self.differences.setToolTip(
            "Traversals less their own u = 0, the way to B less A: what a dimension adds or takes"
        )
        self._strips: Strips | None = None
        self._status = QLabel(" ", wordWrap=True)
        self._status.setProperty("role", "muted")
        self._build()
        self._connect()

    # building

    def _build(self) -> None:
        left = _column(self.bar, self.map, self.colour_bar, self._status, stretch=self.map)
        self.strips = QTabWidget()
        self.strips.addTab(self.strip, "&Traversals")
        self.strips.addTab(self.between, "A → &B")
        self.strips.setCornerWidget(self.differences)
        middle = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        middle.addWidget(self.decoded)
        middle.addWidget(self.strips)
        middle.setSizes([320, 260])
        split = QSplitter(childrenCollapsible=False)
        for part, width in ((left, 420), (middle, 520), (self.sliders, 300)):
            split.addWidget(part)
            split.setStretchFactor(split.count() - 1, width)
        split.setSizes([420, 520, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)

    def _connect(self) -> None:
        session = self._session
        session.model_ready.connect(self._refresh_model)
        session.models_changed.connect(self._refresh_model)
        session.state_changed.connect(self._follow_state)
        self._cloud_box.answered.connect(self._take_cloud)
        self._point_box.answered.connect(self._take_point)
        self._strip_box.answered.connect(self._take_strips)
        self._cloud_box.failed.connect(self._cloud_failed)
        self._point_box.failed.connect(self._point_failed)
        self._strip_box.failed.connect(self._strips_failed)
        self._settle.timeout.connect(self._ask_strips)
        self.differences.toggled.connect(self._show_strips)
        self.bar.changed.connect(self._show_map)
        self.map.picked.connect(self._pick)
        self.map.pin_asked.connect(self.pin)
        self.sliders.changed.connect(self._set_coordinate)
        self.sliders.reset_all.connect(self._go_to_middle)
        self.strip.cell_asked.connect(self._go_to_cell)
        self.between.pin_asked.connect(self.pin)
        self.between.moved.connect(self._walk_between)
        self.between.kind_changed.connect(self._path_changed)
        self.between.cleared.connect(self._unpin)

    def _cloud_failed(self, sentence: str, _details: str) -> None:
        self.map.set_hint(sentence)

    def _go_to_middle(self) -> None:
        self.stand_at(np.zeros_like(self.u))

    # model and street

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while the page was hidden."""
        super().showEvent(event)
        self._refresh_model()

    def _refresh_model(self, *_: object) -> None:
        if not self.isVisible():
            return
        session = self._session
        model = session.trained_model() if session.has_households else None
        if model is self._model and model is not None:
            self._ask()
            return
        self._model, self._cloud = model, None
        self.pins.clear()
        self._show_cloud()
        if model is None:
            self.map.set_hint("Waiting for a model; train one, or choose one in the file.")
            return
        self.map.set_hint("Encoding real sums of households…")
        self._cloud_box.post(self._work.cloud(model, session.households))

    def _follow_state(self, new: StreetState, old: StreetState) -> None:
        if new.dataset != old.dataset:
            self._model = None
            self._refresh_model()
        elif (new.composition, new.week, new.own_temperature) != (
            old.composition,
            old.week,
            old.own_temperature,
        ):
            self._ask()

    def _take_cloud(self, cloud: Cloud) -> None:
        self._cloud = cloud
        count = len(cloud.cloud.u)
        self._status.setText(
            f"{count:,} real sums of training households and weeks, where the model's posterior "
            "puts them; dashed circles hold 50 % and 90 % of the prior."
        )
        self.u = np.zeros(len(cloud.cloud.names))
        self._show_cloud()
        self.stand_at(self.u)

    def _show_cloud(self) -> None:
        if self._cloud is None:
            self._status.setText("")
            self.map.show_points(None)
            self.colour_bar.set_scale(None)
            self.sliders.set_dimensions([])
            self.decoded.show_week(None, None)
            self._strips = None
            self.strip.show_cells(None)
            self.between.show_pins(set())
            return
        cloud = self._cloud.cloud
        bits = cloud.info_bits
        dimensions = [Dimension(i, name, float(bits[i])) for i, name in enumerate(cloud.names)]
        self.sliders.set_dimensions(dimensions)
        self.bar.set_choices(
            [(int(i), f"{cloud.names[i]} ({bits[i]:.2f} bits)") for i in cloud.order],
            self._cloud.titles,
        )
        self._show_map()

    def _show_map(self) -> None:
        if self._cloud is None:
            return
        cloud = self._cloud.cloud
        self._projection = self._chosen_projection()
        xy = self._projection.project(cloud.u.astype(np.float64))
        points = MapPoints(
            xy, *self._projection.titles, self._projection.origin, _tips(self._cloud)
        )
        scale = ColourScale.of(self._cloud.titles[self.bar.column], cloud.metadata[self.bar.column])
        self.map.set_scale(scale)
        self.colour_bar.set_scale(scale)
        self.map.show_points(points)
        self._show_position()

    def _chosen_projection(self) -> Projection:
        assert self._cloud is not None
        cloud = self._cloud.cloud
        if self.bar.pair is not None:
            return Projection.onto_components(cloud.pca(), self.bar.pair)
        x, y = self.bar.dimensions
        titles = tuple(f"{cloud.names[i]} ({cloud.info_bits[i]:.2f} bits)" for i in (x, y))
        return Projection.onto_axes(len(cloud.names), (x, y), (titles[0], titles[1]))

    # where one stands

    def stand_at(self, u: Floats) -> None:
        """Move to u [dim] and decode what lies there."""
        self.u = np.asarray(u, dtype=np.float64)
        self.sliders.show_values(self.u)
        self._show_position()
        self._ask()

    def _show_position(self) -> None:
        if self._projection is None or len(self.u) == 0:
            return
        points = {name: self._on_map(u) for name, u in self.pins.items()}
        self.map.set_marker(*self._on_map(self.u))
        path = self._path(SLIDER_STEPS + 1)
        self.map.set_pins(points, None if path is None else self._projection.project(path))

    def _on_map(self, u: Floats) -> tuple[float, float]:
        assert self._projection is not None
        x, y = self._projection.project(u[None])[0]
        return float(x), float(y)

    def _pick(self, x: float, y: float) -> None:
        if self._projection is None or self._cloud is None:
            return
        if self.bar.snap.isChecked():
            cloud = self._cloud.cloud.u.astype(np.float64)
            squared = ((self._projection.project(cloud) - [x, y]) ** 2).sum(axis=1)
            self.stand_at(cloud[int(squared.argmin())])
        else:
            self.stand_at(self._projection.moved(self.u, (x, y)))

    def _set_coordinate(self, index: int, value: float) -> None:
        u = self.u.copy()
        u[index] = value
        self.u = u
        self._show_position()
        self._ask()

    # decoding

    def _request(self) -> StreetRequest | None:
        session = self._session
        if self._model is None or self._cloud is None or not session.state.week:
            return None
        return StreetRequest(session.state, session.households, self._model)

    def _ask(self) -> None:
        request = self._request()
        if request is None or not self.isVisible():
            return
        self.decoded.set_stale(True)
        self._point_box.post(self._work.point(request, self.u))
        self._settle.start()

    def _take_point(self, point: DecodedPoint) -> None:
        self.decoded.set_stale(False)
        length, typical = np.linalg.norm(self.u), np.sqrt(len(self.u))
        about = f"{point.k} households · |u| = {length:.1f} (typical {typical:.1f})"
        self.decoded.show_week(point.week, point.middle, about)

    def _point_failed(self, sentence: str, _details: str) -> None:
        self.decoded.set_hint(sentence)
        self.decoded.show_week(None, None)

    def _strips_failed(self, sentence: str, _details: str) -> None:
        self.strip.set_hint(sentence)
        self.strip.show_cells(None)

    def _ask_strips(self) -> None:
        request = self._request()
        if request is None or self._cloud is None or not self.isVisible():
            return
        self._strip_rows = tuple(int(i) for i in self._cloud.cloud.order[:STRIP_ROWS])
        grid = np.stack([traversal(self.u, i, STRIP_VALUES) for i in self._strip_rows])
        self.strip.set_stale(True)
        self._strip_box.post(self._work.strips(request, grid, self._path(BETWEEN_STEPS)))

    def _take_strips(self, strips: Strips) -> None:
        self._strips = strips
        self._show_strips()

    def _show_strips(self, *_: object) -> None:
        if self._cloud is None or self._strips is None:
            return
        cloud, strips = self._cloud.cloud, self._strips
        rows = tuple(f"{cloud.names[i]}, {cloud.info_bits[i]:.1f} bits" for i in self._strip_rows)
        values = ("u = −2", "u = −1", "u = 0", "u = +1", "u = +2")
        zero = strips.traversal[:, STRIP_VALUES.index(0.0), None]
        self.strip.show_cells(self._cells(strips.traversal, zero, rows, values, "u = 0"))
        if strips.between is not None:
            shares = ("A", *(f"{t:.2f}" for t in np.linspace(0, 1, BETWEEN_STEPS)[1:-1]), "B")
            start = strips.between[:, :1]
            self.between.strip.show_cells(self._cells(strips.between, start, ("",), shares, "A"))

    def _cells(
        self,
        curves: Floats,
        start: Floats,
        rows: tuple[str, ...],
        columns: tuple[str, ...],
        whence: str,
    ) -> StripCells:
        """Curves [R, C, T] as cells: themselves, or less `start` [R, 1, T]."""
        assert self._strips is not None
        if self.differences.isChecked():
            nothing = np.zeros(curves.shape[-1])
            return StripCells(curves - start, rows, columns, nothing, f"difference from {whence}")
        caption = "mean curve (shaded: more or less than at u = 0)"
        return StripCells(curves, rows, columns, self._strips.middle, caption)

    def _go_to_cell(self, row: int, column: int) -> None:
        u = self.u.copy()
        u[self._strip_rows[row]] = STRIP_VALUES[column]
        self.stand_at(u)

    # from A to B

    def pin(self, name: str) -> None:
        """Remember where one stands as pin "A" or "B"."""
        if self._cloud is None:
            return
        self.pins[name] = self.u.copy()
        self.between.show_share(0.0 if name == "A" else 1.0)
        self._path_changed()

    def _unpin(self) -> None:
        self.pins.clear()
        self._path_changed()

    def _path_changed(self, *_: object) -> None:
        self.between.show_pins(set(self.pins))
        if self.pins:
            self.strips.setCurrentWidget(self.between)
        self._show_position()
        self._settle.start()

    def _path(self, steps: int) -> Floats | None:
        """Points [steps, dim] from A to B; None until both are pinned."""
        if set(self.pins) != {"A", "B"}:
            return None
        walk = spherical if self.between.kind.currentText() == SPHERICAL else straight
        return walk(self.pins["A"], self.pins["B"], steps)

    def _walk_between(self, share: float) -> None:
        path = self._path(SLIDER_STEPS + 1)
        if path is not None:
            self.stand_at(path[round(share * SLIDER_STEPS)])


def _column(*widgets: QWidget, stretch: QWidget) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1 if widget is stretch else 0)
    return column


def _tips(cloud: Cloud) -> tuple[str, ...]:
    """One line about each real sum of the cloud."""
    columns = cloud.cloud.metadata
    return tuple(
        f"{week}: {k:.0f} households, {temperature:.1f} °C, {energy:,.0f} kWh, peak {peak:.1f} kW"
        for week, k, temperature, energy, peak in zip(
            columns["week"],
            columns["k"],
            columns["temperature_c"],
            columns["energy_kwh"],
            columns["peak_kw"],
            strict=True,
        )
    )
