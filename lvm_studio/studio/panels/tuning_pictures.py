"""The picture tabs that are worked out only while somebody looks: theory, difficulty, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QTabWidget

from lvm_studio.studio.street.answers import DifficultyAnswer, MeasuredAnswer, Picture, TheoryAnswer
from lvm_studio.studio.street.tuned_keys import criterion_key
from lvm_studio.studio.theme import Colours
from lvm_studio.studio.widgets.tuning.cost_table import CostTable
from lvm_studio.studio.widgets.tuning.difficulty_plot import DifficultyPlot
from lvm_studio.studio.widgets.tuning.levels_plot import LevelsPlot
from lvm_studio.studio.widgets.tuning.theory_plot import TheoryPlot

if TYPE_CHECKING:
    from collections.abc import Hashable

    from PySide6.QtWidgets import QWidget

    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.service import StreetService


class TuningPictures(QObject):
    """Adds its tabs beside those that are there, and asks the service for the one in sight."""

    def __init__(
        self,
        session: Session,
        service: StreetService,
        tabs: QTabWidget,
        levels: LevelsPlot,
        colours: Colours,
    ) -> None:
        super().__init__(tabs)
        self._service, self._levels = service, levels
        self.theory = TheoryPlot(colours, tabs)
        self.difficulty = DifficultyPlot(colours, tabs)
        tabs.insertTab(2, self.theory, "Theory")
        tabs.insertTab(3, self.difficulty, "Difficulty")
        self.costs = CostTable(tabs)
        tabs.insertTab(tabs.count() - 1, self.costs, "Costs")
        self._pictures: tuple[tuple[QWidget, Picture], ...] = (
            (self.theory, "theory"),
            (self.difficulty, "difficulty"),
            (levels, "measured"),
        )
        for widget, _ in self._pictures:
            widget.installEventFilter(self)
        self.theory.set_lam(session.state.lam)
        session.state_changed.connect(self._state_changed)
        service.picture_ready.connect(self._show)
        service.unavailable.connect(self._clear)
        levels.cancel_asked.connect(service.cancel_sums)
        levels.form_asked.connect(service.form_sums)
        self._connect_costs()

    def _connect_costs(self) -> None:
        measuring = self._service.costs
        self.costs.measure_asked.connect(self._measure_costs)
        self.costs.cancel_asked.connect(measuring.cancel)
        measuring.progressed.connect(self.costs.show_progress)
        measuring.measured.connect(lambda _found: self._show_costs())
        measuring.ended.connect(lambda: self.costs.show_running(running=False))
        measuring.failed.connect(self._service.failed)
        self._show_costs()

    def _measure_costs(self) -> None:
        if self._service.measure_costs():
            self.costs.show_running(running=True)

    def _show_costs(self) -> None:
        self.costs.show_costs(self._service.known_costs())

    def set_colours(self, colours: Colours) -> None:
        """Take the colours of a theme."""
        self.theory.set_colours(colours)
        self.difficulty.set_colours(colours)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for whichever picture is in sight now."""
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide):
            seen = [picture for widget, picture in self._pictures if widget.isVisible()]
            self._service.show_picture(seen[0] if seen else None)
        return super().eventFilter(watched, event)

    def _state_changed(self, new: StreetState, old: StreetState) -> None:
        self.theory.set_lam(new.lam)
        if _law(new) != _law(old):
            self._clear()
            self._show_costs()
        elif new.lam != old.lam:
            self._levels.show_measured(None)

    def _show(self, answer: TheoryAnswer | DifficultyAnswer | MeasuredAnswer) -> None:
        match answer:
            case TheoryAnswer():
                self.theory.show_theory(answer)
            case DifficultyAnswer():
                self.difficulty.show_difficulty(answer)
            case MeasuredAnswer():
                self._levels.show_measured(answer)

    def _clear(self, _sentence: str = "") -> None:
        """What was drawn is of another street or criterion."""
        self.theory.show_theory(None)
        self.difficulty.show_difficulty(None)
        self._levels.show_measured(None)


def _law(state: StreetState) -> Hashable:
    """What the pictures are of, λ itself left out."""
    street = (state.dataset, state.model, state.composition, state.week, state.own_temperature)
    return (*street, criterion_key(state), state.tuned, state.seed, state.lam < 0.0)
