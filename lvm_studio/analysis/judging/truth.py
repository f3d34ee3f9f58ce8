"""A model of a simulated street beside the street's exact law: nothing is estimated that is known.

Fresh streets are drawn from the law given the labels of real sums of the set, in its held-out
weeks; the law itself, sampled once more, is the best that any predictor could do.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Case, Ints, Predictor, WeekRecords, draw_cases
from lvm_studio.analysis.judging.report import Estimate, mean_by_week
from lvm_studio.analysis.judging.scores import energy_score
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.simulation.residents import Label, labels_of
from lvm_studio.data.simulation.truth import StreetTruth

if TYPE_CHECKING:
    from lvm_studio.models.trained import TrainedModel

Array = NDArray[np.float64]
TRUTH = "the true law"


@dataclass(frozen=True)
class TruthSpec:
    """How much is drawn: sums a held-out week, curves and fresh streets a sum, sizes of sums."""

    repeats: int = 3
    samples: int = 100
    streets: int = 8
    k_range: tuple[int, int] = (20, 60)
    weeks: int = 25
    seed: int = 0


@dataclass(frozen=True, eq=False)
class TruthReport:
    """P predictors, the last of which is the law itself, on R sums in each of N weeks.

    `energy` [P, N, R] is the energy score against fresh streets, kW per household; `same`
    [P, N, R] the error (sum over the week of |a − b|, kW per household) between a drawn curve and
    a fresh street of the same labels and week, `independent` [N, R] that between fresh streets of
    different labels and weeks; `bias` [P, N, R] the root mean square over the week of mean curve
    minus exact mean, and `spread` [P, N, R] root mean variance over the exact one's.
    """

    predictors: tuple[str, ...]
    weeks: tuple[str, ...]
    energy: Array
    same: Array
    independent: Array
    bias: Array
    spread: Array
    spec: TruthSpec

    def ratio(self, predictor: str) -> Estimate:
        """Energy score ÷ that of the law; the error by week."""
        return self._against_truth(self.energy, predictor)

    def same_over_independent(self, predictor: str) -> Estimate:
        """Error from the same labels ÷ error between independent pairs."""
        row = self.predictors.index(predictor)
        return _ratio(self.same[row], self.independent)

    def same_against_truth(self, predictor: str) -> Estimate:
        """That figure ÷ that of the law."""
        return self._against_truth(self.same, predictor)

    def mean(self, values: Array, predictor: str) -> Estimate:
        """Mean of `energy`, `bias` or `spread`, with its error by week."""
        return mean_by_week(values[self.predictors.index(predictor)].mean(axis=1))

    def _against_truth(self, values: Array, predictor: str) -> Estimate:
        return _ratio(values[self.predictors.index(predictor)], values[-1])

    def lines(self) -> list[str]:
        """What was found, a line a predictor."""
        found = []
        for name in self.predictors:
            ratio, same = self.ratio(name), self.same_against_truth(name)
            found.append(
                f"{name}: energy score {self.mean(self.energy, name)} kW/household, "
                f"{ratio} of the true law's; same labels ÷ independent "
                f"{self.same_over_independent(name)}, {same} of the true value; "
                f"spread {self.mean(self.spread, name)} of the true one"
            )
        return found


def _ratio(above: Array, below: Array) -> Estimate:
    """Mean ÷ mean; the error by the delta method over weeks [N, R]."""
    top, base = above.mean(axis=1), below.mean(axis=1)
    ratio = top.mean() / base.mean()
    return Estimate(float(ratio), mean_by_week((top - ratio * base) / base.mean()).se)


def judge_by_truth(
    predictors: Mapping[str, Predictor],
    street: HouseholdSet,
    records: WeekRecords,
    spec: TruthSpec,
) -> Generator[tuple[int, int], None, TruthReport]:
    """Judge on held-out weeks; yields (sums done, of how many).

    Raises:
        DataError: the set is no simulated street, or holds no week out.
    """
    labels = np.array(labels_of(street), dtype=object)
    heldout = street.weeks.indices(street.split.heldout_weeks)
    if len(heldout) < 2:
        raise DataError(f"{street.name} holds fewer than two weeks out; simulate more weeks.")
    weeks = heldout[np.linspace(0, len(heldout) - 1, min(spec.weeks, len(heldout))).astype(int)]
    rows = street.indices(street.split.train_households)
    cases = draw_cases(records, rows, weeks, spec.repeats, spec.k_range, spec.seed)
    drawing = _Drawing(dict(predictors), street, records, labels, spec)
    found = []
    for index, case in enumerate(cases):
        found.append(drawing.measured(index, case))
        yield index + 1, len(cases)
    energy, same, bias, spread, fresh = (
        np.stack(part, axis=-1) for part in zip(*found, strict=True)
    )
    shape = (len(weeks), spec.repeats)
    return TruthReport(
        predictors=(*predictors, TRUTH),
        weeks=tuple(street.weeks.ids[week] for week in weeks),
        energy=energy.reshape(-1, *shape),
        same=same.reshape(-1, *shape),
        independent=_independent(fresh.T).reshape(shape),
        bias=bias.reshape(-1, *shape),
        spread=spread.reshape(-1, *shape),
        spec=spec,
    )


@dataclass(frozen=True, eq=False)
class _Drawing:
    predictors: dict[str, Predictor]
    street: HouseholdSet
    records: WeekRecords
    labels: NDArray[np.object_]
    spec: TruthSpec

    def measured(self, index: int, case: Case) -> tuple[Array, Array, Array, Array, Array]:
        """Energy, same-label error, bias, spread [P] of each predictor; one fresh street [T]."""
        spec, law = self.spec, _Law(self.street, tuple(self.labels[case.households]), case.week)
        seeds = np.random.SeedSequence((spec.seed, index)).generate_state(3)
        fresh = law.sample(spec.streets, int(seeds[0])) / case.k
        samples = [self._drawn(name, case, int(seeds[1])) for name in self.predictors]
        samples.append(law.sample(spec.samples, int(seeds[2])) / case.k)
        mean, deviation = law.mean() / case.k, np.sqrt(law.variance()) / case.k
        apart = [np.abs(drawn[: spec.streets] - fresh).sum(axis=1).mean() for drawn in samples]
        return (
            np.array([np.mean([energy_score(drawn, x) for x in fresh]) for drawn in samples]),
            np.array(apart),
            np.array([np.sqrt(((drawn.mean(axis=0) - mean) ** 2).mean()) for drawn in samples]),
            np.array([np.sqrt(drawn.var(axis=0, ddof=1).mean()) for drawn in samples])
            / np.sqrt((deviation**2).mean()),
            fresh[0],
        )

    def _drawn(self, name: str, case: Case, seed: int) -> Array:
        import torch

        known = self.records.labels[case.households], self.records.context[case.week]
        generator = torch.Generator().manual_seed(seed)
        curves = self.predictors[name](
            *known, case.households, case.week, self.spec.samples, generator
        )
        return np.asarray(curves, dtype=np.float64) / case.k


@dataclass(frozen=True)
class _Law:
    """The law of one case."""

    street: HouseholdSet
    who: tuple[Label, ...]
    week: int

    @property
    def _known(self) -> tuple[tuple[Label, ...], NDArray[np.float32], np.datetime64]:
        weeks = self.street.weeks
        return self.who, weeks.temperature_c[self.week], weeks.starts[self.week]

    def sample(self, count: int, seed: int) -> Array:
        return StreetTruth().sample(*self._known, count, seed).astype(np.float64)

    def mean(self) -> Array:
        return StreetTruth().mean(*self._known)

    def variance(self) -> Array:
        return StreetTruth().variance(*self._known)


def _independent(fresh: Array) -> Array:
    """Error of every curve [M, T] to one of another place in the list, half the list away."""
    other = np.roll(fresh, len(fresh) // 2, axis=0)
    errors: Array = np.abs(fresh - other).sum(axis=1)
    return errors


def truth_of_model(
    model: TrainedModel, street: HouseholdSet, spec: TruthSpec
) -> Generator[tuple[int, int], None, TruthReport]:
    """Judge a trained CompVAE beside ridge regression fitted to the same labels."""
    from lvm_studio.analysis.judging.fidelity import predictors_of
    from lvm_studio.analysis.judging.rivals import fit_ridge

    records = WeekRecords.of(street, model.labels, model.week_context)
    rows: Ints = street.indices(street.split.train_households)
    weeks = street.weeks.indices(street.split.train_weeks)
    predictors = predictors_of(model) | {"ridge": fit_ridge(records, rows, weeks, seed=spec.seed)}
    return (yield from judge_by_truth(predictors, street, records, spec))
