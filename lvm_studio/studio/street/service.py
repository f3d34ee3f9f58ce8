"""The street service: keeps the fan and the tuned fan of the session's composition up to date.

It listens to the session, computes on one thread of its own through mailboxes of one slot, and
answers with frozen values. Panels only connect to its signals and draw.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal

from lvm_studio.studio.jobs.compute_thread import ComputeThread
from lvm_studio.studio.street.answers import (
    FanAnswer,
    Goal,
    LoadedModel,
    Picture,
    StreetRequest,
    TunedAnswer,
)
from lvm_studio.studio.street.background_fits import BackgroundFits
from lvm_studio.studio.street.background_work import BackgroundWork
from lvm_studio.studio.street.cost_service import CostService, MeasuredCosts
from lvm_studio.studio.street.improver import Improver
from lvm_studio.studio.street.pair_service import PairService
from lvm_studio.studio.street.picture_service import PictureService
from lvm_studio.studio.street.tuned_keys import tuning_key
from lvm_studio.studio.street.tuned_work import Improved, TunedWork
from lvm_studio.studio.street.work import StreetWork, street_key

if TYPE_CHECKING:
    from lvm_studio.studio.jobs.mailbox import Mailbox
    from lvm_studio.studio.session import Session

# The smaller, the sooner served.
LOADING, FANS, TUNINGS, SOLVING, PANELS, ADOPTING, CLIMBING, SHARING = range(8)

QUIET_MS = 200
"""So long a tuned fan stays on screen before it is shared out: a sliding λ must not wait for it."""

NO_DATA = "No household data is open: import meter readings with File ▸ Import readings…"
NO_WEEKS_MODEL = "is no model of household weeks; choose another beside the tabs."
NO_MODEL = "This workspace has no trained model: train one on the Train page."
NO_HOUSEHOLDS = (
    "Drag households onto the composition, or press Enter on a selection in the library."
)
NO_WEEK = "Choose a week."


class StreetService(QObject):
    """Answers each change of the session with a fan and a tuned fan.

    After `computing` (or `tuned_computing`) show "computing" until the `..._ready` of the same
    name; answers to older states are never emitted. `unavailable` replaces both when there is
    nothing to compute (no household, no model).

    Signals:
        computing(), fan_ready(FanAnswer)
        tuned_computing(), tuned_ready(TunedAnswer): may come again, better, for the same state.
        parts_ready(PartsAnswer): who makes the peak, some time after the tuned fan.
        apart_ready(ApartAnswer): the KLs of Σw and z, some time after the tuned fan.
        levels_ready(LevelsAnswer): f of single weeks, some time after the tuned fan.
        surface_ready(PairSurface): what two criteria can be raised to, once it is known.
        picture_ready(TheoryAnswer | DifficultyAnswer | MeasuredAnswer): see `show_picture`.
        unavailable(sentence)
        background_changed(Background): what is worked out behind the answers.
        model_loading(name), device_found(text)
        failed(sentence, details)
    """

    computing = Signal()
    fan_ready = Signal(object)
    tuned_computing = Signal()
    tuned_ready = Signal(object)
    parts_ready = Signal(object)
    apart_ready = Signal(object)
    levels_ready = Signal(object)
    surface_ready = Signal(object)
    picture_ready = Signal(object)
    unavailable = Signal(str)
    background_changed = Signal(object)
    model_loading = Signal(str)
    device_found = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        session: Session,
        streets: StreetWork | None = None,
        tunings: TunedWork | None = None,
        parent: QObject | None = None,
    ) -> None:
        """What comes after the session does the work; tests put others in its place."""
        super().__init__(parent)
        self._session = session
        self._streets = streets or StreetWork()
        self._tunings = tunings or TunedWork(self._streets)
        self._thread = ComputeThread(self)
        self._fits = BackgroundFits(self._thread, ADOPTING, self._tunings, self)
        self._pairs = PairService(self._thread, ADOPTING, self._tunings, self)
        self.costs = CostService(self._thread, ADOPTING, self._tunings, self)
        self.fan: FanAnswer | None = None
        """The latest fan; None while there is none."""
        self.tuned: TunedAnswer | None = None
        """The latest tuned fan; None while there is none."""
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._improver = Improver(self._thread, CLIMBING, self._tunings, self._request, self)
        self._pictures = PictureService(
            self._thread, SHARING, ADOPTING, self._tunings, self._request, self
        )
        self._background = BackgroundWork((self._improver, self._fits, self._pairs), self)
        self._quiet.timeout.connect(self._share_out)
        self._fan_key: Hashable = None
        self._tuned_key: Hashable = None
        self._solved_key: Hashable = None
        self._open_mailboxes()
        self._listen()

    def start(self) -> None:
        """Begin to work: loads the model (torch) on the compute thread, then answers."""
        self._thread.start()
        self._load_model()

    def stop(self) -> None:
        """End the compute thread and the flow's process; safe to call twice."""
        self._quiet.stop()
        self._improver.stop()
        self._fits.stop()
        self._pairs.stop()
        self.costs.stop()
        self._pictures.stop()
        self._thread.end()

    def request_lam(self, kind: Goal, target: float, share: float = 0.5) -> None:
        """Hold a KL, "1 in N", E f or quantile (of `share`); λ follows it from now on."""
        if self._request() is not None:
            self._solved_key = None  # asked for again, it is answered again
            self._session.hold_goal(kind, target, share)
            self._refresh()

    def show_picture(self, picture: Picture | None) -> None:
        """Answer with this picture whenever the page rests, until another is asked for."""
        resting = self.tuned is not None and not self._quiet.isActive()
        if self._pictures.choose(picture) and resting:
            self._pictures.work_out()

    def cancel_sums(self) -> None:
        """Form no measured sums for the picture in sight, until `form_sums`."""
        self._pictures.cancel_sums()

    def form_sums(self) -> None:
        """Form measured sums again wherever a picture needs them."""
        self._pictures.form_sums()

    def cancel_background(self) -> None:
        """Answer this street from what is known, until `allow_background`."""
        request = self._request()
        if request is not None:
            self._background.cancel(request)

    def allow_background(self) -> None:
        """Fit and climb in the background again, on every street."""
        self._background.allow()
        self._refresh()

    def measure_costs(self) -> bool:
        """Measure what every method costs on this street; `costs` tells of it.

        False where there is none.
        """
        request = self._request()
        if request is not None:
            self.costs.measure(request)
        return request is not None

    def known_costs(self) -> MeasuredCosts | None:
        """What was measured of this street and criterion."""
        request = self._request()
        return None if request is None else self.costs.known(request)

    def open_mailbox(self) -> Mailbox:
        """Return a mailbox of its own on the compute thread, for a panel that decodes."""
        return self._thread.open_mailbox(PANELS)

    # What it listens to ---------------------------------------------------------------------

    def _open_mailboxes(self) -> None:
        self._loading = self._thread.open_mailbox(LOADING)
        self._fans = self._thread.open_mailbox(FANS)
        self._tuned = self._thread.open_mailbox(TUNINGS)
        self._solving = self._thread.open_mailbox(SOLVING)
        self._apart = self._thread.open_mailbox(SHARING)
        self._sharing = self._thread.open_mailbox(SHARING)
        self._levels = self._thread.open_mailbox(SHARING)

    def _of_the_street(self) -> tuple[Mailbox, ...]:
        asked = (self._fans, self._tuned, self._solving)
        told = (self._apart, self._sharing, self._levels)
        return (*asked, *told)

    def _listen(self) -> None:
        session = self._session
        session.closed.connect(self._background.forget_streets)
        session.closed.connect(self.costs.forget_streets)
        session.state_changed.connect(self._refresh)
        session.models_changed.connect(self._load_model)
        session.workspace_changed.connect(self._refresh)
        session.model_ready.connect(self._refresh)
        self._loading.answered.connect(self._model_loaded)
        self._loading.failed.connect(self._model_failed)
        self._fans.answered.connect(self._fan_answered)
        self._tuned.answered.connect(self._tuned_answered)
        self._solving.answered.connect(session.follow_goal)
        self._solving.rested.connect(self._refresh)  # asks for the tuned fan at the λ found
        self._improver.rested.connect(self._fits.take_over)
        self._improver.improved.connect(self._tuning_improved)
        self._improver.failed.connect(self.failed)
        self._sharing.answered.connect(self.parts_ready)
        self._apart.answered.connect(self.apart_ready)
        self._levels.answered.connect(self.levels_ready)
        self._pictures.ready.connect(self.picture_ready)
        self._pictures.failed.connect(self.failed)
        for mailbox in self._of_the_street():
            mailbox.failed.connect(self.failed)
        self._fits.flow_found.connect(self._flow_found)
        self._fits.adopted.connect(self._adopted)
        self._fits.compared.connect(self._tuning_improved)
        self._fits.failed.connect(self.failed)
        self._pairs.surface_ready.connect(self.surface_ready)
        self._pairs.learned.connect(self._pair_learned)
        self._background.changed.connect(self.background_changed)
        self._pairs.failed.connect(self.failed)

    # The model ------------------------------------------------------------------------------

    def _load_model(self) -> None:
        """Load the chosen model if it is not loaded; answers wait for it."""
        tree = self._session.model_tree()
        if tree is None or self._session.trained_model() is not None:
            self._loading.withdraw()  # one chosen before must not fail in the name of this one
        elif self._thread.isRunning():
            self.model_loading.emit(self._session.state.model)
            self._loading.post(partial(self._streets.load, tree))
        self._refresh()

    def _model_loaded(self, loaded: LoadedModel) -> None:
        self.device_found.emit(loaded.device)
        self._session.set_trained_model(loaded.tree, loaded.model)

    def _model_failed(self, sentence: str, details: str) -> None:
        told = f"The model “{self._session.state.model}” cannot be used. {sentence}"
        self.failed.emit(told, details)
        self.unavailable.emit(told)

    # Asking and answering -------------------------------------------------------------------

    def _refresh(self, *_changed: object) -> None:
        """Ask for whatever the last answers asked for do not cover."""
        request = self._request()
        if request is None:
            self._forget()
            return
        state = request.state
        fan_key = (street_key(request), state.samples, state.seed)
        if fan_key != self._fan_key:
            self._fan_key = fan_key
            self.computing.emit()
            self._fans.post(partial(self._streets.fan, request))
        if self._must_solve(request):
            self._solve(request)
        tuned_key = (tuning_key(request), fan_key, state.lam, state.method, state.corrected)
        if tuned_key != self._tuned_key and not self._solving.waiting:
            self._tuned_key = tuned_key
            self._quiet.stop()
            for telling in (self._apart, self._sharing, self._levels, self._pictures):
                telling.withdraw()
            self.tuned_computing.emit()
            self._tuned.post(partial(self._tunings.answer, request))
            self._improver.wait_for_rest()
            self._fits.hold_back()
        self._background.look_at(request)
        self._pairs.consider(request)
        self._fit_in_background()

    def _fit_in_background(self) -> None:
        """See to flow and reference of the page, once all directions of two criteria are known."""
        request = self._request()
        if request is None or self._pairs.busy:
            self._fits.forget()
        else:
            self._fits.consider(request)

    def _must_solve(self, request: StreetRequest) -> bool:
        """Whether λ is not the one that the goal held asks for on this street."""
        state = request.state
        key: Hashable = (tuning_key(request), state.goal, state.target, state.share)
        if state.goal == "lam":
            self._solving.withdraw()
            key = None
        changed = key != self._solved_key
        self._solved_key = key
        return changed and key is not None

    def _solve(self, request: StreetRequest) -> None:
        """Ask for the λ of the goal held; the tuned fan is asked for once it is known."""
        state = request.state
        self._tuned.withdraw()
        self._tuned_key = None
        self.tuned_computing.emit()
        goal = cast("Goal", state.goal)
        self._solving.post(partial(self._tunings.solve, request, goal, state.target))

    def _request(self) -> StreetRequest | None:
        session, model = self._session, self._session.trained_model()
        if model is None or self._obstacle():
            return None
        return StreetRequest(session.state, session.households, model)

    def _obstacle(self) -> str:
        """Return why there is nothing to compute, '' if there is."""
        session = self._session
        if not session.has_households:
            return NO_DATA
        tree = session.model_tree()
        if tree is None:
            return NO_MODEL
        if "kind" in tree and tree.get("context") is None:
            return f"“{session.state.model}” {NO_WEEKS_MODEL}"
        if not session.state.composition.counts:
            return NO_HOUSEHOLDS
        return "" if session.state.week else NO_WEEK

    def _forget(self) -> None:
        """Withdraw all wishes; say why there is nothing to show."""
        self._fan_key = self._tuned_key = None
        self._solved_key = None
        self.fan = self.tuned = None
        self._quiet.stop()
        self._improver.stop()
        for mailbox in self._of_the_street():
            mailbox.withdraw()
        self._pictures.withdraw()
        self._fits.forget()
        self._pairs.forget()
        obstacle = self._obstacle()
        if obstacle:
            self.unavailable.emit(obstacle)

    def _fan_answered(self, answer: FanAnswer) -> None:
        self.fan = answer
        self.fan_ready.emit(answer)

    def _tuned_answered(self, answer: TunedAnswer) -> None:
        self.tuned = answer
        self.tuned_ready.emit(answer)
        self._quiet.start()

    def _flow_found(self) -> None:
        if self._improver.resting:
            self._fits.take_over()

    def _adopted(self, improved: Improved) -> None:
        self._tuning_improved(improved)
        self._improver.wait_for_rest()  # its curves are prepared then

    def _share_out(self) -> None:
        """Ask who makes the peak of the tuned fan at rest on screen, and how high f is there."""
        request = self._request()
        if request is not None:
            self._apart.post(partial(self._tunings.apart, request))
            self._levels.post(partial(self._tunings.levels, request))
            self._sharing.post(partial(self._tunings.parts, request))
            self._pictures.work_out()

    def _tuning_improved(self, improved: Improved) -> None:
        """Answer again from better draws, quietly, unless the answer on screen will do for now."""
        request = self._request()
        if request is None or improved.key != tuning_key(request):
            return
        if improved.settled and request.state.goal != "lam":
            self._solve(request)  # they may know better which λ it is
        elif improved.settled or self.tuned is None or not self.tuned.valid:
            self._tuned.post(partial(self._tunings.answer, request))

    def _pair_learned(self) -> None:
        """Answer again, now that all directions are known, unless the answer there will do."""
        request = self._request()
        if request is not None and (self.tuned is None or not self.tuned.valid):
            self._tuned.post(partial(self._tunings.answer, request))
        self._fit_in_background()
