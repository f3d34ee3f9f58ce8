"""Requests to the compute thread, and what it answers, for tests of its work."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from lvm_studio.data.composition import Composition
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.street.answers import FanAnswer, StreetRequest, TunedAnswer
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import StreetWork


def three_households(data: HouseholdSet, model: TrainedModel) -> StreetRequest:
    state = StreetState(composition=Composition.parse("A,B*2"), week="2013-W03", samples=64, seed=3)
    return StreetRequest(state, data, model)


def changed(request: StreetRequest, **changes: Any) -> StreetRequest:
    return replace(request, state=request.state.with_changes(**changes))


def answers(work: Generator[Any, None, None]) -> list[Any]:
    return [value for value in work if value is not None]


def fan(streets: StreetWork, request: StreetRequest) -> FanAnswer:
    (answer,) = answers(streets.fan(request))
    return answer


def tuned(tunings: TunedWork, request: StreetRequest) -> TunedAnswer:
    (answer,) = answers(tunings.answer(request))
    return answer


def one_in_100(request: StreetRequest) -> StreetRequest:
    """The same at a λ that the pool of base draws cannot answer."""
    (lam,) = answers(TunedWork(StreetWork()).solve(request, "one_in_n", 100.0))
    return changed(request, lam=lam)
