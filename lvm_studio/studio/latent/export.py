"""Exports of the latent page: coordinates and curves, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from lvm_studio.data.errors import DataError
from lvm_studio.storage import tables
from lvm_studio.studio.dialogs import Dialogs
from lvm_studio.studio.file_dialogs import CURVES_KIND
from lvm_studio.studio.latent.tables import coordinate_columns, curve_columns, write_columns
from lvm_studio.studio.widgets.latent.decoded_plot import DecodedWeek

if TYPE_CHECKING:
    from lvm_studio.analysis.latent.space import LatentCloud
    from lvm_studio.studio.panels.latent_walk import LatentWalk
    from lvm_studio.studio.selection import Selection
    from lvm_studio.studio.session import Session


class LatentExport(QObject):
    """Asks where, and writes there; what goes wrong the session says."""

    def __init__(self, session: Session, page: QWidget, dialogs: Dialogs | None = None) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self._dialogs = dialogs or Dialogs()

    def coordinates(self, cloud: LatentCloud | None) -> None:
        """All points of the map: what is known of them, posterior mean and std by dimension."""
        if cloud is not None:
            columns = coordinate_columns(cloud.names, cloud.u, cloud.std, cloud.metadata)
            self._write("Export coordinates", "latent-coordinates.csv", columns)

    def selection(self, selection: Selection | None) -> None:
        """What is known of the selected observations, where they are, and what was observed."""
        if selection is None:
            return
        u = np.zeros((len(selection), 0)) if selection.u is None else selection.u
        places = {f"u{i + 1}": u[:, i] for i in range(u.shape[1])}
        unit = f" {selection.unit}" if selection.unit else ""
        observed = {f"x{i + 1}{unit}": column for i, column in enumerate(selection.x.T)}
        columns = {**selection.columns, **places, **observed}
        self._write("Export the selection", "latent-selection.csv", columns)

    def decoded(self, walk: LatentWalk, cloud: LatentCloud | None) -> None:
        """The curve where one stands with its band, the traversals, and the way from A to B."""
        point, strips = walk.point, walk.strips_shown
        if point is None or cloud is None:
            return
        shown = point.shown
        curves: dict[str, NDArray[Any]] = {
            "mean": shown.mean,
            "p10": shown.p10,
            "p90": shown.p90,
            "mean at u=0": point.middle,
        }
        if strips is not None:
            curves |= walk.named_strips(strips)
        times = shown.times if isinstance(shown, DecodedWeek) else None
        columns = curve_columns(curves, times, cloud.unit)
        self._write("Export decoded curves", "latent-curves.csv", columns)

    def _write(self, title: str, suggestion: str, columns: Mapping[str, NDArray[Any]]) -> None:
        tables.prepare()
        path = self._dialogs.save_path(self._page, title, suggestion, CURVES_KIND)
        if path is None:
            return
        try:
            write_columns(path, columns)
        except DataError as error:
            self._session.failed.emit(str(error), "")
        else:
            self._session.done.emit(f"Exported to {path.name}.")
