"""Which candidate comes next: listed beforehand, or asked of a search that learns on the way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from lvm_studio.data.errors import DataError
from lvm_studio.studies.plan import PlannedRun, Planner
from lvm_studio.studies.results import RunResult
from lvm_studio.studies.space import Axis, Range, Scalar, Search, Settings, settings_key
from lvm_studio.studies.spec import StudySpec

if TYPE_CHECKING:
    import optuna

INSTALL_CLUSTER = "install the extra 'cluster': pip install -e '.[cluster]' in the program's folder"


_REPEATS = 50
"""A search that proposes so many known candidates in a row has no new ones."""


class Candidates(Protocol):
    """The runs of a study in the order in which they are to be computed."""

    def next(self) -> PlannedRun | None:
        """The next run, None if there is no further one."""
        ...

    def tell(self, result: RunResult) -> None:
        """How a run came out."""
        ...


class Listed:
    """Runs that were known beforehand."""

    def __init__(self, runs: Iterable[PlannedRun]) -> None:
        self._waiting = deque(runs)

    def next(self) -> PlannedRun | None:
        """The next run."""
        return self._waiting.popleft() if self._waiting else None

    def tell(self, result: RunResult) -> None:
        """A list does not learn."""


class Searched:
    """Candidates of a `Search`; each is judged by the mean of its seeds.

    One that is proposed again is not computed again: what is known of it answers.

    Args:
        study: with a `Search` as its space.
        planner: makes the runs.
        known: results of earlier sessions; their candidates are told to the search again, and
            those that lack a seed come first.

    Raises:
        DataError: optuna is not installed.
    """

    def __init__(
        self, study: StudySpec, search: Search, planner: Planner, known: Mapping[str, RunResult]
    ) -> None:
        self._study, self._space, self._planner = study, search, planner
        self._optuna = _optuna()
        self._search = self._optuna.create_study(
            direction="maximize" if study.maximise else "minimize",
            sampler=self._optuna.samplers.TPESampler(seed=search.seed),
        )
        self._waiting: deque[PlannedRun] = deque()
        self._open: dict[str, tuple[list[int], list[float]]] = {}
        """Candidate -> the numbers of its trials, the values of its seeds so far."""
        self._judged: dict[str, list[float]] = {}
        """Candidate -> the values of all its seeds."""
        self._left = search.size
        self._again(known)

    def next(self) -> PlannedRun | None:
        """A run that waits, or the first of a new candidate."""
        if not self._waiting and self._left:
            self._propose()
        return self._waiting.popleft() if self._waiting else None

    def _propose(self) -> None:
        """Ask the search until it names a candidate that is new."""
        for _ in range(_REPEATS):
            trial = self._search.ask()
            settings = {name: _suggest(trial, name, axis) for name, axis in self._axes()}
            name = settings_key(settings)
            if name in self._judged:
                self._conclude(trial.number, self._judged[name])
            elif name in self._open:
                self._open[name][0].append(trial.number)
            else:
                self._begin(settings, trial.number)
                self._waiting.extend(self._planner.runs(settings))
                return
        self._left = 0

    def tell(self, result: RunResult) -> None:
        """Take a result; a candidate whose seeds are all there goes to the search."""
        name = settings_key(result.settings)
        trials, values = self._open[name]
        values.append(result.figures.get(self._study.objective, math.nan))
        if len(values) == len(self._study.seeds):
            del self._open[name]
            self._judged[name] = values
            for number in trials:
                self._conclude(number, values)

    def _conclude(self, number: int, values: list[float]) -> None:
        mean = sum(values) / len(values)
        if math.isfinite(mean):
            self._search.tell(number, mean)
        else:
            self._search.tell(number, state=self._optuna.trial.TrialState.FAIL)

    def _begin(self, settings: Mapping[str, Scalar], number: int) -> None:
        self._open[settings_key(settings)] = ([number], [])
        self._left -= 1

    def _again(self, known: Mapping[str, RunResult]) -> None:
        """Tell the search what is known; wait for the seeds that are missing."""
        candidates: dict[str, Settings] = {}
        for result in known.values():
            if set(result.settings) == set(self._space.axes):
                candidates.setdefault(settings_key(result.settings), dict(result.settings))
        for settings in candidates.values():
            runs = self._planner.runs(settings)
            if not self._left or not any(run.key in known for run in runs):
                continue
            self._search.enqueue_trial(dict(settings))
            trial = self._search.ask()
            for name, axis in self._axes():
                _suggest(trial, name, axis)
            self._begin(settings, trial.number)
            for run in runs:
                if run.key in known and not known[run.key].failed:
                    self.tell(known[run.key])
                else:
                    self._waiting.append(run)

    def _axes(self) -> Iterable[tuple[str, Axis]]:
        return self._space.axes.items()


def _suggest(trial: optuna.Trial, name: str, axis: Axis) -> Scalar:
    value: Any
    if not isinstance(axis, Range):
        value = trial.suggest_categorical(name, list(axis))
    elif axis.whole:
        value = trial.suggest_int(name, round(axis.low), round(axis.high), log=axis.log)
    else:
        value = trial.suggest_float(name, axis.low, axis.high, log=axis.log)
    return value  # type: ignore[no-any-return]  # optuna's categories may be anything


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise DataError(f"A search needs optuna; {INSTALL_CLUSTER}.") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
