"""Fitting the linear head of a CompVAE in closed form: a weighted ridge of single households.

Single households tell more than their sums: the sum's mean curve is the sum of theirs, and every
household-week is seen with its own label and weather. What each household does beyond its label
is a random effect, shrunk towards none: least in the shapes of a day that tell households apart
(`day_shapes`), and less in what it does all year than in how it follows season and weather.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from torch import Tensor

from lvm_studio.data.units import DAY, DAYS
from lvm_studio.models.linear_head import SEASONAL, LinearHead
from lvm_studio.models.specs import LinearHeadSpec
from lvm_studio.training.day_shapes import DayShapes

Array = NDArray[np.float64]

FOLDS = 5
"""Groups of training weeks; loadings are fitted without each of them in turn."""

LEAST_LOAD_KW = 0.05
"""Noise grows with a household's mean load, but is not less than this one's."""

SEASONAL_PENALTY = 2.0
"""On how a household follows season and weather, as a multiple of that on all else."""

WEAKEST = 30.0
"""No shape of a day is shrunk more than by this multiple of the penalty."""

LEAST_SPREAD = 1e-6
"""Households do not differ along directions of less spread, relative to that of the first."""


@dataclass(frozen=True, eq=False)
class HouseholdWeeks:
    """What a head is fitted on: H households over N weeks, those of training alone.

    power_kw [H, N, 336], complete [H, N], labels [H, F], context [N, 7, C].
    """

    power_kw: NDArray[np.float32]
    complete: NDArray[np.bool_]
    labels: NDArray[np.float32]
    context: NDArray[np.float32]


def fit_head(head: LinearHead, data: HouseholdWeeks) -> Tensor:
    """Fill the head's constants; returns the folds' loadings [FOLDS, 1 + R, Q, 48].

    Week n belongs to `fold_of(N)[n]`; the loadings of a fold saw none of its weeks.
    """
    anchors = torch.from_numpy(_spread_out(data.labels, head.spec.anchors))
    context = torch.from_numpy(data.context)
    head.fill_features(anchors, context)
    labels = torch.from_numpy(data.labels)
    near = head.eval().nearness(labels)
    features = head.household_features(labels, near).double().numpy()
    head.train()
    features = features[:, : 1 + data.labels.shape[1] + len(anchors)]
    ridge = _Equations(features, head.day_features(context).double().numpy(), data, head.spec)
    whole = ridge.solve(np.zeros(len(data.context), dtype=np.bool_))
    to_scores = _directions(features, whole, ridge.days, head.spec.rank)
    scores = features @ to_scores
    fold = fold_of(len(data.context)).numpy()
    folds = [_loadings(features, scores, ridge.solve(fold == i)) for i in range(FOLDS)]
    loadings = _loadings(features, scores, whole)
    head.fill(_tensor(to_scores), _tensor(loadings))
    padding = [(0, 0), (0, head.spec.rank + 1 - loadings.shape[0]), (0, 0), (0, 0)]
    return _tensor(np.pad(np.stack(folds), padding))


def fold_of(weeks: int) -> Tensor:
    """The fold of each of the training weeks [N]."""
    return torch.arange(weeks) % FOLDS


class _Equations:
    """Normal equations of every week, so that any set of them can be left out."""

    def __init__(
        self, features: Array, days: Array, data: HouseholdWeeks, spec: LinearHeadSpec
    ) -> None:
        self.features, self.days, self.data = features, days, data
        self.weight = _weights(data)
        self.shapes = DayShapes.of(data.power_kw, data.complete, self.weight)
        by_shape = np.minimum(self.shapes.told**-spec.smoothing, WEAKEST)
        # In steps of two: shapes of one penalty share a factorisation.
        self.by_shape = spec.penalty * np.exp2(np.round(np.log2(by_shape)))
        by_day = np.ones(days.shape[2])
        by_day[SEASONAL] = SEASONAL_PENALTY
        self.by_feature = np.tile(by_day, features.shape[1])
        self.products = [self._products(week) for week in range(len(data.context))]

    def solve(self, left_out: NDArray[np.bool_]) -> Array:
        """Coefficients [P, Q, 48] from the weeks that are not left out [N]."""
        size, width = self.features.shape[1], self.days.shape[2]
        gram = np.zeros((size, width, size, width))
        of_week = np.empty_like(gram)
        cross = np.zeros((size, width, DAY))
        for week in np.flatnonzero(~left_out):
            of_households, of_days, with_curves = self.products[week]
            np.multiply(of_households[:, None, :, None], of_days[None, :, None, :], out=of_week)
            gram += of_week
            cross += with_curves
        flat = gram.reshape(size * width, -1)
        shaped = cross.reshape(-1, DAY) @ self.shapes.to_shapes
        diagonal, bare = np.diag_indices_from(flat), flat.diagonal().copy()
        solved = np.empty_like(shaped)
        for penalty in np.unique(self.by_shape):
            chosen = self.by_shape == penalty
            flat[diagonal] = bare + penalty * self.by_feature
            solved[:, chosen] = cho_solve(cho_factor(flat), shaped[:, chosen])
        return np.asarray(solved @ self.shapes.to_curves).reshape(size, width, DAY)

    def _products(self, week: int) -> tuple[Array, Array, Array]:
        """Of the features [P, P], of the days [Q, Q], and of both with the curves [P, Q, 48]."""
        there = self.data.complete[:, week]
        told, days = self.features[there], self.days[week]
        weighted = told * self.weight[there, None]
        curves = self.data.power_kw[there, week].reshape(-1, DAYS, DAY)
        by_day = np.tensordot(weighted, curves, axes=(0, 0))  # [P, 7, 48]
        with_curves = np.einsum("pdt,dq->pqt", by_day, days, optimize=True)
        return weighted.T @ told, days.T @ days, with_curves


def _weights(data: HouseholdWeeks) -> Array:
    """One over a household's noise variance [H], up to a factor.

    Noise goes with the mean load, and with what was seen of it: between both, since few weeks
    tell either badly. A household without any complete week counts as one of no load.
    """
    load, variance = np.zeros(len(data.complete)), np.zeros(len(data.complete))
    for row, (curves, there) in enumerate(zip(data.power_kw, data.complete, strict=True)):
        if there.any():
            seen = curves[there].astype(np.float64)
            load[row], variance[row] = seen.mean(), seen.var(axis=0).mean()
    by_load = 1.0 / np.maximum(load, LEAST_LOAD_KW)
    weight = np.sqrt(by_load / np.maximum(variance, LEAST_LOAD_KW**2))
    return np.asarray(weight * by_load.mean() / weight.mean())


def _directions(features: Array, coefficients: Array, days: Array, rank: int) -> Array:
    """Scores [P, R] of unit spread along which households' mean curves differ most.

    Fewer than `rank` where households of equal labels leave fewer directions: what a stranger
    scores along one of no spread would be rounding, divided by none.
    """
    flat = days.reshape(-1, days.shape[2])
    root = np.linalg.cholesky(flat.T @ flat / len(flat) + 1e-9 * np.eye(flat.shape[1]))
    curves = np.einsum("pqt,qs->pst", coefficients, root).reshape(len(coefficients), -1)
    centred = (features - features.mean(axis=0)) @ curves
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    rank = min(rank, len(features) - 1, int((spread > LEAST_SPREAD * spread[0]).sum()))
    to_scores = curves @ directions[:rank].T
    to_scores = to_scores / (features @ to_scores).std(axis=0)
    to_scores[0] -= (features @ to_scores).mean(axis=0) / features[0, 0]
    return np.asarray(to_scores)


def _loadings(features: Array, scores: Array, coefficients: Array) -> Array:
    """[1 + R, Q, 48] such that scores give the coefficients' curves as nearly as they can."""
    told = np.concatenate([np.ones((len(scores), 1)), scores], axis=1)
    wanted = features @ coefficients.reshape(len(coefficients), -1)
    solved = np.linalg.lstsq(told, wanted, rcond=None)[0]
    return np.asarray(solved).reshape(told.shape[1], *coefficients.shape[1:])


def _spread_out(labels: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    if len(labels) <= most:
        return labels
    return labels[np.linspace(0, len(labels) - 1, most).round().astype(np.int64)]


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))
