"""The linear part of a street's mean curve: a mixed model of labels, households and weather.

What is linear need not be learned by gradient: `training.fit_head` solves it in closed form, the
networks of a CompVAE are left with what bends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.units import DAY, DAYS, HEATING_BASE_C, NEUTRAL_TEMPERATURE_C
from lvm_studio.models.specs import LinearHeadSpec

FIRST_WARM_C = 17.0
"""Days are warm above this mean temperature; cooling and open doors answer to the excess."""

TEMPERATURE_SCALE = 0.5
"""Prior scale of all that is made of temperatures, relative to the calendar's."""

THERMAL = ContextEncoder.GROUPS["temperature"]
"""Which columns of a context are temperatures."""

COUNT_OF_THERMAL: int = (THERMAL.stop - THERMAL.start) + 4
"""Features made of temperatures: these columns, cold, warm, and cold by sine and by cosine."""

COUNT_OF_CALENDAR: int = 1 + DAYS + (ContextEncoder.FLAGS.stop - ContextEncoder.FLAGS.start)
"""Features that come first: the constant, the day of the week, holiday and summer time."""

SEASONAL = slice(COUNT_OF_CALENDAR, None)
"""Which features of a day follow season and weather."""


def count_of_features(seasons: Sequence[float]) -> int:
    """Q, the features of a day, with as many harmonics of the year.

    >>> count_of_features((1.0, 0.5))
    23
    """
    return COUNT_OF_CALENDAR + 2 * len(seasons) + COUNT_OF_THERMAL


def day_features(context: Tensor, seasons: Sequence[float]) -> Tensor:
    """Features [..., 7, Q] of the days of a context [..., 7, C], scaled by their prior.

    A constant, day of the week, holiday and summer time, harmonics of the year (`seasons` are
    their prior scales), temperatures, degrees below 15 and above 17 °C, and the cold in each
    season.
    """
    weekday = (torch.eye(DAYS, dtype=context.dtype, device=context.device) - 1 / DAYS).expand(
        *context.shape[:-1], DAYS
    )
    temperatures = context[..., THERMAL]
    mean = context[..., ContextEncoder.TEMPERATURES].mean(-1, keepdim=True)
    cold = (_scaled(HEATING_BASE_C) - mean).clamp(min=0.0)
    warm = (mean - _scaled(FIRST_WARM_C)).clamp(min=0.0)
    sin, cos = (context[..., i, None] for i in ContextEncoder.SEASON)
    angle = torch.atan2(sin, cos)
    harmonics = [
        scale * wave(order * angle)
        for order, scale in enumerate(seasons, start=1)
        for wave in (torch.sin, torch.cos)
    ]
    thermal = [TEMPERATURE_SCALE * f for f in (temperatures, cold, warm, cold * sin, cold * cos)]
    constant = torch.ones_like(mean)
    flags = context[..., ContextEncoder.FLAGS]
    return torch.cat([constant, weekday, flags, *harmonics, *thermal], -1)


def _scaled(celsius: float) -> float:
    return (celsius - NEUTRAL_TEMPERATURE_C) / ContextEncoder.TEMPERATURE_SCALE_C


class LinearHead(nn.Module):
    """Mean curves of one household as a bilinear form of its scores and the day's features.

    Scores [..., R] are linear in a household's label and in its nearness to anchors, households
    of the training set: near one of them a household is known by its own record, far from all of
    them by its label alone. Being averaged over a composition, scores are coordinates of w.

    All constants are set by `fill`; until then curves are 0. While training, each week may be
    decoded by loadings that were fitted without it (`fill_folds`), so that what is left for the
    networks is what such a head leaves in weeks it has never seen.
    """

    anchors: Tensor
    centre: Tensor
    to_scores: Tensor
    loadings: Tensor
    fold_loadings: Tensor | None
    fold_of_week: Tensor | None

    def __init__(self, spec: LinearHeadSpec, labels: int) -> None:
        super().__init__()
        self.spec = spec
        size, rank, days = spec.anchors, spec.rank, count_of_features(spec.seasons)
        self.register_buffer("anchors", torch.full((size, labels), math.sqrt(spec.reach) * 1e3))
        self.register_buffer("centre", torch.zeros(days))
        self.register_buffer("to_scores", torch.zeros(1 + labels + size, rank))
        self.register_buffer("loadings", torch.zeros(1 + rank, days, DAY))
        self.register_buffer("fold_loadings", None, persistent=False)
        self.register_buffer("fold_of_week", None, persistent=False)

    def nearness(self, labels: Tensor) -> Tensor:
        """Between 0 and 1 for each anchor, [..., A], for labels [..., F].

        While training some households are met as strangers, near to nobody.
        """
        ends = labels.square().sum(-1, keepdim=True) + self.anchors.square().sum(-1)
        squared = (ends - 2.0 * labels @ self.anchors.T).clamp(min=0.0)
        near = (-0.5 * squared / self.spec.reach**2).exp()
        if self.training and self.spec.strangers > 0:
            known = torch.rand(near.shape[:-1], device=near.device) >= self.spec.strangers
            near = near * known[..., None]
        return near

    def household_features(self, labels: Tensor, near: Tensor) -> Tensor:
        """1, label and nearness to each anchor, [..., 1 + F + A], scaled by their prior."""
        one = torch.full_like(labels[..., :1], self.spec.common)
        return torch.cat([one, self.spec.by_label * labels, self.spec.by_anchor * near], -1)

    def day_features(self, context: Tensor) -> Tensor:
        """`day_features`, less their means over the days of training, [..., 7, Q]."""
        return day_features(context, self.spec.seasons) - self.centre

    def scores(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Scores [..., R] for labels [..., F], and how well the household is known, [..., 1].

        Scores have spread 1 over the training households; 1 is one of them, 0 a stranger.
        """
        near = self.nearness(labels)
        known = near.amax(-1, keepdim=True)
        return self.household_features(labels, near) @ self.to_scores, known

    def forward(self, mean_score: Tensor, context: Tensor, week: Tensor | None = None) -> Tensor:
        """Mean curve [B, 336] in kW per household for mean scores [B, R], context [B, 7, C].

        `week` [B] are positions in the training set; only while training.
        """
        by_score = self._by_score(context, week)
        base, slopes = by_score[:, 0], by_score[:, 1:]
        if len(slopes) == 1:
            return base + mean_score @ slopes[0]
        return base + torch.bmm(mean_score[:, None], slopes)[:, 0]

    @torch.no_grad()
    def _by_score(self, context: Tensor, week: Tensor | None) -> Tensor:
        """Curves of scores 0 and of each score, [B, 1 + R, 336]; B = 1 if all share a week."""
        loadings = self.loadings.transpose(0, 1).flatten(1)[None]  # [1, Q, (1 + R) 48]
        if self.training and week is not None and self.fold_loadings is not None:
            assert self.fold_of_week is not None
            loadings = self.fold_loadings.transpose(1, 2).flatten(2)[self.fold_of_week[week]]
        elif len(context) > 1 and context.stride(0) == 0:
            context = context[:1]
        by_day = self.day_features(context) @ loadings  # [B, 7, (1 + R) 48]
        shaped = by_day.view(len(by_day), DAYS, -1, DAY)
        return shaped.transpose(1, 2).flatten(2)

    @torch.no_grad()
    def fill_features(self, anchors: Tensor, context: Tensor) -> None:
        """Set what features are measured from: anchors [a, F], contexts [N, 7, C] of training."""
        self.anchors[: len(anchors)] = anchors
        self.centre.copy_(day_features(context, self.spec.seasons).mean((0, 1)))
        self.centre[0] = 0.0

    @torch.no_grad()
    def fill(self, to_scores: Tensor, loadings: Tensor) -> None:
        """Set the solution: to_scores [1 + F + a, r], loadings [1 + r, Q, 48]; r at most R."""
        self.to_scores.zero_()
        self.to_scores[: len(to_scores), : to_scores.shape[1]] = to_scores
        self.loadings.zero_()
        self.loadings[: len(loadings)] = loadings

    def fill_folds(self, loadings: Tensor, fold_of_week: Tensor) -> None:
        """Loadings [folds, 1 + R, Q, 48], each fitted without the weeks of its fold [N]."""
        self.fold_loadings, self.fold_of_week = loadings, fold_of_week
