"""The three figures that "1 in N" may mean, each by its name, with its band.

On the same data they differ by a fifth: the level that 1 in N exceeds, the mean beyond it, and
the mean of the tuned law whose KL to the base law is log N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.estimates import moments_at
from lvm_studio.tuning.pools.weights import Array
from lvm_studio.tuning.solve import solve_kl

Band = tuple[float, float]


@dataclass(frozen=True)
class OneInN:
    """Of one sample of a criterion, in its unit; bands [low, high] of 95 %, or None.

    quantile: exceeded by 1 in n; mean_beyond: mean of those; tilted_mean: E f under p̂_λ with
    KL(p̂_λ ‖ p) = log n.
    """

    n: float
    quantile: float
    mean_beyond: float
    tilted_mean: float
    quantile_band: Band | None = None
    mean_beyond_band: Band | None = None
    tilted_mean_band: Band | None = None


def one_in_n_figures(f: Array, n: float) -> OneInN:
    """The three figures of a sample of f [m], in its unit.

    Raises:
        TuningError: the sample is smaller than n, or does not vary.

    >>> figures = one_in_n_figures(np.random.default_rng(0).standard_normal(200_000), 100.0)
    >>> [round(v, 1) for v in (figures.quantile, figures.mean_beyond, figures.tilted_mean)]
    [2.3, 2.7, 3.0]
    """
    if len(f) < n or n <= 1.0:
        raise TuningError(
            f"'1 in {n:g}' cannot be read off {len(f):,} values; give at least {n:g} of them."
        )
    level = float(np.quantile(f, 1.0 - 1.0 / n))
    beyond = float(f[f >= level].mean())
    shift, scale = float(f.mean()), float(f.std())
    if not scale > 0.0:
        raise TuningError(f"All {len(f):,} values are {level:g}: there is no extreme among them.")
    z = (f - shift) / scale
    zeros = np.zeros(len(z))
    found = solve_kl(lambda lam: moments_at(lam, z, zeros), math.log(n))
    return OneInN(n, level, beyond, shift + scale * found.moments.expectation)


def with_bootstrap(f: Array, n: float, resampled: Sequence[Array]) -> OneInN:
    """The figures of f [m] with the 95 % bands of resamples of it.

    Args:
        resampled: one array [m'] a resample: whoever has households and weeks draws both of
            them with replacement and forms the sums anew, since sums of the same households in
            the same weeks are not independent.
    """
    return banded(one_in_n_figures(f, n), [one_in_n_figures(other, n) for other in resampled])


def banded(here: OneInN, each: Sequence[OneInN]) -> OneInN:
    """The figures `here` with the 95 % bands of those of each resample."""
    rows = np.array([(r.quantile, r.mean_beyond, r.tilted_mean) for r in each])
    low, high = np.quantile(rows, (0.025, 0.975), axis=0)
    bands = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    return OneInN(here.n, here.quantile, here.mean_beyond, here.tilted_mean, *bands)
