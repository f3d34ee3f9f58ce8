"""Two honest rivals of a generative model: ridge regression, and real weeks drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls

from lvm_studio.analysis.judging.records import Case, Ints, WeekRecords, draw_cases, draw_indices

Array = NDArray[np.float64]

PENALTIES = tuple(10.0 ** np.arange(-4.0, 1.6, 0.5))
FOLDS = 10
LEAST_LOAD_KW = 0.05
"""Noise shrinks with the predicted load, but not below what this load has (kW per household)."""


@dataclass(frozen=True, eq=False)
class RidgeRival:
    """Ridge regression of x/K on mean label, context of the day and their products.

    One regression serves the seven days; its noise is a whole residual curve of another week,
    as week-cross-validation left it, brought to this K and this predicted load.
    """

    centre: Array  # [P]
    scale: Array  # [P]
    weights: Array  # [P + 1, T/7], the last row is the intercept
    penalty: float
    residuals: Array  # [M, T], kW per household, at load 1 and K → v(K) = 1
    noise_a: float  # v(K) = a²/K + b², of residual ÷ predicted load
    noise_b: float

    def expectation(self, labels: NDArray[np.floating], context: NDArray[np.floating]) -> Array:
        """Expected curve [T] in kW per household for labels [K, F] and context [7, C]."""
        features = day_features(labels.mean(axis=0)[None], context[None])
        return (self._standardised(features) @ self.weights).reshape(-1)

    def __call__(
        self,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Ints,
        week: int,
        n: int,
        generator: torch.Generator,
    ) -> Array:
        """Curves [n, T] in kW: expectation plus residual curves."""
        k = len(labels)
        expected = self.expectation(labels, context)
        drawn = self.residuals[draw_indices(len(self.residuals), n, generator)]
        size = np.sqrt(noise_variance(k, self.noise_a, self.noise_b))
        return np.asarray(k * (expected + drawn * size * _load(expected)))

    def _standardised(self, features: Array) -> Array:
        return _with_intercept((features - self.centre) / self.scale)


def day_features(mean_label: NDArray[np.floating], context: NDArray[np.floating]) -> Array:
    """Features [M, 7, P] of mean labels [M, F] and contexts [M, 7, C].

    Context, day of the week, mean label, label × context and context × context: the squares bend
    the dependence on temperature, the products let each label answer to weather and calendar.
    """
    count, days, _ = context.shape
    label = np.broadcast_to(mean_label[:, None, :], (count, days, mean_label.shape[1]))
    weekday = np.broadcast_to(np.eye(days), (count, days, days))
    crossed = (label[..., :, None] * context[..., None, :]).reshape(count, days, -1)
    first, second = np.triu_indices(context.shape[2])
    squares = context[..., first] * context[..., second]
    return np.concatenate([context, weekday, label, crossed, squares], axis=2, dtype=np.float64)


def fit_ridge(
    records: WeekRecords,
    households: Ints,
    weeks: Ints,
    *,
    seed: int,
    sums: int = 3000,
    k_range: tuple[int, int] = (10, 60),
) -> RidgeRival:
    """Ridge on sums of `households` in `weeks`; penalty and residuals by cross-validation.

    Folds are whole weeks, so that the penalty answers for weeks never seen and the residuals are
    those of such weeks. Needs at least two weeks.
    """
    if len(weeks) < 2:
        raise ValueError("Cross-validation by week needs at least two training weeks.")
    cases = draw_cases(records, households, weeks, -(-sums // len(weeks)), k_range, seed)
    problem = _RidgeProblem.of(records, cases)
    penalty, residuals = problem.best_penalty(weeks)
    shapes, noise_a, noise_b = _noise_shapes(problem, residuals)
    return RidgeRival(
        centre=problem.centre,
        scale=problem.scale,
        weights=_solve(problem.equations, penalty),
        penalty=penalty,
        residuals=shapes,
        noise_a=noise_a,
        noise_b=noise_b,
    )


def _noise_shapes(problem: _RidgeProblem, residuals: Array) -> tuple[Array, float, float]:
    """Residuals [M, T] at predicted load 1 and v(K) = 1, with (a, b) of v(K) = a²/K + b²."""
    expected = problem.targets.reshape(residuals.shape) - residuals
    relative = residuals / _load(expected)
    a, b = fit_noise((relative**2).mean(axis=1), problem.k)
    return relative / np.sqrt(noise_variance(problem.k, a, b))[:, None], a, b


@dataclass(frozen=True, eq=False)
class _Equations:
    """Normal equations of weighted least squares: features'features, features'targets."""

    gram: Array  # [P + 1, P + 1]
    cross: Array  # [P + 1, T/7]


@dataclass(frozen=True, eq=False)
class _Fold:
    chosen: NDArray[np.bool_]  # [M], the cases left out
    inside: _Equations  # of these
    rest: _Equations  # of all the others

    def loss(self, weights: Array) -> float:
        """Weighted squared error of the cases left out, but for what no weights change."""
        fitted = self.inside.gram @ weights - 2.0 * self.inside.cross
        return float((weights * fitted).sum())


@dataclass(frozen=True, eq=False)
class _RidgeProblem:
    features: Array  # [M, 7, P + 1], standardised
    targets: Array  # [M, 7, T/7], kW per household
    week: Ints
    k: Array
    case_weight: Array
    centre: Array
    scale: Array

    @classmethod
    def of(cls, records: WeekRecords, cases: Sequence[Case]) -> _RidgeProblem:
        week = np.array([case.week for case in cases], dtype=np.int64)
        k = np.array([case.k for case in cases], dtype=np.float64)
        label = np.stack([records.labels[case.households].mean(axis=0) for case in cases])
        raw = day_features(label, records.context[week])
        centre, scale = raw.mean(axis=(0, 1)), raw.std(axis=(0, 1))
        scale = np.where(scale > 1e-9, scale, 1.0)  # a product of two flags may never be 1
        curves = np.stack([case.x / case.k for case in cases])
        # the variance of x/K falls as a²/K + b²: with a/b ≈ 10, K/(K + 100) weighs alike
        weight = k / (k + 100.0)
        return cls(
            features=_with_intercept((raw - centre) / scale),
            targets=curves.reshape(len(cases), raw.shape[1], -1),
            week=week,
            k=k,
            case_weight=weight / weight.sum(),
            centre=centre,
            scale=scale,
        )

    @cached_property
    def equations(self) -> _Equations:
        return self._equations_of(np.ones(len(self.k), dtype=np.bool_))

    def leaving_out(self, weeks: Ints) -> _Fold:
        chosen = np.isin(self.week, weeks)
        inside = self._equations_of(chosen)
        rest = _Equations(self.equations.gram - inside.gram, self.equations.cross - inside.cross)
        return _Fold(chosen, inside, rest)

    def _equations_of(self, chosen: NDArray[np.bool_]) -> _Equations:
        features = self.features[chosen].reshape(-1, self.features.shape[2])
        targets = self.targets[chosen].reshape(-1, self.targets.shape[2])
        days = self.features.shape[1]
        weighted = features * np.repeat(self.case_weight[chosen] / days, days)[:, None]
        return _Equations(weighted.T @ features, weighted.T @ targets)

    def best_penalty(self, weeks: Ints) -> tuple[float, Array]:
        """The penalty of least squared error on weeks left out, and its residuals [M, T]."""
        folds = [self.leaving_out(weeks[i::FOLDS]) for i in range(min(FOLDS, len(weeks)))]
        losses = [
            sum(fold.loss(_solve(fold.rest, penalty)) for fold in folds) for penalty in PENALTIES
        ]
        best = PENALTIES[int(np.argmin(losses))]
        return best, self.cross_validated(folds, best)

    def cross_validated(self, folds: Sequence[_Fold], penalty: float) -> Array:
        """Residual curves [M, T] of each fold's cases under the regression on the other folds."""
        residuals = np.empty_like(self.targets)
        for fold in folds:
            weights = _solve(fold.rest, penalty)
            residuals[fold.chosen] = (
                self.targets[fold.chosen] - self.features[fold.chosen] @ weights
            )
        return residuals.reshape(len(residuals), -1)


def _solve(equations: _Equations, penalty: float) -> Array:
    ridge = np.full(len(equations.gram), penalty + 1e-12)  # features may be exactly collinear
    ridge[-1] = 1e-12  # the intercept is free
    return np.asarray(np.linalg.solve(equations.gram + np.diag(ridge), equations.cross))


def fit_noise(variance: Array, k: Array) -> tuple[float, float]:
    """(a, b) of v(K) = a²/K + b², not negative, fitted to variances [M] at sizes [M].

    >>> a, b = fit_noise(0.2 / np.array([5.0, 20.0, 60.0]) + 0.01, np.array([5.0, 20.0, 60.0]))
    >>> round(a**2, 6), round(b**2, 6)
    (0.2, 0.01)
    """
    design = np.stack([1.0 / k, np.ones_like(k)], axis=1) * k[:, None]  # relative errors alike
    (a_squared, b_squared), _ = nnls(design, variance * k)
    return float(np.sqrt(a_squared)), float(np.sqrt(b_squared))


def noise_variance(k: Array | float, a: float, b: float) -> Array:
    """v(K) = a²/K + b² in kW²; never 0, so that a perfect regression divides by something."""
    return np.asarray(a**2 / np.asarray(k) + b**2 + 1e-18)


def _load(expected: Array) -> Array:
    return np.maximum(expected, LEAST_LOAD_KW)


def _with_intercept(features: Array) -> Array:
    return np.concatenate([features, np.ones((*features.shape[:-1], 1))], axis=-1)


@dataclass(frozen=True, eq=False)
class BootstrapRival:
    """Sums of the same households as measured in the training weeks nearest in temperature.

    Each drawn curve is one real week of the whole multi-set. A household incomplete in that week
    lends its nearest complete one. `season_c` adds the distance in season to that in temperature
    (°C between an equinox and a solstice); 0 looks at temperature alone.
    """

    records: WeekRecords
    weeks: Ints  # training weeks
    neighbours: int = 12
    season_c: float = 0.0

    def __call__(
        self,
        labels: NDArray[np.float32],
        context: NDArray[np.float32],
        households: Ints,
        week: int,
        n: int,
        generator: torch.Generator,
    ) -> Array:
        """Curves [n, T] in kW."""
        others = self.weeks[self.weeks != week]
        ranked = others[np.argsort(self._distance(others, week), kind="stable")]
        near = ranked[: self.neighbours]
        sums = np.stack([self._sum(households, source, ranked) for source in near])
        return sums[draw_indices(len(near), n, generator)]

    def _distance(self, others: Ints, week: int) -> Array:
        mean = self.records.temperature_c.mean(axis=1, dtype=np.float64)
        season = self.records.season
        return np.asarray(
            np.abs(mean[others] - mean[week])
            + self.season_c * np.abs(season[others] - season[week])
        )

    def _sum(self, households: Ints, source: int, ranked: Ints) -> Array:
        power, complete = self.records.power_kw, self.records.complete
        there = complete[households, source]
        total = power[households[there], source].sum(axis=0, dtype=np.float64)
        for household in households[~there]:
            own = ranked[complete[household, ranked]]
            if len(own):
                total = total + power[household, own[0]]
        return np.asarray(total)
