"""Honest extremes: are the base law's tails those of real sums? Quantiles, tilted means, bands.

Whoever tunes a law buys its extremes from its tails; what is compared here is therefore the base
law itself, noise and all, with the prior refitted from several seeds, beside as many real sums.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lvm_studio.analysis.boltzmann.bands import picked_counts
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.fitted_prior import FittedPrior
from lvm_studio.models.seeded import seeded
from lvm_studio.models.street import VAESpace, draw_curves
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.training.fitted_prior import Draw, refit_prior
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.pools.sums import CriterionSums
from lvm_studio.tuning.pools.weights import Array, normalised
from lvm_studio.tuning.solve import solve_kl

LEVELS = (0.5, 0.9, 0.99, 0.999)
"""Of the quantiles."""
KLS = (2.3, 4.6, 6.9)
"""Of the tilted means, nats."""
ROWS = tuple(f"{100 * level:g} %" for level in LEVELS) + tuple(f"KL {kl:g}" for kl in KLS)
_BAND = (0.1, 0.9)
_NEIGHBOURS = 20_000
_TILTED = 3000
"""Draws of a tilted sample, one in each slice of its weight; some 600 of them differ."""

Curves = NDArray[np.float32]


@dataclass(frozen=True)
class HonestSpec:
    """sums: real and generated ones each; seeds: of the refitted prior."""

    sums: int = 200_000
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True, eq=False)
class Tails:
    """Of one sample, by criterion: values [criteria, ROWS] in its unit; top: its highest load."""

    values: Array
    least_kw: float
    highest_kw: float


@dataclass(frozen=True, eq=False)
class HonestExtremes:
    """A base law beside real sums of training and of held-out weeks.

    Attributes:
        criteria: their names; real, heldout: of real sums, mean of as many samples as seeds.
        made: of generated ones, one a seed of the prior.
        covered: [seeds, 1 + criteria] share of held-out sums' half-hours in the 10-90 % band of
            their half-hour, then of each criterion's values in its band.
        nearness, roughness: [seeds, criteria] of generated curves tilted to KL 6.9, divided by
            that of real ones tilted so (mean of as many samples as seeds): distance to the nearest
            of held-out sums, and root mean square of steps over the standard deviation.
    """

    criteria: tuple[str, ...]
    real: Tails
    heldout: Tails
    made: tuple[Tails, ...]
    covered: Array
    nearness: Array
    roughness: Array

    def errors(self, against: Tails) -> Array:
        """Relative errors of each seed, [seeds, criteria, ROWS]."""
        made = np.stack([each.values for each in self.made])
        return made / against.values - 1.0


def honest_extremes(
    module: GaussianVAE, draw: Draw, households: HouseholdSet, spec: HonestSpec
) -> Generator[str, None, HonestExtremes]:
    """Refit the prior from every seed, draw as many sums as real ones, and compare.

    Args:
        draw: training sums of the module's own number of households, for the prior.
    """
    k, n, split = module.spec.k, spec.sums, households.split
    rng = np.random.default_rng(spec.seeds[0])
    yield "summing households of training weeks"
    training = real_curves(households, split.train_weeks, k, n, rng)
    yield "summing households of held-out weeks"
    heldout = real_curves(households, split.heldout_weeks, k, n, rng)
    measured = _Sample(training)
    beside = _Sample(heldout)
    yardstick = _Yardstick(heldout[rng.permutation(len(heldout))[:_NEIGHBOURS]], rng)
    del training, heldout
    tails, covered, compared = [], [], []
    for number, seed in enumerate(spec.seeds):
        yield f"refitting the prior, {number + 1} of {len(spec.seeds)}"
        space = VAESpace(with_refitted_prior(module, draw, seed))
        yield f"drawing {n:,} sums, {number + 1} of {len(spec.seeds)}"
        made = _Sample(draw_curves(space, n, seed))
        tails.append(made.tails())
        covered.append(_covered(made, beside))
        compared.append(yardstick.measures(made))
    yield "summing households once more for every seed"
    facts = [
        (sample.tails(), yardstick.measures(sample))
        for sample in _samples(measured, households, split.train_weeks, k, spec)
    ]
    real = _mean_tails(each for each, _ in facts)
    near, rough = np.stack(compared, axis=1) / np.mean([each for _, each in facts], axis=0)[:, None]
    left_out = _mean_tails(
        sample.tails() for sample in _samples(beside, households, split.heldout_weeks, k, spec)
    )
    return HonestExtremes(
        tuple(CRITERIA), real, left_out, tuple(tails), np.stack(covered), near, rough
    )


def with_refitted_prior(module: GaussianVAE, draw: Draw, seed: int) -> GaussianVAE:
    """A copy whose prior was fitted anew, from the identity on.

    Raises:
        DataError: the model was made without one.
    """
    if module.spec.fitted_prior is None:
        raise DataError("This model has no prior to refit; train one whose spec has.")
    again = copy.deepcopy(module)
    with seeded(seed):
        again.refined = FittedPrior(module.spec.fitted_prior, module.spec.latent_z)
    refit_prior(again, draw, seed)
    return again


def real_curves(
    households: HouseholdSet, weeks: tuple[str, ...], k: int, n: int, rng: np.random.Generator
) -> Curves:
    """About n sums [n, 336] in kW of k different training households, as many of each week."""
    rows = np.asarray(households.indices(households.split.train_households))
    columns = np.asarray(households.weeks.indices(weeks))
    each = -(-n // len(columns))
    parts = []
    for column in columns:
        present = rows[households.weeks.complete[rows, column]]
        if len(present) <= k:
            continue
        counts = picked_counts(np.arange(len(present)), len(present), each, k, rng)
        parts.append(counts @ households.weeks.power_kw[present, column])
    if not parts:
        raise DataError(f"No week of {households.name} has more than {k} complete households.")
    return np.concatenate(parts)


def _samples(
    first: _Sample, households: HouseholdSet, weeks: tuple[str, ...], k: int, spec: HonestSpec
) -> Iterator[_Sample]:
    """As many samples of real sums as seeds: at KL 6.9 a single one is 2 per cent off."""
    yield first
    for seed in spec.seeds[1:]:
        rng = np.random.default_rng(seed)
        yield _Sample(real_curves(households, weeks, k, spec.sums, rng))


def _mean_tails(samples: Iterable[Tails]) -> Tails:
    every = list(samples)
    return Tails(
        np.mean([each.values for each in every], axis=0),
        min(each.least_kw for each in every),
        max(each.highest_kw for each in every),
    )


def tails_of(scores: Array) -> Array:
    """Quantiles and tilted means of f [n], [ROWS], in its unit.

    >>> f = np.random.default_rng(0).standard_normal(200_000)
    >>> tails_of(f)[[0, 3, 4]].round(1).tolist()
    [-0.0, 3.1, 2.1]
    """
    quantiles = np.quantile(scores, LEVELS)
    return np.concatenate([quantiles, [_tilted_mean(scores, kl) for kl in KLS]])


class _Sample:
    """Curves [n, 336] with their criteria [n, 3]."""

    def __init__(self, curves: Curves) -> None:
        self.curves = curves
        parts = torch.split(torch.from_numpy(curves), 8192)
        each = [torch.stack([f(part) for f in CRITERIA.values()], dim=1) for part in parts]
        self.scores: Array = torch.cat(each).double().numpy()

    def tails(self) -> Tails:
        values = np.stack([tails_of(column) for column in self.scores.T])
        return Tails(values, float(self.curves.min()), float(self.curves.max()))

    def tilted(self, criterion: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Rows of `_TILTED` draws of the sample tilted to the last of KLS."""
        share = _tilted_share(self.scores[:, criterion], KLS[-1])
        slices = (np.arange(_TILTED) + rng.random(_TILTED)) / _TILTED
        return np.searchsorted(share.cumsum()[:-1], slices)


class _Yardstick:
    """How near to held-out sums, and how rough, curves of a sample are that are tilted."""

    def __init__(self, near: Curves, rng: np.random.Generator) -> None:
        self._near = torch.from_numpy(near)
        self._rng = rng

    def measures(self, sample: _Sample) -> Array:
        """Medians of distance and roughness [2, criteria]."""
        return np.stack([self._medians(sample, which) for which in range(len(CRITERIA))], axis=1)

    def _medians(self, sample: _Sample, criterion: int) -> Array:
        rows, draws = np.unique(sample.tilted(criterion, self._rng), return_counts=True)
        curves = sample.curves[rows]
        distance = torch.cdist(torch.from_numpy(curves), self._near).amin(dim=1).numpy()
        medians: Array = np.median(np.repeat([distance, _roughness(curves)], draws, axis=1), axis=1)
        return medians


def _roughness(curves: Curves) -> Array:
    steps = np.diff(curves.astype(np.float64), axis=1)
    rough: Array = np.sqrt((steps**2).mean(axis=1) / curves.var(axis=1))
    return rough


def _covered(made: _Sample, real: _Sample) -> Array:
    """Shares of real half-hours, and of real criteria, in the made sample's bands."""
    few = slice(None, None, max(1, len(made.curves) // _NEIGHBOURS))
    shares = [_within(made.curves[few], real.curves[few])]
    shares += [_within(made.scores[:, j], real.scores[:, j]) for j in range(len(CRITERIA))]
    return np.array(shares)


def _within(made: NDArray[np.floating], real: NDArray[np.floating]) -> float:
    low, high = np.quantile(made, _BAND, axis=0)
    return float(((real >= low) & (real <= high)).mean())


def _tilted_share(scores: Array, kl: float) -> Array:
    z, zeros = (scores - scores.mean()) / scores.std(), np.zeros(len(scores))
    found = solve_kl(CriterionSums.of(z, zeros).at, kl)
    return normalised(found.lam * z)


def _tilted_mean(scores: Array, kl: float) -> float:
    return float(_tilted_share(scores, kl) @ scores)
