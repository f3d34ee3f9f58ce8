"""Who makes the peak: the curves of a street shared out among its households.

Tuning moves the sum of the w and z, never a household by itself; given the sum, each household
is Gaussian in closed form (`bridge`), so what the decoder makes of the sum can be traced back.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lvm_studio.data.jobs import result_of
from lvm_studio.data.units import HOURS_PER_STEP
from lvm_studio.models.street import Street

Array = NDArray[np.float64]

SLICE = 2
"""Draws whose whole curves are differentiated together: under 10 ms on one core for the shipped
model, as are so many at their peaks alone."""
PEAK_SLICE = 24

CURVE_DRAWS = 32
"""Draws whose whole curves are differentiated: slopes change little from draw to draw, and where
the draws lie all of them tell."""

STEP = 0.1
"""Of the central differences, in standard deviations of the sum."""

LABEL_NODES, DRAW_NODES = 8, 2
"""Gauss-Legendre nodes. On the shipped model, 30 households, they leave about 1e-3 and 2e-4 kW."""

ENOUGH = 256
"""Draws that settle who comes first: a third of a second on one core for the shipped model."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """A law of curves shared out, in kW: rows and what is shared add up to the whole.

    Attributes:
        household_ids: P rows, in the composition's order; counts: [P] how often each is there.
            A row holds the parts of all its households together.
        curve_kw: [P, T] of the mean curve.
        shared_curve_kw: [T] of the mean curve that no household accounts for: weather, day and
            chance.
        peak_kw: [P] of the mean peak, each week at the half-hour where it peaks itself.
        shared_peak_kw: the same of what is shared.

    >>> made = Attribution(("A", "B"), np.array([1, 2]), np.ones((2, 4)), np.zeros(4),
    ...                    np.array([1.0, 2.0]), 1.0)
    >>> made.total_peak_kw, made.ranked(), made.peak_shares
    (4.0, ('B', 'A'), array([0.25, 0.5 ]))
    """

    household_ids: tuple[str, ...]
    counts: NDArray[np.int64]
    curve_kw: Array
    shared_curve_kw: Array
    peak_kw: Array
    shared_peak_kw: float

    @property
    def total_curve_kw(self) -> Array:
        """[T], the mean curve."""
        return np.asarray(self.curve_kw.sum(axis=0) + self.shared_curve_kw)

    @property
    def total_peak_kw(self) -> float:
        """The mean peak."""
        return float(self.peak_kw.sum() + self.shared_peak_kw)

    @property
    def peak_shares(self) -> Array:
        """[P], of the mean peak; with what is shared they add up to 1."""
        return self.peak_kw / self.total_peak_kw

    @property
    def energy_kwh(self) -> Array:
        """[P], of the mean energy of the week."""
        return np.asarray(self.curve_kw.sum(axis=1) * HOURS_PER_STEP)

    @property
    def shared_energy_kwh(self) -> float:
        """The same of what is shared."""
        return float(self.shared_curve_kw.sum() * HOURS_PER_STEP)

    def at(self, step: int) -> Array:
        """[P], of the mean curve at one half-hour."""
        return np.asarray(self.curve_kw[:, step])

    def minus(self, base: Attribution) -> Attribution:
        """Who makes the increase: the parts of this law above those of another of this street."""
        return Attribution(
            self.household_ids,
            self.counts,
            self.curve_kw - base.curve_kw,
            self.shared_curve_kw - base.shared_curve_kw,
            self.peak_kw - base.peak_kw,
            self.shared_peak_kw - base.shared_peak_kw,
        )

    def ranked(self, by: Array | None = None) -> tuple[str, ...]:
        """Ids from the largest part to the smallest, of the peak or of any values [P]."""
        order = np.argsort(-(self.peak_kw if by is None else by), kind="stable")
        return tuple(self.household_ids[row] for row in order)


def nobodys(curves_kw: NDArray[np.floating]) -> Attribution:
    """All of the curves [N, T] shared: for a model that knows no households.

    >>> nobodys(np.array([[1.0, 3.0], [2.0, 0.0]])).shared_peak_kw
    2.5
    """
    curves, nothing = np.asarray(curves_kw, dtype=np.float64), np.zeros(0)
    return Attribution(
        household_ids=(),
        counts=nothing.astype(np.int64),
        curve_kw=np.zeros((0, curves.shape[1])),
        shared_curve_kw=curves.mean(axis=0),
        peak_kw=nothing,
        shared_peak_kw=float(curves.max(axis=1).mean()),
    )


def enough_rows(n: int) -> NDArray[np.int64]:
    """Rows to share out of n: all of them, or `ENOUGH` spread evenly over them.

    >>> len(enough_rows(40)), len(enough_rows(100_000)), enough_rows(100_000)[-1].item()
    (40, 256, 99999)
    """
    return np.linspace(0, n - 1, min(n, ENOUGH)).round().astype(np.int64)


def attribute(
    street: Street, u: Tensor, curves_kw: NDArray[np.floating], weights: Array | None = None
) -> Attribution:
    """Share out the law that draws u [N, dim] with curves [N, T] in kW stand for.

    Let x(S) be the decoded mean at the sum S with z at its mean. S grows from 0, the average
    household of the training data, in two straight legs: to the sum of the prior means (what is
    known of each household) and on to the draw's own sum (what the bridge says of each). Along
    them dx/dS · dS is integrated (integrated gradients); dS is the sum of the households' dw_i,
    so each gets its own. x(0) goes to all households alike, and so does what the quadrature
    leaves: the parts therefore sum to x(S) exactly. What curves hold beyond x(S), from z and
    noise, is shared.

    Args:
        weights: [N], of the draws; all alike by default.
    """
    return result_of(attributing(street, u, curves_kw, weights))


@torch.no_grad()
def attributing(
    street: Street, u: Tensor, curves_kw: NDArray[np.floating], weights: Array | None = None
) -> Generator[None, None, Attribution]:
    """`attribute` in slices of a few draws, with a pause after each."""
    n = len(u)
    share = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    share, curves = share / share.sum(), np.asarray(curves_kw, dtype=np.float64)
    u_w, top = u[:, : street.latent_w], torch.from_numpy(curves.argmax(axis=1))
    levels = _label_gradient(street)
    yield None
    typical, peak_moves = [], []
    for part, highest in zip(
        torch.split(u_w, PEAK_SLICE), torch.split(top, PEAK_SLICE), strict=True
    ):
        typical.append(_array(_typical(street, part)))
        peak_moves.append(_peak_moves(street, part, highest))
        yield None
    rows, weight = _some_rows(share)
    slopes = []
    for part in torch.split(u_w[rows], SLICE):
        slopes.append(_slopes(street, torch.zeros_like(part), part, DRAW_NODES))
        yield None
    moves = _mean_moves(np.concatenate(slopes), weight, _array(u_w), share, rows)
    whole = _Whole(curves, np.concatenate(typical), top.numpy(), share)
    return _shared_out(street, levels, moves, np.concatenate(peak_moves), whole)


@dataclass(frozen=True, eq=False)
class _Whole:
    """What is shared out: curves and x(S) at their sums, [N, T] each, with weights [N].

    top: [N], the half-hour where each curve peaks itself.
    """

    curves: Array
    typical: Array
    top: NDArray[np.int64]
    share: Array

    def at_peaks(self, values: Array) -> Array:
        """[N], of values [N, T]."""
        return np.asarray(np.take_along_axis(values, self.top[:, None], axis=1)[:, 0])


def _label_gradient(street: Street) -> Array:
    """dx/dS [W, T], averaged over the leg from 0 to the sum of the prior means."""
    zero = (-street.sum_mean / street.sum_std)[None]
    slope = _slopes(street, zero, torch.zeros_like(zero), LABEL_NODES)[0]
    return np.asarray(slope / _array(street.sum_std)[:, None])


def _peak_moves(street: Street, u_w: Tensor, top: Tensor) -> Array:
    """dx/dS · dS [N, W] along the leg to each draw's sum, at its own half-hour top [N] alone."""
    places, weights = np.polynomial.legendre.leggauss(DRAW_NODES)
    along = torch.as_tensor((places + 1) / 2, dtype=u_w.dtype)[None, :, None]
    points = (along * u_w[:, None]).requires_grad_()
    with torch.enable_grad():
        curves = _typical(street, points.flatten(0, 1)).view(*points.shape[:2], -1)
        peaks = curves.gather(-1, top[:, None, None].expand(-1, DRAW_NODES, 1)).sum()
        slopes = _array(torch.autograd.grad(peaks, points)[0])
    return np.asarray(np.tensordot(weights / 2, slopes, axes=(0, 1)) * _array(u_w))


def _some_rows(share: Array) -> tuple[NDArray[np.int64], Array]:
    """CURVE_DRAWS of the rows, picked evenly by their weights [N], and the weights of these."""
    if len(share) <= CURVE_DRAWS:
        return np.arange(len(share)), share
    places = (np.arange(CURVE_DRAWS) + 0.5) / CURVE_DRAWS
    rows = np.minimum(np.searchsorted(np.cumsum(share), places), len(share) - 1)
    return rows, np.full(CURVE_DRAWS, 1.0 / CURVE_DRAWS)


def _mean_moves(
    slopes: Array, weight: Array, u_w: Array, share: Array, rows: NDArray[np.int64]
) -> Array:
    """E [dx/dS · dS], [W, T], of all draws u_w [N, W] from the slopes [n, W, T] of some rows.

    E[s u] = E s E u + E[s (u - E u)], where the mean of u is that of all draws: hardly anything
    is left to the chance of which rows they are.
    """
    apart = u_w[rows] - weight @ u_w[rows]
    level = np.tensordot(weight, slopes, axes=1) * (share @ u_w)[:, None]
    moves: Array = level + np.einsum("n,nw,nwt->wt", weight, apart, slopes)
    return moves


def _slopes(street: Street, start: Tensor, end: Tensor, nodes: int) -> Array:
    """dx/du [N, W, T], averaged over the straight lines between coordinates [N, W]."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    along = torch.as_tensor((places + 1) / 2, dtype=start.dtype)[None, :, None]
    points = start[:, None] + along * (end - start)[:, None]
    steps = STEP * torch.eye(points.shape[-1])
    around = torch.stack([points[..., None, :] + steps, points[..., None, :] - steps])
    above, below = _typical(street, around.flatten(0, -2)).view(*around.shape[:-1], -1)
    slopes = _array((above - below) / (2 * STEP))
    return np.asarray(np.tensordot(weights / 2, slopes, axes=(0, 1)))


def _typical(street: Street, u_w: Tensor) -> Tensor:
    """x(S), [N, T]: the decoded mean with z at its mean."""
    rest = u_w.new_zeros(len(u_w), street.dim - street.latent_w)
    return street.decode(torch.cat([u_w, rest], dim=-1)).mean


def _level(street: Street, levels: Array) -> Array:
    """[T], what the prior means of all households add to the average household's curve."""
    return np.asarray((_array(street.counts) @ _array(street.m)) @ levels)


def _shared_out(
    street: Street, levels: Array, moves: Array, peak_moves: Array, whole: _Whole
) -> Attribution:
    """levels, moves [W, T]; peak_moves [N, W]."""
    counts, m, variance = (_array(values) for values in (street.counts, street.m, street.s**2))
    moved = variance / (counts @ variance)
    k, share, level = counts.sum(), whole.share, _level(street, levels)
    even = share @ whole.typical - level - moves.sum(axis=0)
    typical = whole.at_peaks(whole.typical)
    peak_even = share @ (typical - level[whole.top] - peak_moves.sum(axis=1))
    at_peak = m @ (levels[:, whole.top] @ share) + moved @ (share @ peak_moves)
    return Attribution(
        household_ids=street.household_ids,
        counts=counts.astype(np.int64),
        curve_kw=counts[:, None] * (m @ levels + moved @ moves + even / k),
        shared_curve_kw=share @ (whole.curves - whole.typical),
        peak_kw=counts * (at_peak + peak_even / k),
        shared_peak_kw=float(share @ (whole.at_peaks(whole.curves) - typical)),
    )


def _array(values: Tensor) -> Array:
    array: Array = values.detach().double().numpy()
    return array
