"""Walking a latent space: where one stands, what is decoded there, and the way to elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from lvm_studio.analysis.latent.paths import spherical, straight, traversal
from lvm_studio.studio.latent.work import DecodedPoint, LatentWork, PartScale, Strips, WalkRequest
from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.widgets.dressed import dressed, label_for
from lvm_studio.studio.widgets.latent.condition_bar import ConditionBar
from lvm_studio.studio.widgets.latent.curve_strip import CurveStrip, StripCells
from lvm_studio.studio.widgets.latent.decoded_plot import DecodedPlot, DecodedWeek
from lvm_studio.studio.widgets.latent.decoded_vector import DecodedVectorPlot, image_side
from lvm_studio.studio.widgets.latent.dimension_sliders import DimensionSliders
from lvm_studio.studio.widgets.latent.interpolation_bar import (
    SLIDER_STEPS,
    SPHERICAL,
    InterpolationBar,
)
from lvm_studio.studio.widgets.latent.sensitivity_table import SensitivityTable
from lvm_studio.studio.widgets.latent.slider_row import Dimension
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.studio.street.service import StreetService

STRIP_VALUES = (-2.0, -1.0, 0.0, 1.0, 2.0)
STRIP_ROWS = 5
BETWEEN_STEPS = 9
SETTLE_MS = 120
"""Strips follow when u has been at rest for this long; what is decoded follows at once."""
WHOLE = "the whole street: Σw and z"


class LatentWalk(QSplitter):
    """Decoded point, strips and sliders around one u [dim].

    Signals:
        moved(): u or the way from A to B is another.
    """

    moved = Signal()
    decoded_shown = Signal()
    """The newest point is on its plot."""

    def __init__(self, service: StreetService, work: LatentWork) -> None:
        super().__init__(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._work = work
        self._boxes = tuple(service.open_mailbox() for _ in range(3))
        self._point_box, self._strip_box, self._part_box = self._boxes
        self._request: WalkRequest | None = None
        self._cloud: LatentCloud | None = None
        self.u: Floats = np.zeros(0)
        self.pins: dict[str, Floats] = {}
        self.point: DecodedPoint | None = None
        self.strips_shown: Strips | None = None
        self._scale: Floats = np.ones(0)
        self._strip_rows: tuple[int, ...] = ()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self.decoded = DecodedPlot()
        self.vector = DecodedVectorPlot()
        self.told = ConditionBar()
        self.sliders = DimensionSliders()
        self.whose = dressed(QComboBox(), toolTip="Whose latent variables the sliders move")
        self.whose.setObjectName("latent_whose")
        self.strip = CurveStrip("The most informative dimensions, from −2 to 2, will appear here.")
        self.between = InterpolationBar()
        self.effects = SensitivityTable()
        self.differences = dressed(QCheckBox("D&ifferences"), checked=True)
        self.differences.setToolTip(
            "Traversals less their own u = 0, the way to B less A: what a dimension adds or takes"
        )
        self._build()
        self._connect()

    def _build(self) -> None:
        self.shown = QStackedWidget()
        self.shown.addWidget(self.decoded)
        self.shown.addWidget(self.vector)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.strip, "&Traversals")
        self.tabs.addTab(self.between, "A → B")
        self.tabs.addTab(self.effects, "Effect&s")
        self.tabs.setTabToolTip(2, "What each dimension would do to the peak")
        self.tabs.setCornerWidget(self.differences)
        self.tabs.setMinimumWidth(440)
        middle = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        middle.addWidget(self.shown)
        middle.addWidget(self.tabs)
        middle.setSizes([300, 280])
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(label_for(self.whose, "&Walk"))
        row.addWidget(self.whose, 1)
        self._whose_row = QWidget()
        row.setContentsMargins(0, 0, 0, 0)
        self._whose_row.setLayout(row)
        column.addWidget(self._whose_row)
        column.addWidget(self.told)
        column.addWidget(self.sliders, 1)
        self.addWidget(middle)
        self.addWidget(right)
        self.setStretchFactor(0, 1)

    def _connect(self) -> None:
        self._point_box.answered.connect(self._take_point)
        self._strip_box.answered.connect(self._take_strips)
        self._part_box.answered.connect(self._take_part)
        self._point_box.failed.connect(self._point_failed)
        self._strip_box.failed.connect(self._strips_failed)
        self._settle.timeout.connect(self._ask_strips)
        self.whose.activated.connect(self._ask_part)
        self.differences.toggled.connect(self._show_strips)
        self.tabs.currentChanged.connect(self._show_differences)
        self.sliders.changed.connect(self._set_coordinate)
        self.sliders.reset_all.connect(self._go_to_middle)
        self.strip.cell_asked.connect(self._go_to_cell)
        self.between.pin_asked.connect(self.pin)
        self.between.moved.connect(self._walk_between)
        self.between.kind_changed.connect(self._path_changed)
        self.between.cleared.connect(self.unpin)

    # what is walked through

    def set_cloud(self, cloud: LatentCloud | None) -> None:
        """Walk where these observations lie; start at u = 0."""
        self._cloud = cloud
        for box in self._boxes:
            box.withdraw()  # what is on its way lies in another space
        self.pins.clear()
        self.strips_shown = self.point = None
        if cloud is None:
            self.sliders.set_dimensions([])
            self.decoded.show_week(None, None)
            self.shown.setCurrentWidget(self.decoded)
            self.strip.show_cells(None)
            self.between.show_pins(set())
            self.effects.show_effects(None, (), ())
            return
        bits = cloud.info_bits
        self._scale = np.ones(len(cloud.names))
        self.sliders.set_dimensions(
            [Dimension(i, name, float(bits[i])) for i, name in enumerate(cloud.names)]
        )
        self.shown.setCurrentWidget(self.decoded if cloud.unit else self.vector)
        self.decoded.set_whose("the whole street" if cloud.households else "one household")
        dim = cloud.x.shape[1]
        names = cloud.columns or tuple(f"x{i + 1}" for i in range(dim))
        self.vector.set_data(cloud.x.astype(np.float64), names, cloud.scale)
        self.u = np.zeros(len(cloud.names))

    def set_request(self, request: WalkRequest | None) -> None:
        """Decode for this street, or with this model of vectors, from now on."""
        self._request = request
        self._offer_households(request)
        self.ask()

    def _offer_households(self, request: WalkRequest | None) -> None:
        ids: list[str] = []
        if isinstance(request, StreetRequest) and request.model.labels is not None:
            ids = [household for household, _ in request.state.composition.counts]
        known = [self.whose.itemData(i) for i in range(1, self.whose.count())]
        if ids != known or self.whose.count() == 0:
            before = self.whose.currentData()
            self.whose.clear()
            self.whose.addItem(WHOLE, None)
            for household in ids:
                self.whose.addItem(f"{household}: its own w, and z", household)
            self.whose.setCurrentIndex(max(0, self.whose.findData(before)) if before else 0)
        self._whose_row.setVisible(bool(ids))
        self._ask_part()

    def _ask_part(self, *_: object) -> None:
        household = self.whose.currentData()
        if household and isinstance(self._request, StreetRequest):
            self._part_box.post(self._work.part(self._request, household))
        elif len(self._scale):
            self._part_box.withdraw()
            self._scale = np.ones_like(self._scale)
            self.sliders.show_values(self.u)
            self._settle.start()

    def _take_part(self, part: PartScale) -> None:
        if len(part.scale) == len(self.u):
            self._scale = np.maximum(part.scale, 1e-6)
            self.sliders.show_values(self.u / self._scale)
            self._settle.start()

    # where one stands

    def stand_at(self, u: Floats) -> None:
        """Move to u [dim], all but the locked dimensions, and decode what lies there."""
        wanted = np.array(u, dtype=np.float64)
        locked = self.sliders.locked
        if len(wanted) == len(self.u):
            wanted[locked] = self.u[locked]
        self._put(wanted)

    def _put(self, u: Floats) -> None:
        self.u = u
        self.ask()  # first: while the map is painted, the other thread decodes
        self.moved.emit()
        self.sliders.show_values_soon(self.u / self._scale)

    def _set_coordinate(self, index: int, value: float) -> None:
        u = self.u.copy()
        u[index] = value * self._scale[index]
        self.u = u
        self.ask()
        self.moved.emit()

    def _go_to_middle(self) -> None:
        self.stand_at(np.zeros_like(self.u))

    # decoding

    def ask(self) -> None:
        """Decode where one stands, and the strips once one rests."""
        if self._request is None or self._cloud is None or not self.isVisible():
            return
        self.decoded.set_stale(True)
        self.vector.set_stale(True)
        self._point_box.post(self._work.point(self._request, self.u))
        self._settle.start()

    @property
    def settled(self) -> bool:
        """Whether all that was asked for is on screen."""
        resting = self.sliders.settled and not self._settle.isActive()
        return resting and not any(box.waiting for box in self._boxes)

    def _take_point(self, point: DecodedPoint) -> None:
        self.point = point
        self.decoded.set_stale(False)
        length, typical = np.linalg.norm(self.u), np.sqrt(len(self.u))
        about = f"{point.about} · |u| = {length:.1f} (typical {typical:.1f})"
        self.vector.set_stale(False)
        if isinstance(point.shown, DecodedWeek):
            self.decoded.show_week(point.shown, point.middle, about)
        else:
            self.vector.show_vector(point.shown, point.middle, about)
        self.decoded_shown.emit()

    def _point_failed(self, sentence: str, _details: str) -> None:
        self.decoded.set_hint(sentence)
        self.decoded.show_week(None, None)
        self.shown.setCurrentWidget(self.decoded)

    def _strips_failed(self, sentence: str, _details: str) -> None:
        self.strip.set_hint(sentence)
        self.strip.show_cells(None)

    def _ask_strips(self) -> None:
        if self._request is None or self._cloud is None or not self.isVisible():
            return
        self._strip_rows = tuple(int(i) for i in self._cloud.order[:STRIP_ROWS])
        values = {i: self._scale[i] * np.array(STRIP_VALUES) for i in self._strip_rows}
        grid = np.stack([traversal(self.u, i, values[i]) for i in self._strip_rows])
        self.strip.set_stale(True)
        path = self.path(BETWEEN_STEPS)
        work = self._work.strips(self._request, self.u, grid, path, self._scale)
        self._strip_box.post(work)

    def _take_strips(self, strips: Strips) -> None:
        self.strips_shown = strips
        self._show_strips()

    def _show_strips(self, *_: object) -> None:
        if self._cloud is None or self.strips_shown is None:
            return
        cloud, strips = self._cloud, self.strips_shown
        rows = tuple(f"{cloud.names[i]}, {cloud.info_bits[i]:.1f} bits" for i in self._strip_rows)
        values = ("u = −2", "u = −1", "u = 0", "u = +1", "u = +2")
        zero = strips.traversal[:, STRIP_VALUES.index(0.0), None]
        self.strip.show_cells(self._cells(strips.traversal, zero, rows, values, "u = 0"))
        self.effects.show_effects(strips.sensitivity, cloud.names, cloud.order.tolist())
        if strips.between is not None:
            shares = ("A", *(f"{t:.2f}" for t in np.linspace(0, 1, BETWEEN_STEPS)[1:-1]), "B")
            start = strips.between[:, :1]
            self.between.strip.show_cells(self._cells(strips.between, start, ("",), shares, "A"))

    def named_strips(self, strips: Strips) -> dict[str, Floats]:
        """The curves of traversals and way, by names that say where they are."""
        assert self._cloud is not None
        named = {
            f"{self._cloud.names[i]}={value:+g}": strips.traversal[row, column]
            for row, i in enumerate(self._strip_rows)
            for column, value in enumerate(STRIP_VALUES)
        }
        if strips.between is not None:
            shares = np.linspace(0, 1, BETWEEN_STEPS)
            named |= {
                f"A to B {share:.3f}": curve
                for share, curve in zip(shares, strips.between[0], strict=True)
            }
        return named

    def _cells(
        self,
        curves: Floats,
        start: Floats,
        rows: tuple[str, ...],
        columns: tuple[str, ...],
        whence: str,
    ) -> StripCells:
        """Curves [R, C, D] as cells: themselves, or less `start` [R, 1, D]; images as they are."""
        assert self.strips_shown is not None
        assert self._cloud is not None
        unit = self._cloud.unit
        along = "Mon to Sun" if unit else "coordinates"
        side = 0 if unit else image_side(curves.shape[-1])
        if self.differences.isChecked() and not side:
            nothing = np.zeros(curves.shape[-1])
            told = f"difference from {whence}"
            return StripCells(curves - start, rows, columns, nothing, told, unit, along)
        caption = "mean" if side else "mean curve (shaded: more or less than at u = 0)"
        middle = self.strips_shown.middle
        return StripCells(curves, rows, columns, middle, caption, unit, along, side)

    def _go_to_cell(self, row: int, column: int) -> None:
        u = self.u.copy()
        index = self._strip_rows[row]
        u[index] = STRIP_VALUES[column] * self._scale[index]
        self.stand_at(u)

    def _show_differences(self, _index: int) -> None:
        showing = self.tabs.currentWidget()
        self.differences.setVisible(showing in (self.strip, self.between))

    # from A to B

    def pin(self, name: str, u: Floats | None = None) -> None:
        """Remember u, or where one stands, as pin "A" or "B"; and stand there."""
        if self._cloud is None:
            return
        self.pins[name] = (self.u if u is None else u).copy()
        self.between.show_share(0.0 if name == "A" else 1.0)
        self.stand_at(self.pins[name])
        self._path_changed()

    def unpin(self) -> None:
        """Forget both pins."""
        self.pins.clear()
        self._path_changed()

    def _path_changed(self, *_: object) -> None:
        self.between.show_pins(set(self.pins))
        if self.pins:
            self.tabs.setCurrentWidget(self.between)
        self.moved.emit()
        self._settle.start()

    def path(self, steps: int) -> Floats | None:
        """Points [steps, dim] from A to B; None until both are pinned."""
        if set(self.pins) != {"A", "B"}:
            return None
        walk = spherical if self.between.kind.currentText() == SPHERICAL else straight
        return walk(self.pins["A"], self.pins["B"], steps)

    def _walk_between(self, share: float) -> None:
        path = self.path(SLIDER_STEPS + 1)
        if path is not None:
            self.stand_at(path[round(share * SLIDER_STEPS)])
