"""The latent space page: a map of observations, a walk through it, and judging it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QSplitter, QVBoxLayout, QWidget

from lvm_studio.studio.latent.conditions import LatentConditions
from lvm_studio.studio.latent.embedding import EmbeddingMaker
from lvm_studio.studio.latent.export import LatentExport
from lvm_studio.studio.latent.judging import LatentJudging
from lvm_studio.studio.latent.mapping import LatentMapping
from lvm_studio.studio.latent.selection import real_titles, selection_of, telling_titles
from lvm_studio.studio.latent.work import (
    LatentWork,
    Observations,
    Progress,
    VectorRequest,
    WalkRequest,
)
from lvm_studio.studio.numerals import percent
from lvm_studio.studio.panels.latent_walk import LatentWalk
from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.theme import MUTED
from lvm_studio.studio.widgets.latent.colour_scale import ColourBar, ColourScale
from lvm_studio.studio.widgets.latent.embedding_bar import EmbeddingBar
from lvm_studio.studio.widgets.latent.encoding_bar import EncodingBar
from lvm_studio.studio.widgets.latent.interpolation_bar import SLIDER_STEPS
from lvm_studio.studio.widgets.latent.judging_page import JudgingPage
from lvm_studio.studio.widgets.latent.latent_map import LatentMap
from lvm_studio.studio.widgets.latent.map_bar import MapBar
from lvm_studio.studio.widgets.latent.selection_page import SelectionPage
from lvm_studio.studio.widgets.training.series import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lvm_studio.analysis.latent.density import PlaneDensity
    from lvm_studio.analysis.latent.embedding import EmbeddingSpec
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.models.trained import TrainedModel
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.service import StreetService


HOW_TO_EMBED = "Choose parameters above, then Embed: a t-SNE takes a while."
PLAIN_WEEK = "2013-W02"
"""Curves of a week without a date of their own are drawn over this one."""


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
        self.walk = LatentWalk(service, self._work)  # its mailboxes first: they go first
        self._density_box, judge_box, self._cloud_box = (service.open_mailbox() for _ in range(3))
        self._model: TrainedModel | None = None
        self.cloud: LatentCloud | None = None
        self._mapping: LatentMapping | None = None
        self._real: dict[str, int] = {}
        self.map = LatentMap()
        self.bar = MapBar()
        self.embedding = EmbeddingBar()
        self._maker = EmbeddingMaker(self)
        self.colour_bar = ColourBar()
        self.selection = SelectionPage()
        self.judging = JudgingPage()
        self._judging = LatentJudging(session, self.judging, judge_box)
        self.conditions = LatentConditions(session, self.walk.told, self)
        self._export = LatentExport(session, self)
        self.encoding = EncodingBar()
        self._status = QLabel(" ", wordWrap=True)
        self._status.setForegroundRole(MUTED)
        self._build()
        self._connect()

    # building

    def _build(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addWidget(self.embedding)
        column.addWidget(self.map, 1)
        for widget in (self.colour_bar, self.encoding, self._status):
            column.addWidget(widget)
        self.embedding.setVisible(False)
        self.walk.tabs.addTab(self.selection, "Se&lection")
        self.walk.tabs.addTab(self.judging, "&Judging")
        split = QSplitter(childrenCollapsible=False)
        split.addWidget(left)
        split.addWidget(self.walk)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 4)
        split.setSizes([420, 840])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(split)
        self.bar.export.setMenu(self._export_menu())

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("&Coordinates of all points…", lambda: self._export.coordinates(self.cloud))
        menu.addAction(
            "&Decoded curves: here, traversals, A to B…",
            lambda: self._export.decoded(self.walk, self.cloud),
        )
        menu.addAction("&Selection…", self._export_selection)
        return menu

    def _connect(self) -> None:
        session = self._session
        session.closed.connect(self._forget_workspace)
        session.model_ready.connect(self._refresh_model)
        session.models_changed.connect(self._refresh_model)
        session.state_changed.connect(self._follow_state)
        session.selection_changed.connect(self._show_selection)
        self._cloud_box.computing.connect(self.encoding.begin)
        self._cloud_box.rested.connect(self.encoding.hide)
        self.encoding.cancel_asked.connect(self._cancel_encoding)
        self.encoding.again_asked.connect(self._encode_again)
        self._cloud_box.answered.connect(self._take_cloud)
        self._cloud_box.failed.connect(self._cloud_failed)
        self._density_box.answered.connect(self._take_density)
        self.bar.changed.connect(self._show_map)
        self.bar.size_changed.connect(self._encode_again)
        self.bar.lasso.toggled.connect(self._set_lasso)
        self.map.picked.connect(self._pick)
        self.map.pin_asked.connect(self.walk.pin)
        self.map.selected.connect(self._select)
        self.walk.moved.connect(self._show_position)
        self.walk.between.real_asked.connect(self._pin_real)
        self.walk.told.nearest_asked.connect(lambda: self.conditions.take_nearest(self.walk.u))
        self.conditions.changed.connect(lambda: self.walk.set_request(self._request()))
        self.selection.compose_asked.connect(session.compose_selection)
        self.selection.export_asked.connect(self._export_selection)
        self.selection.cleared.connect(lambda: session.select(None))
        self.embedding.start_asked.connect(self._embed)
        self.embedding.stop_asked.connect(self._maker.stop)
        self.embedding.place_asked.connect(self._place_others)
        self._maker.formed.connect(self._show_embedding)
        self._maker.placed.connect(self._show_placed)
        self._maker.changed.connect(self._show_embedding_state)
        self._maker.failed.connect(session.failed)

    # model and street

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while the page was hidden."""
        super().showEvent(event)
        self._refresh_model()

    def _refresh_model(self, *_: object) -> None:
        if not self.isVisible():
            return
        model = self._session.trained_model()
        if model is self._model and model is not None:
            self.walk.set_request(self._request())
            return
        self._model = model
        self._forget_cloud()
        self._cloud_box.withdraw()  # a cloud on its way is the other model's
        if model is None:
            self.map.set_hint("Waiting for a model; train one, or choose one in the file.")
            return
        self._encode()

    def _forget_workspace(self) -> None:
        """Nothing of what was open comes back: no points, and not what its models were told."""
        self._model = None
        self._cloud_box.withdraw()
        self._forget_cloud()
        self.conditions.forget_models()

    def _forget_cloud(self) -> None:
        self._maker.forget()
        self._judging.forget()
        self._density_box.withdraw()
        if self.cloud is not None:
            self._session.select(None)  # it may be a part of what is forgotten
        self.cloud = self._mapping = None
        self.walk.set_cloud(None)
        self.conditions.set_cloud("", None)
        self._status.setText("")
        self.map.show_points(None)
        self.colour_bar.set_scale(None)

    def _encode(self) -> None:
        assert self._model is not None
        self.map.set_hint("Encoding real observations…")
        source = Observations.of(self._session)
        self._cloud_box.post(self._work.cloud(self._model, source, self.bar.points))

    def _cancel_encoding(self) -> None:
        self._cloud_box.withdraw()
        self.encoding.offer_again()
        self.map.set_hint("Nothing has been encoded.")

    def _encode_again(self, *_points: int) -> None:
        if self._model is not None and self.isVisible():
            self._encode()

    def _cloud_failed(self, sentence: str, _details: str) -> None:
        self.map.set_hint(sentence)

    def _follow_state(self, new: StreetState, old: StreetState) -> None:
        if new.dataset != old.dataset:
            self._model = None
            self._refresh_model()
        elif (new.composition, new.week, new.own_temperature) != (
            old.composition,
            old.week,
            old.own_temperature,
        ):
            self.walk.set_request(self._request())

    def _request(self) -> WalkRequest | None:
        session, model = self._session, self._model
        if model is None or self.cloud is None:
            return None
        if model.context is None:
            week = (session.state.week or PLAIN_WEEK) if self.cloud.unit else ""
            return VectorRequest(model, self.conditions.k, week)
        if not session.has_households or not session.state.week:
            return None
        return StreetRequest(session.state, session.households, model)

    # the cloud

    def _take_cloud(self, answer: Progress | LatentCloud) -> None:
        if isinstance(answer, Progress):
            self.encoding.show_share(answer.share)
            return
        self._forget_cloud()
        cloud = self.cloud = answer
        self._mapping = LatentMapping(cloud)
        self._status.setText(self._mapping.sentence())
        if self._model is not None:
            self._judging.set_cloud(self._model, cloud)
        bits = cloud.info_bits
        self.bar.set_choices(
            [(int(i), f"{cloud.names[i]} ({bits[i]:.2f} bits)") for i in cloud.order],
            telling_titles(cloud),
        )
        self.walk.set_cloud(cloud)
        self.conditions.set_cloud(self._session.state.model, cloud)
        self._real = real_titles(cloud)
        self.walk.between.set_real(list(self._real))
        self._show_map()
        self.walk.set_request(self._request())
        self.walk.stand_at(self.walk.u)

    def _show_map(self) -> None:
        if self.cloud is None or self._mapping is None:
            return
        self.embedding.setVisible(self.bar.embedded)
        if self.bar.embedded:
            self._mapping.lay_out(self._maker.embedding)
        else:
            self._mapping.choose(self.bar.pair, self.bar.dimensions)
        if self._mapping.points is None:
            forming = self._maker.running
            self.map.set_hint("Embedding…" if forming else HOW_TO_EMBED)
            self.map.show_points(None)
            self._status.setText(self._mapping.sentence())
            return
        name = self.bar.column
        column = self._mapping.of_shown(self.cloud.metadata[name])
        scale = ColourScale.of(self.cloud.titles[name], column)
        self.map.set_scale(scale)
        self.colour_bar.set_scale(scale)
        self.map.show_points(self._mapping.points)
        self._fade()
        self._show_density()
        self._show_position()

    def _show_density(self) -> None:
        self.map.show_density(None)
        work = None if self._mapping is None else self._mapping.density_work()
        if work is None or not self.bar.density.isChecked():
            self._density_box.withdraw()
            if self._mapping is not None:
                self._status.setText(self._mapping.sentence())
            return
        self._density_box.post(work)

    def _take_density(self, density: PlaneDensity) -> None:
        self.map.show_density(density)
        assert self._mapping is not None
        self._status.setText(
            f"{self._mapping.sentence()} Orange: holes, {percent(density.hole_share)} of the "
            "prior's mass lies where q is below a quarter of p."
        )

    # t-SNE

    def _embed(self, spec: EmbeddingSpec) -> None:
        if self.cloud is not None and self._mapping is not None:
            self._mapping.placed = None
            self._maker.start(self.cloud.u.astype(np.float64), spec)

    def _show_embedding(self, _embedding: object) -> None:
        self._show_embedding_state()
        if self.bar.embedded:
            self._show_map()

    def _show_embedding_state(self) -> None:
        maker, mapping = self._maker, self._mapping
        others = 0 if mapping is None else len(mapping.others(maker.embedding))
        self.embedding.show_state(maker.embedding, running=maker.running, others=others)
        if self.bar.embedded and maker.embedding is None:
            self._show_map()

    def _place_others(self) -> None:
        if self._mapping is not None:
            others = self._mapping.others(self._maker.embedding)
            if len(others):
                self._maker.place(others)

    def _show_placed(self, xy: Floats) -> None:
        if self._mapping is not None:
            self._mapping.placed = xy
            self._show_map()

    # where one stands

    def _show_position(self) -> None:
        walk, mapping = self.walk, self._mapping
        if mapping is None or mapping.points is None or len(walk.u) == 0:
            return
        self.map.set_marker(*mapping.place(walk.u))
        path = walk.path(SLIDER_STEPS + 1)
        pins = {name: mapping.place(u) for name, u in walk.pins.items()}
        self.map.set_pins(pins, None if path is None else mapping.path(path))

    def _pick(self, x: float, y: float) -> None:
        if self._mapping is not None and self.cloud is not None:
            row = self._mapping.row_at((x, y), snap=self.bar.snap.isChecked())
            if row is not None:
                self.conditions.take(row)
            self.walk.stand_at(self._mapping.picked(self.walk.u, (x, y), row))

    def _pin_real(self, name: str, title: str) -> None:
        if self.cloud is not None:
            self.conditions.take(self._real[title])
            self.walk.pin(name, self.cloud.u[self._real[title]].astype(np.float64))

    # selection

    def _set_lasso(self, on: bool) -> None:
        self.map.view.lasso = on

    def _select(self, shown: NDArray[np.int64]) -> None:
        if self.cloud is None or self._mapping is None:
            return
        rows = self._mapping.rows[shown]
        session = self._session
        self.bar.lasso.setChecked(False)
        if len(rows) == 0:
            session.select(None)
            return
        households = session.households if session.has_households else None
        self._mapping.chosen = rows
        session.select(selection_of(self.cloud, rows, households))
        self.show_selection_tab()

    def show_selection_tab(self) -> None:
        """Bring the tab with the selection's curves and statistics forward."""
        self.walk.tabs.setCurrentWidget(self.selection)

    def _show_selection(self, selection: object) -> None:
        if selection is None and self._mapping is not None:
            self._mapping.chosen = None
        self.selection.show_selection(self._session.selection)
        self._fade()

    def _fade(self) -> None:
        if self._mapping is not None:
            self.map.show_selection(self._mapping.chosen_among_shown())

    def _export_selection(self) -> None:
        self._export.selection(self._session.selection)
