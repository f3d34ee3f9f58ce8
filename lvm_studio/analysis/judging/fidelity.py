"""Is the model any good? Held-out weeks, proper scores, and two rivals done well.

Every predictor is judged through the same call (`records.Predictor`), on the same sums, with the
same number of samples; `heldout_table` is the whole protocol.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.judging.records import Case, Ints, Predictor, WeekRecords, draw_cases
from lvm_studio.analysis.judging.report import METRICS, FidelityReport
from lvm_studio.analysis.judging.rivals import BootstrapRival, fit_ridge
from lvm_studio.analysis.judging.scores import Array, coverage, crps, energy_score, week_error
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import result_of
from lvm_studio.data.units import WATTS_PER_KW
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.trained import TrainedModel
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.criteria.protocol import Criterion

SEASON_C = 4.0
"""°C that the way from an equinox to a solstice counts for when near weeks are looked for."""


@dataclass(frozen=True, eq=False)
class CompVAEPredictor:
    """Curves of a CompVAE given labels and context alone: Σw and z from their priors, noise."""

    module: CompVAE

    @torch.no_grad()
    def __call__(
        self,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Ints,
        week: int,
        n: int,
        generator: torch.Generator,
    ) -> NDArray[np.floating]:
        """Curves [n, 336] in kW."""
        m, s = self.module.prior_w(torch.as_tensor(labels))
        u_w = torch.randn(n, m.shape[-1], generator=generator)
        sum_w = m.sum(0) + (s**2).sum(0).sqrt() * u_w
        k = torch.full((n,), float(len(labels)))
        c = torch.as_tensor(context).expand(n, -1, -1)
        mu, sigma = self.module.prior_z(sum_w, k, c)
        u_z = torch.randn(n, mu[0].numel(), generator=generator)
        z = mu + sigma * self.module.sampled_z(u_z, u_w, k, c)
        curve = self.module.decode(sum_w, z, k, c)
        eps = torch.randn(curve.mean.shape, generator=generator)
        curves: NDArray[np.floating] = curve.transport(eps).numpy()
        return curves


def heldout_table(
    model: TrainedModel | Mapping[str, Predictor] | None,
    households: HouseholdSet,
    seed: int,
    *,
    repeats: int = 50,
    samples: int = 100,
    k_range: tuple[int, int] = (20, 60),
    weeks: Sequence[str] | None = None,
    judged: Sequence[str] | None = None,
) -> FidelityReport:
    """A model against ridge and bootstrap on weeks that none of them was fitted on.

    For each week, `repeats` sums of K (log-uniform in `k_range`) different households complete
    in it; `samples` curves of each predictor for each sum. `weeks` defaults to the held-out
    weeks of the set; training weeks named there are withheld from the rivals (an inner cut: the
    model must have been trained without them). `judged` are the households drawn from, by
    default those of training; the rivals are always fitted on the latter. Several models, or
    other predictors, come as a mapping name → predictor.

    A model that was trained without temperature or season is not told them here either, and
    neither is the ridge beside it.

    Raises DataError for a model that is no CompVAE, or weeks or households that are not there.
    """
    predictors = predictors_of(model)
    split = households.split
    weeks = split.heldout_weeks if weeks is None else tuple(weeks)
    fitted = tuple(week for week in split.train_weeks if week not in weeks)
    if isinstance(model, TrainedModel):
        records = WeekRecords.of(households, model.labels, model.week_context)
    else:
        records = WeekRecords.of(households)
    rivals = fit_rivals(
        records,
        households.indices(split.train_households),
        households.weeks.indices(fitted),
        seed=seed,
    )
    rows = households.indices(split.train_households if judged is None else judged)
    cases = draw_cases(records, rows, households.weeks.indices(weeks), repeats, k_range, seed)
    return judge(predictors | rivals, records, cases, weeks, samples=samples, seed=seed)


def predictors_of(model: TrainedModel | Mapping[str, Predictor] | None) -> dict[str, Predictor]:
    """Named predictors of a model; a mapping is taken as it is."""
    if model is None:
        return {}
    if not isinstance(model, TrainedModel):
        return dict(model)
    if not isinstance(model.module, CompVAE):
        raise DataError(f"{model.name} sees no households; only a CompVAE can be judged so.")
    return {model.name: CompVAEPredictor(model.module)}


def fit_rivals(
    records: WeekRecords, households: Ints, weeks: Ints, *, seed: int
) -> dict[str, Predictor]:
    """Ridge and two bootstraps (nearest in temperature; in temperature and season)."""
    return {
        "ridge": fit_ridge(records, households, weeks, seed=seed),
        "bootstrap": BootstrapRival(records, weeks),
        "bootstrap, season too": BootstrapRival(records, weeks, season_c=SEASON_C),
    }


def judge(
    predictors: Mapping[str, Predictor],
    records: WeekRecords,
    cases: Sequence[Case],
    weeks: tuple[str, ...],
    *,
    samples: int,
    seed: int,
) -> FidelityReport:
    """Scores of all predictors on the same cases, which come week by week, equally many each."""
    return result_of(judging(predictors, records, cases, weeks, samples=samples, seed=seed))


def judging(
    predictors: Mapping[str, Predictor],
    records: WeekRecords,
    cases: Sequence[Case],
    weeks: tuple[str, ...],
    *,
    samples: int,
    seed: int,
) -> Generator[int, None, FidelityReport]:
    """As `judge`, yielding the number of cases done after each, so that it can be left."""
    repeats = len(cases) // len(weeks)
    scores = np.empty((len(predictors), len(METRICS), len(cases)))
    for i, case in enumerate(cases):
        for row, predictor in enumerate(predictors.values()):
            scores[row, :, i] = _scores_of(predictor, records, case, samples, (seed, i))
        yield i + 1
    return FidelityReport(
        predictors=tuple(predictors),
        weeks=weeks,
        scores=scores.reshape(len(predictors), -1, len(weeks), repeats),
        k=np.array([case.k for case in cases]).reshape(len(weeks), repeats),
        samples=samples,
        seed=seed,
    )


def _scores_of(
    predictor: Predictor, records: WeekRecords, case: Case, samples: int, stream: tuple[int, int]
) -> list[float]:
    generator = torch.Generator().manual_seed(_mixed(stream))
    labels, context = records.labels[case.households], records.context[case.week]
    drawn = predictor(labels, context, case.households, case.week, samples, generator)
    curves, x = np.asarray(drawn, dtype=np.float64) / case.k, case.x / case.k
    measured = {
        "energy_score": energy_score(curves, x),
        "error": week_error(curves, x),
        "crps": crps(curves, x) * WATTS_PER_KW,
        "cover50": coverage(curves, x, 0.5),
        "cover80": coverage(curves, x, 0.8),
        "cover90": coverage(curves, x, 0.9),
        **{f"{name}80": _criterion_coverage(f, curves, x) for name, f in CRITERIA.items()},
    }
    return [measured[metric] for metric in METRICS]


def _criterion_coverage(criterion: Criterion, curves: Array, x: Array) -> float:
    values = criterion(torch.from_numpy(np.concatenate([curves, x[None]]))).numpy()
    return coverage(values[:-1], values[-1], 0.8)


def _mixed(stream: tuple[int, int]) -> int:
    return int(np.random.SeedSequence(stream).generate_state(1, np.uint64)[0] >> np.uint64(1))
