"""Draws at several λ counted together: the multistate Bennett acceptance ratio (MBAR).

Draws of p̂_λk, k = 1 … K, are draws of their mixture once the K log Z are known, and these follow
from the draws themselves (Shirts & Chodera 2008). Since every p̂_λ differs from p by e^{λf}
alone, all of it happens in the one dimension of f.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lvm_studio.tuning.weights import Array

_NEWTON_STEPS = 30
_PRECISION = 1e-9


def mbar_log_z(log_laws: Array, counts: Sequence[int], known: Sequence[bool]) -> Array:
    """log Z [K] of K laws, from draws of all of them together.

    Args:
        log_laws: [K, n] log of each law, up to its constant, over p at all draws in any order:
            λ_k f for a tuned law, log q - log p for one whose constant is known.
        counts: [K], draws of each; their sum is n.
        known: [K], laws whose log Z is 0; one of them at least.

    The equations are the gradient of a convex function: Newton's method, with halved steps where
    it would overshoot, reaches them from anywhere.

    >>> z = np.random.default_rng(0).standard_normal(4000)
    >>> f = np.concatenate([z[:2000], z[2000:] + 1.0])
    >>> laws = np.stack([0.0 * f, f])
    >>> abs(float(mbar_log_z(laws, [2000, 2000], [True, False])[1]) - 0.5) < 0.05
    True
    """
    share = np.array(counts, dtype=np.float64) / sum(counts)
    log_z = np.zeros(len(counts))
    free = np.flatnonzero(~np.array(known))
    value, gradient, hessian = _objective(log_laws, share, log_z)
    for _ in range(_NEWTON_STEPS):
        if not len(free) or float(np.abs(gradient[free]).max()) < _PRECISION:
            break
        step = np.linalg.lstsq(hessian[np.ix_(free, free)], gradient[free], rcond=1e-12)[0]
        length = 1.0
        while True:
            tried = log_z.copy()
            tried[free] += length * step
            fresh = _objective(log_laws, share, tried)
            if fresh[0] <= value + 1e-12 or length < _PRECISION:
                break
            length *= 0.5
        if not np.isfinite(fresh[0]):  # laws without overlap: what was found is all there is
            break
        log_z, (value, gradient, hessian) = tried, fresh
    return log_z


def mixed_log_ratio(log_laws: Array, counts: Sequence[int], log_z: Array) -> Array:
    """log p - log q [n] of draws of the mixture q = Σ_k counts_k law_k / Z_k / n."""
    share = np.log(np.array(counts, dtype=np.float64) / sum(counts))
    return -_log_sum_exp(log_laws + (share - log_z)[:, None])


def _objective(log_laws: Array, share: Array, log_z: Array) -> tuple[float, Array, Array]:
    """The convex function of log Z whose least value MBAR is; gradient by -log Z; Hessian."""
    exponents = log_laws + (np.log(share) - log_z)[:, None]
    mixed = _log_sum_exp(exponents)
    belongs = np.exp(exponents - mixed)
    mean = belongs.mean(axis=1)
    hessian = np.diag(mean) - belongs @ belongs.T / log_laws.shape[1]
    return float(mixed.mean() + share @ log_z), mean - share, hessian


def _log_sum_exp(exponents: Array) -> Array:
    top = exponents.max(axis=0)
    summed: Array = top + np.log(np.exp(exponents - top).sum(axis=0))
    return summed
