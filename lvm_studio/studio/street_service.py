"""The street service: keeps the fan and the tuned fan of the session's composition up to date.

It listens to the session, computes on one thread of its own through mailboxes of one slot, and
answers with frozen values. Panels only connect to its signals and draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from lvm_studio.analysis.fan import Fan
from lvm_studio.storage.street_state import StreetState

if TYPE_CHECKING:
    from lvm_studio.studio.mailbox import Mailbox
    from lvm_studio.studio.session import Session


@dataclass(frozen=True, eq=False)
class FanAnswer:
    """The fan of the model's own law (λ = 0) for one state of the page.

    Attributes:
        state: the StreetState this answers (compare with session.state if in doubt).
        fan: analysis.fan.Fan, powers in kW of the whole composition: times [T] (UTC), mean [T],
            p10 [T], p90 [T], curves [n, T], measured [T] or None, energy_kwh, peak_kw
            (each .mean .p10 .p90), peak_time. Row i of curves comes from the same noise for
            any composition.
        households: K, with multiplicity.
        seconds: how long it took.
    """

    state: StreetState
    fan: Fan
    households: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Front:
    """The (E f, KL) front: one point a λ, all arrays [L], λ rising from 0.

    Attributes:
        lam: per standard deviation of the criterion.
        expectation: E f under the tuned law, in the criterion's unit.
        kl: KL(tuned ‖ base), nats.
        valid: whether the point can be trusted (ESS ≥ 100 and k̂ < 0.7).
    """

    lam: NDArray[np.float64]
    expectation: NDArray[np.float64]
    kl: NDArray[np.float64]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TunedAnswer:
    """The tuned law at the page's λ, and the front it moves along.

    Attributes:
        state: the StreetState this answers.
        method: "pool" (base samples reweighted) or "flow" (flow samples with weights).
        lam: λ, per standard deviation of the criterion.
        kl: KL(tuned ‖ base), nats; one_in_n: e^KL ("1 week in N").
        expectation, base_expectation: E f tuned and base, in `unit`.
        unit: of the criterion ("kW", "kWh").
        criterion: name in tuning.CRITERIA.
        ess, khat: effective sample size of the weights and their Pareto k̂.
        log_z: log E e^{λf}, f normalised.
        valid: ESS ≥ 100 and k̂ < 0.7; draw it grey otherwise.
        samples: how many base or flow samples stand behind it.
        sentence: which of the two is on screen and how far to trust it.
        fan: Fan of the tuned law, weights resampled away: rows of curves count equally.
        front: Front; base_f [m] and tuned_f [n] are not kept: histograms are drawn from fans.
        refining: whether a better answer for the same state is being computed.
    """

    state: StreetState
    method: Literal["pool", "flow"]
    lam: float
    kl: float
    one_in_n: float
    expectation: float
    base_expectation: float
    unit: str
    criterion: str
    ess: float
    khat: float
    log_z: float
    valid: bool
    samples: int
    sentence: str
    fan: Fan
    front: Front
    refining: bool


class StreetService(QObject):
    """Answers each change of the session with a fan and a tuned fan.

    After `computing` (or `tuned_computing`) show "computing" until the `..._ready` of the same
    name; answers to older states are never emitted. `unavailable` replaces both when there is
    nothing to compute (no household, no model yet).

    Signals:
        computing(), fan_ready(FanAnswer)
        tuned_computing(), tuned_ready(TunedAnswer)
        unavailable(sentence)
        flow_status(sentence): what the background flow is doing; '' for nothing.
        model_loading(name)
        failed(sentence, details)
    """

    computing = Signal()
    fan_ready = Signal(object)
    tuned_computing = Signal()
    tuned_ready = Signal(object)
    unavailable = Signal(str)
    flow_status = Signal(str)
    model_loading = Signal(str)
    failed = Signal(str, str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.fan: FanAnswer | None = None
        """The latest fan; None while there is none."""
        self.tuned: TunedAnswer | None = None
        """The latest tuned fan; None while there is none."""

    def start(self) -> None:
        """Begin to work: loads the model (torch) on the compute thread, then answers."""

    def stop(self) -> None:
        """End the compute thread and the flow's process; safe to call twice."""

    def request_lam(self, kind: Literal["kl", "one_in_n", "expectation"], target: float) -> None:
        """Solve for the λ that reaches a KL, "1 in N" or E f, and set it on the session."""

    def open_mailbox(self) -> Mailbox:
        """Return a mailbox of its own on the compute thread, for a panel that decodes."""
        raise NotImplementedError
