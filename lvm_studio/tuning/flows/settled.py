"""The best Gaussians of one street for all its λ, by a fixed point: no training, no climb.

Of all Gaussians q = N(m, C) the one with the least KL(q ‖ p̂_λ) settles where `m = λ E_q ∇f̃` and
`C⁻¹ = I - λ E_q ∇²f̃` (Opper & Archambeau 2009). Both means are taken over two hundred points of q
that are drawn anew at every turn, so that a new composition or week has its proposals for every λ
after some two thousand gradients, and after eight hundred where it begins at the Gaussians of a
street like it: what conditions the flow on a street is the street's own slope.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.pools.mixtures import Mixture

PAIRS = 96
"""Antithetic pairs of points a turn: half as many leave twice the gap."""
_TURNS = 4
_FEWER_PAIRS, _FEWER_TURNS = 48, 3
"""From Gaussians that are near already."""
_COUNTED = 3
"""The last turns at one λ: their means are averaged."""
_PROBED_LAM = 1.0
"""λ of a first look, from which the λ of the KL asked for is extrapolated."""
_PLACES = (0.35, 0.7, 1.0)
"""Of λ_max: with the identity at 0 they carry a cubic; the end is told better by each."""
_BULK = 2.5
"""Times their median size: so far reach eigenvalues that are noise alone (semicircle law)."""
_PRECISION = (0.4, 12.0)
"""Bounds of the eigenvalues of C⁻¹: a bad estimate must stay a usable proposal."""


def settled_flow(
    potential: Potential, *, kl_max: float, generator: torch.Generator, pairs: int = PAIRS
) -> LambdaFlow:
    """Proposals for all λ up to KL(p̂_λ ‖ p) ≈ kl_max nats: a flow of one affine map, λ alone told.

    It settles at three λ and passes through them; at λ = 0 it is the identity exactly.
    """
    turns = settling(potential, kl_max=kl_max, generator=generator, pairs=pairs)
    return next(flow for flow in turns if flow is not None)


def settling(
    potential: Potential,
    *,
    kl_max: float,
    generator: torch.Generator,
    near: LambdaFlow | None = None,
    pairs: int = PAIRS,
) -> Iterator[LambdaFlow | None]:
    """`settled_flow` with a pause (None) after each turn: about 40 ms for a street on a core.

    Args:
        near: the Gaussians of a street like this one, to begin at; fewer turns are needed then.
    """
    turns = _TURNS
    if near is None:
        state = _Gaussian.standard(potential.dim)
        state = yield from _settled(state, potential, _PROBED_LAM, pairs, generator, turns=2)
        end = _PROBED_LAM * state.reach(kl_max)
    else:
        turns, pairs, end = _FEWER_TURNS, min(pairs, _FEWER_PAIRS), float(near.lam_max)
    lams, laws = [], []
    for place in _PLACES:
        lam = place * end
        state = state if near is None else _Gaussian.of(near, lam)
        state = yield from _settled(state, potential, lam, pairs, generator, turns)
        lams.append(lam)
        laws.append(state.law())
        end = max(lam * state.reach(kl_max), 1.2 * lam)
    flow = LambdaFlow(torch.eye(potential.dim), lams[-1], branches=1, couplings=0, hidden=1)
    flow.fit_core(lams, laws)
    yield flow.eval()


@dataclass(frozen=True, eq=False)
class _Gaussian:
    """mean [dim]; values [dim], vectors [dim, dim]: eigenvalues of the covariance, and its axes."""

    mean: Tensor
    values: Tensor
    vectors: Tensor

    @classmethod
    def standard(cls, dim: int) -> _Gaussian:
        return cls(torch.zeros(dim), torch.ones(dim), torch.eye(dim))

    @classmethod
    @torch.no_grad()
    def of(cls, flow: LambdaFlow, lam: float) -> _Gaussian:
        """That of an affine flow at λ."""
        dim = len(flow.basis)
        points = flow(torch.cat([torch.zeros(1, dim), torch.eye(dim)]), lam)
        root = points[1:] - points[0]
        return cls(points[0], *torch.linalg.eigh(root.T @ root))

    def law(self) -> Mixture:
        covariance = (self.vectors * self.values) @ self.vectors.T
        return Mixture(torch.zeros(1), self.mean[None], torch.linalg.cholesky(covariance)[None])

    def kl(self) -> float:
        """KL(q ‖ p), nats."""
        each = self.values - 1.0 - self.values.log()
        return 0.5 * float(self.mean.square().sum() + each.sum())

    def reach(self, kl_max: float) -> float:
        """So many times this λ has a KL of kl_max, as where f is linear: KL grows as λ²."""
        return math.sqrt(kl_max / max(self.kl(), 0.01))


def _settled(
    state: _Gaussian,
    potential: Potential,
    lam: float,
    pairs: int,
    generator: torch.Generator,
    turns: int,
) -> Generator[None, None, _Gaussian]:
    """The fixed point at λ, from a state near it; pauses after each turn."""
    slopes: list[Tensor] = []
    bends: list[Tensor] = []
    for _ in range(turns):
        slope, bend = _slope_and_bend(state, potential, pairs, generator)
        slopes, bends = [*slopes[1 - _COUNTED :], slope], [*bends[1 - _COUNTED :], bend]
        values, vectors = torch.linalg.eigh(torch.stack(bends).mean(dim=0))
        bulk = _BULK * values.abs().median()
        felt = values.sign() * (values.square() - bulk.square()).clamp_min(0.0).sqrt()
        precision = (1.0 - lam * felt).clamp(*_PRECISION)
        state = _Gaussian(lam * torch.stack(slopes).mean(dim=0), 1.0 / precision, vectors)
        yield None
    return state


def _slope_and_bend(
    state: _Gaussian, potential: Potential, pairs: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """E_q ∇f̃ [dim] and E_q ∇²f̃ [dim, dim], the latter by Stein's identity on antithetic pairs."""
    noise = torch.randn(pairs, len(state.mean), generator=generator)
    step = (noise * state.values.sqrt()) @ state.vectors.T
    points = torch.cat([state.mean + step, state.mean - step])
    _, gradient = potential.value_and_gradient(points)
    odd = 0.5 * (gradient[:pairs] - gradient[pairs:])
    bend = odd.T @ (noise / state.values.sqrt()) @ state.vectors.T / pairs
    return gradient.mean(dim=0), 0.5 * (bend + bend.T)
