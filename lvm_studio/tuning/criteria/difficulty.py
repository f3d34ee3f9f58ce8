"""How hard a criterion will be to tune: the norm of its gradient over the base law (10.2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.pools.weights import Array

_FLAT = 0.05
"""A gradient norm below which f is a plateau there."""
_MANY_FLAT = 0.2
"""Share of the base law on plateaus from which on f is hard to tune."""
_CLIFF = 8.0
"""99 % quantile of the gradient's norm over its median from which on f has cliffs."""
_BINS = 40


@dataclass(frozen=True, eq=False)
class Difficulty:
    """The histogram of ‖∇f‖/√Var f under p, and what it means (Eq. 10.20).

    Attributes:
        norms: [n], one a base draw, per unit of whitened latent.
        counts, edges: [B], [B + 1] of the histogram up to the 99.5 % quantile.
        flat: share of plateaus; cliff: 99 % quantile over the median.
        verdict: 'easy', 'moderate' or 'hard'; sentence: why.
    """

    norms: Array
    counts: Array
    edges: Array
    flat: float
    cliff: float
    verdict: str
    sentence: str


def difficulty(potential: Potential, u: Tensor) -> Difficulty:
    """Judge a criterion by its gradients at base draws u [n, dim].

    The log-determinant of the map from p to p̂_λ changes by λ∇f: plateaus and cliffs of f are
    what a flow has to imitate.
    """
    return difficulty_of(gradient_norms(potential, u))


def gradient_norms(potential: Potential, u: Tensor) -> Array:
    """‖∇f‖/√Var f [n] at base draws u [n, dim]."""
    _, gradient = potential.value_and_gradient(u)
    norms: Array = gradient.double().norm(dim=1).numpy()
    return norms


def difficulty_of(norms: Array) -> Difficulty:
    """Judge a criterion by norms [n] of its gradient, as `gradient_norms` gives them."""
    middle, high, most = (float(value) for value in np.quantile(norms, (0.5, 0.99, 0.995)))
    counts, edges = np.histogram(norms, bins=_BINS, range=(0.0, max(most, 1e-9)))
    flat = float((norms < _FLAT).mean())
    cliff = high / max(middle, 1e-9)
    verdict, sentence = _verdict(flat, cliff)
    return Difficulty(norms, counts.astype(np.float64), edges, flat, cliff, verdict, sentence)


def _verdict(flat: float, cliff: float) -> tuple[str, str]:
    if flat >= _MANY_FLAT and cliff >= _CLIFF:
        return "hard", (
            f"Plateaus on {100 * flat:.0f} % of the base law and cliffs between them (steepest "
            f"1 % at {min(cliff, 999.0):.0f} times the median): expect a flow to lose modes; "
            "trust SMC."
        )
    if flat >= _MANY_FLAT:
        return "hard", (
            f"f hardly changes on {100 * flat:.0f} % of the base law: little leads towards its "
            "heights; a logarithm of f is often easier."
        )
    if cliff >= _CLIFF:
        return "moderate", (
            f"Cliffs: the steepest 1 % rise {cliff:.0f} times as fast as the median; expect small "
            "steps of λ and heavier weights."
        )
    return "easy", "Hills and valleys without plateaus or cliffs: tuning should be easy."
