"""The compose page: library, composition, fan and λ, connected with the session."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from lvm_studio.studio.numerals import with_decimals
from lvm_studio.studio.panels.artificial import AnchorsPanel, SinesPanel
from lvm_studio.studio.panels.tuning_pictures import TuningPictures
from lvm_studio.studio.theme import Colours, theme
from lvm_studio.studio.widgets.burst import Burst
from lvm_studio.studio.widgets.compose.composition_view import CompositionView
from lvm_studio.studio.widgets.compose.fan_source import sampled_text, source_text
from lvm_studio.studio.widgets.compose.library import LibraryView
from lvm_studio.studio.widgets.compose.readouts import Readouts
from lvm_studio.studio.widgets.compose.sampling_fields import SamplingFields
from lvm_studio.studio.widgets.compose.set_summary import (
    daily_means,
    knows_weather,
    members,
    week_entries,
    why_unmeasured,
)
from lvm_studio.studio.widgets.compose.temperature_editor import TemperatureEditor
from lvm_studio.studio.widgets.compose.week_chooser import WeekChooser
from lvm_studio.studio.widgets.compose.whole_choice import WholeChoice
from lvm_studio.studio.widgets.fan.fan_plot import FanPlot
from lvm_studio.studio.widgets.fan.peak_makers import PeakMakers
from lvm_studio.studio.widgets.steady_page import SteadyPage
from lvm_studio.studio.widgets.tuning.afterwards import Afterwards
from lvm_studio.studio.widgets.tuning.lam_control import LamControl
from lvm_studio.studio.widgets.tuning.lam_words import figures_text
from lvm_studio.studio.widgets.tuning.pad_room import PadRoom
from lvm_studio.studio.widgets.tuning.tuning_history import kept_of, tuning_name
from lvm_studio.tuning.criteria.specs import DistanceSpec, parse_criterion

if TYPE_CHECKING:
    from lvm_studio.analysis.fan import Fan
    from lvm_studio.data.households import HouseholdSet
    from lvm_studio.storage.street_state import StreetState
    from lvm_studio.studio.session import Session
    from lvm_studio.studio.street.answers import FanAnswer, TunedAnswer
    from lvm_studio.studio.street.service import StreetService


class ComposePanel(SteadyPage):
    """Shows the session's street and asks the session for changes; holds no state of its own."""

    def __init__(
        self, session: Session, service: StreetService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compose_panel")
        self._session = session
        self._service = service
        self._lam_burst = Burst(session.new_gesture)
        self._temperature_burst = Burst(session.new_gesture)
        self._shown_burst = Burst(session.new_gesture)
        self._listed: HouseholdSet | None = None
        """Whose households are in the library."""
        self._tuned_street: Hashable = None
        """What the tuned fan on screen is of."""
        colours = theme().colours
        self.library = LibraryView(self)
        self.composition = CompositionView(self)
        self.weeks = WeekChooser(self)
        self.temperature = TemperatureEditor(self)
        self.fan = FanPlot(colours, self)
        self.readouts = Readouts(self)
        self.sampling = SamplingFields(self)
        self.lam = LamControl(colours, self)
        self.figures = Afterwards(self._show_figures, self)
        self.pictures = TuningPictures(
            session, service, self.lam.pictures, self.lam.levels, colours
        )
        self._makers = PeakMakers(service, self.composition, self.fan, colours, self)
        self._lay_out()
        self._connect_wishes()
        self._connect_session()
        self._connect_service()
        self._show_dataset()
        self._show_kept()
        self._show_state(session.state)
        self._show_latest()

    def figure_caption(self) -> str:
        """Say what a figure of the fan shows, and how it was obtained ('' if there is none)."""
        base, tuned = self._service.fan, self._service.tuned
        if base is None:
            return ""
        parts = ["Blue: the model's own law, mean and 10–90 % band."]
        if tuned is not None and tuned.lam:
            figures = figures_text(tuned).replace("   ·   ", ", ")
            parts.append(f"Orange: the law tuned by λ = {with_decimals(tuned.lam, 2)}: {figures}.")
        if base.fan.measured is not None:
            simulated = self._session.households.provenance.simulated
            parts.append("Black: simulated." if simulated else "Black: measured.")
        return " ".join([*parts, f"{sampled_text(base)}. Times are UTC."])

    # -- building --------------------------------------------------------------------------

    def _lay_out(self) -> None:
        middle = _column(self.composition, self.weeks, self.temperature)
        right = _column(self.fan, self.readouts, self.sampling)
        top = QSplitter(Qt.Orientation.Horizontal, self, childrenCollapsible=False)
        for widget, stretch in ((self.library, 2), (middle, 2), (right, 5)):
            top.addWidget(widget)
            top.setStretchFactor(top.count() - 1, stretch)
        top.setObjectName("compose_columns")
        top.setSizes([260, 330, 690])
        whole = QSplitter(Qt.Orientation.Vertical, self, childrenCollapsible=False)
        whole.setObjectName("compose_rows")
        whole.addWidget(top)
        whole.addWidget(self.lam)
        whole.setStretchFactor(0, 3)  # a larger window gives the pictures below more room too
        whole.setStretchFactor(1, 1)
        whole.setSizes([560, 200])
        self._pad_room = PadRoom(whole)
        kinds = (
            ("Sums of sines", lambda: SinesPanel(self._session, self._service)),
            ("Colour anchors", lambda: AnchorsPanel(self._session, self._service)),
        )
        self.choice = WholeChoice(("Households", whole), kinds, self)
        self.hold(self.choice)

    def _connect_wishes(self) -> None:
        session = self._session
        self.library.add_requested.connect(session.add_households)
        self.library.like_requested.connect(session.add_like)
        self.composition.dropped.connect(session.add_households)
        self.composition.count_asked.connect(session.set_count)
        self.composition.removed.connect(session.remove_households)
        self.composition.duplicated.connect(session.duplicate)
        self.composition.cleared.connect(session.clear_composition)
        self.weeks.week_chosen.connect(session.set_week)
        self.temperature.profile_edited.connect(self._set_temperature)
        self.fan.show_asked.connect(self._set_shown)
        self.sampling.samples_asked.connect(session.set_samples)
        self.sampling.seed_asked.connect(session.set_seed)
        self.fan.target_drawn.connect(self._tune_towards)
        self.lam.criterion_chosen.connect(session.set_criterion)
        self.lam.criterion_refused.connect(lambda sentence: session.failed.emit(sentence, ""))
        self.lam.method_chosen.connect(session.set_method)
        self.lam.history.keep_asked.connect(self._keep_tuning)
        self.lam.history.recall_asked.connect(session.recall_tuning)
        self.lam.history.forget_asked.connect(session.forget_tuning)
        self.lam.lam_asked.connect(self._set_lam)
        self.lam.drag_started.connect(self._lam_burst.hold)
        self.lam.drag_ended.connect(self._lam_burst.release)
        self.lam.target_asked.connect(self._service.request_lam)
        self.lam.quantile_asked.connect(
            lambda level, share: self._service.request_lam("quantile", level, share)
        )
        self.lam.corrected_asked.connect(session.set_corrected)
        self.lam.what.space_chosen.connect(session.set_tuned)
        self.lam.what.second_chosen.connect(session.set_second)
        self.lam.pair_asked.connect(self._set_pair)

    def _connect_session(self) -> None:
        self._session.state_changed.connect(self._state_changed)
        self._session.workspace_changed.connect(self._show_dataset)
        self._session.workspace_changed.connect(self._show_kept)
        theme().changed.connect(self._set_colours)

    def _connect_service(self) -> None:
        service = self._service
        service.computing.connect(self.fan.computing.begin)
        service.tuned_computing.connect(self.lam.computing.begin)
        service.tuned_computing.connect(self.lam.what.fade_apart)
        service.fan_ready.connect(self._show_fan)
        service.tuned_ready.connect(self._show_tuned)
        service.levels_ready.connect(self.lam.levels.show_levels)
        service.apart_ready.connect(self.lam.show_apart)
        service.surface_ready.connect(self.lam.show_surface)
        service.unavailable.connect(self._show_unavailable)
        service.model_loading.connect(self._show_loading)
        service.failed.connect(self._end_computing)
        service.background_changed.connect(self.lam.background.show_background)
        self.lam.background.cancel_asked.connect(service.cancel_background)
        self.lam.background.again_asked.connect(service.allow_background)

    # -- wishes that come in bursts --------------------------------------------------------

    def _set_lam(self, lam: float) -> None:
        self._session.set_lam(lam, self._lam_burst.current())

    def _set_pair(self, blend: float, lam: float) -> None:
        self._session.set_pair(blend, lam, self._lam_burst.current())

    def _keep_tuning(self) -> None:
        """Note the tuning on screen in the history."""
        tuned = self._service.tuned
        if tuned is not None:
            kept = kept_of(tuned)
            self._session.keep_tuning(tuning_name(kept), kept)

    def _show_kept(self) -> None:
        self.lam.history.show_tunings(self._session.kept_tunings)

    def _set_temperature(self, profile: tuple[float, ...] | None) -> None:
        self._session.set_own_temperature(profile, self._temperature_burst.current())

    def _tune_towards(self, start: int, target_kw: tuple[float, ...]) -> None:
        """Make the nearness to a drawn curve the criterion."""
        self._session.set_criterion(DistanceSpec(target=target_kw, start=start).text)

    def _set_shown(self, count: int) -> None:
        self._session.set_show_curves(count, self._shown_burst.current())

    # -- showing the session ---------------------------------------------------------------

    def _show_dataset(self) -> None:
        if self._session.has_households:
            households = self._session.households
            if households is not self._listed:  # state and workspace tell of the same change
                self._listed = households
                self.library.set_households(households)
                self.composition.set_members(members(households))
                self.weeks.set_weeks(week_entries(households))
                simulated = households.provenance.simulated
                self.fan.legend.set_simulated(simulated)
                self.readouts.set_simulated(simulated)
            self.weeks.set_week(self._session.state.week)

    def _state_changed(self, new: StreetState, old: StreetState) -> None:
        if new.dataset != old.dataset:
            self._show_dataset()
        self._show_state(new, old)

    def _show_state(self, new: StreetState, old: StreetState | None = None) -> None:
        """Show what differs from `old` (all without one): a sliding λ redraws λ alone."""

        def differs(*names: str) -> bool:
            return old is None or any(getattr(new, n) != getattr(old, n) for n in names)

        if differs("composition"):
            self.composition.set_counts(new.composition.counts)
        if differs("week", "own_temperature", "dataset"):
            self.weeks.set_week(new.week)
            self._show_temperature(new)
        if differs("criterion"):
            self.lam.set_criterion(new.criterion)
            self.fan.set_target(*drawn_target(new.criterion))
        if differs("criterion", "second", "blend"):
            self.lam.set_pair(new.criterion, new.second, new.blend)
            self._pad_room.set_needed(bool(new.second))
        if differs("criterion", "second", "tuned") or (old and _street(new) != _street(old)):
            self.lam.show_surface(None)
        if differs("show_curves"):
            self.fan.set_shown(new.show_curves)
        if differs("samples", "seed"):
            self.sampling.show_sampling(new.samples, new.seed)
        # a field may show what was typed but not accepted
        self.lam.set_lam(new.lam)
        self.lam.set_held(new.goal, new.target, new.share)
        self.lam.set_corrected(new.corrected)
        self.lam.set_method(new.method)
        self.lam.what.set_space(new.tuned)

    def _show_temperature(self, state: StreetState) -> None:
        own = None if state.own_temperature is None else daily_means(state.own_temperature)
        measured, assumed = None, False
        weeks = self._session.households.weeks if self._session.has_households else None
        if weeks is not None and state.week in weeks.ids:
            place = weeks.index(state.week)
            measured = daily_means(weeks.temperature_c[place])
            assumed = not knows_weather(self._session.households, place)
        self.temperature.set_profile(measured, own, assumed=assumed)

    # -- showing the service's answers -----------------------------------------------------

    def _end_computing(self) -> None:
        """A computation failed (the window says why): do not promise an answer any longer."""
        self.fan.computing.end()
        self.lam.computing.end()

    def _show_latest(self) -> None:
        if self._service.fan is None:
            self._clear()
        else:
            self._show_fan(self._service.fan)
        if self._service.tuned is not None:
            self._show_tuned(self._service.tuned)
            self.figures.now()

    def _show_fan(self, answer: FanAnswer) -> None:
        self.fan.computing.end()
        self.fan.set_fan(answer.fan)
        self.readouts.set_fan(answer.fan)
        unmeasured = why_unmeasured(self._session.households, answer.state)
        model = self._session.trained_model()
        self.readouts.set_source(source_text(answer, model), unmeasured)
        self.lam.set_available(True)
        self.lam.what.set_splittable(model is not None and model.kind == "compvae")
        if _street(answer.state) != self._tuned_street:
            self._fade_tuned()

    def _fade_tuned(self) -> None:
        """Grey what is still on screen of another street; the tuned fan of this one follows."""
        self.figures.forget()
        self.fan.fade_tuned()
        self.readouts.set_tuned(None)
        self.lam.fade_figures()

    def _show_tuned(self, answer: TunedAnswer) -> None:
        self._tuned_street = _street(answer.state)
        self.fan.set_tuned(tuned_fan(answer), valid=answer.valid)
        self.figures.post(answer)

    def _show_figures(self, answer: TunedAnswer) -> None:
        """Tell in numbers what the tuned fan shows."""
        fan = tuned_fan(answer)
        if fan is None or not answer.valid:
            self.lam.show_apart(None)
        self.readouts.set_tuned(fan)
        self.lam.show_answer(answer)

    def _show_unavailable(self, sentence: str) -> None:
        self._clear()
        self.fan.set_message(sentence)

    def _show_loading(self, name: str) -> None:
        sentence = f"Loading the model “{name}” …"
        self.fan.set_message(sentence)
        if self._service.fan is not None:  # of another model; it stays, dimmed, for a moment
            self.fan.dim()
            self.readouts.set_source(f"These figures are of the model before. {sentence}")
            self._fade_tuned()

    def _clear(self) -> None:
        self.figures.forget()
        self.fan.computing.end()
        self.fan.set_fan(None)
        self.fan.set_tuned(None)
        self.readouts.set_fan(None)
        self.readouts.set_tuned(None)
        self.readouts.set_source("")
        self.lam.show_answer(None)
        self.lam.set_available(False)

    def _set_colours(self, colours: Colours) -> None:
        self.fan.set_colours(colours)
        self.lam.set_colours(colours)
        self.composition.set_icon_colour(colours.text)
        self._makers.set_colours(colours)
        self.pictures.set_colours(colours)


def tuned_fan(answer: TunedAnswer) -> Fan | None:
    """The fan drawn beside the base fan: none at λ = 0, where it would be the same."""
    return None if answer.lam == 0.0 else answer.fan


def drawn_target(criterion: str) -> tuple[int, tuple[float, ...] | None]:
    """Return where the drawn curve of a criterion begins and its powers (kW); None if it has none.

    >>> drawn_target("distance:3=1,2"), drawn_target("peak")
    ((3, (1.0, 2.0)), (0, None))
    """
    if not criterion.startswith("distance:"):
        return 0, None
    spec = parse_criterion(criterion).criterion
    return (spec.start, spec.target) if isinstance(spec, DistanceSpec) else (0, None)


def _street(state: StreetState) -> Hashable:
    """What the base law depends on."""
    return (
        state.dataset,
        state.model,
        state.composition,
        state.week,
        state.own_temperature,
        state.samples,
        state.seed,
    )


def _column(*widgets: QWidget) -> QWidget:
    """Stack widgets; the first one takes the room."""
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for place, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if place == 0 else 0)
    return column
