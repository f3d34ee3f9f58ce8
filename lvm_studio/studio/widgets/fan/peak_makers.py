"""Who makes the peak: the street service's parts shown in the composition and in the fan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lvm_studio.studio.numerals import with_decimals
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.compose.composition_table import Part
from lvm_studio.studio.widgets.compose.composition_view import CompositionView
from lvm_studio.studio.widgets.fan.fan_plot import FanPlot

if TYPE_CHECKING:
    from lvm_studio.studio.jobs.mailbox import Mailbox
    from lvm_studio.studio.street.answers import PartsAnswer
    from lvm_studio.studio.street.service import StreetService
    from lvm_studio.studio.street.street_weeks import Without


class PeakMakers(QObject):
    """Gives each row its part of the peak, and the fan the part of the selected rows."""

    def __init__(
        self,
        service: StreetService,
        composition: CompositionView,
        fan: FanPlot,
        colours: Colours,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._composition, self._fan, self._colours = composition, fan, colours
        self._answer: PartsAnswer | None = None
        self._service = service
        self._taking_out: Mailbox | None = None
        service.parts_ready.connect(self._show)
        service.tuned_computing.connect(self._fade)
        service.unavailable.connect(self._clear)
        composition.selection_changed.connect(self._show_selected)

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self._colours = colours
        self._paint_bars()

    def _show(self, answer: PartsAnswer) -> None:
        self._answer = answer
        self._paint_bars()
        self._composition.set_parts(parts_by_household(answer), answer.tuned.shared_peak_kw)
        self._show_selected()

    def _fade(self) -> None:
        """Another street or λ is on its way: what is known is of the one before."""
        self._answer = None
        self._composition.fade_parts()
        self._fan.set_part(None)

    def _clear(self, _sentence: str) -> None:
        self._answer = None
        self._composition.set_parts({})
        self._fan.set_part(None)

    def _show_selected(self, _ids: tuple[str, ...] = ()) -> None:
        """Draw what the selected households make of the mean curve, all of them together."""
        chosen = set(self._composition.selected_ids())
        self._take_out(chosen)
        if self._answer is None or not chosen:
            self._fan.set_part(None)
            return
        parts = self._answer.tuned
        rows = [row for row, name in enumerate(parts.household_ids) if name in chosen]
        self._fan.set_part(parts.curve_kw[rows].sum(axis=0) if rows else None)

    def _take_out(self, chosen: set[str]) -> None:
        """Ask what the peak would be without the one household that is selected."""
        self._composition.set_without("")
        weeks = None if self._answer is None else self._answer.weeks
        if weeks is None or len(chosen) != 1:
            return
        if self._taking_out is None:
            self._taking_out = self._service.open_mailbox()
            self._taking_out.answered.connect(self._show_without)
            self._taking_out.failed.connect(self._service.failed)
        self._taking_out.post(partial(weeks.without, next(iter(chosen))))

    def _show_without(self, answer: Without) -> None:
        if self._answer is not None and self._composition.selected_ids() == (answer.household_id,):
            tuned = self._answer.state.lam != 0.0
            self._composition.set_without(without_text(answer, tuned=tuned))

    def _paint_bars(self) -> None:
        tuned = self._answer is not None and self._answer.state.lam != 0.0
        colours = self._colours
        self._composition.set_bar_colour(colours.tuned if tuned else colours.base)


def without_text(answer: Without, *, tuned: bool) -> str:
    """What the mean peak loses with one household.

    >>> from lvm_studio.studio.street.street_weeks import Without
    >>> without_text(Without("MAC000010", 2.4, 2.1), tuned=True)
    'Without MAC000010 the peak is 2.4 kW lower (base law: 2.1)'
    """
    base = f" (base law: {with_decimals(answer.base_kw, 1)})" if tuned else ""
    lower = f"{with_decimals(answer.tuned_kw, 1)} kW lower{base}"
    return f"Without {answer.household_id} the peak is {lower}"


def parts_by_household(answer: PartsAnswer) -> dict[str, Part]:
    """What the composition shows of each row."""
    tuned, base = answer.tuned, answer.base
    rows = zip(
        tuned.household_ids,
        tuned.peak_kw.tolist(),
        tuned.peak_shares.tolist(),
        (tuned.peak_kw - base.peak_kw).tolist(),
        tuned.energy_kwh.tolist(),
        (tuned.energy_kwh / (tuned.energy_kwh.sum() + tuned.shared_energy_kwh)).tolist(),
        strict=True,
    )
    return {name: Part(*values) for name, *values in rows}
