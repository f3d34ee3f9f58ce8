"""Theory curves: what p̂_λ gives at each λ, from the base law where it can say, then from SMC.

E f (Eq. 10.22), KL = λ E f - log Z (Eq. 10.51; the printed Eq. 10.23 lacks the factor λ), and the
slopes Var f and λ Var f (Eq. 10.6-10.9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.tuning.pools.estimates import TunedEstimate
from lvm_studio.tuning.pools.pool import Draws
from lvm_studio.tuning.pools.smc_pool import SmcPool
from lvm_studio.tuning.pools.weights import Array

_BAND = 1.96


@dataclass(frozen=True, eq=False)
class TheoryCurves:
    """Arrays [L] to draw; f in standard deviations above the base mean, the rest in nats.

    Attributes:
        lam: per standard deviation of f.
        expectation, kl, log_z, variance, third: under p̂_λ.
        expectation_band, kl_band, log_z_band, variance_band: [2, L], 95 %.
        by_base: whether the base draws say it (k̂ < 0.7 and ESS ≥ 100); elsewhere `beyond` does.
        known: whether anything does.
    """

    lam: Array
    expectation: Array
    kl: Array
    log_z: Array
    variance: Array
    third: Array
    expectation_band: Array
    kl_band: Array
    log_z_band: Array
    variance_band: Array
    by_base: NDArray[np.bool_]
    known: NDArray[np.bool_]


def theory(base: Draws, beyond: SmcPool | Draws | None, lams: Sequence[float]) -> TheoryCurves:
    """The curves at λ ≥ 0.

    Args:
        base: draws of the base law.
        beyond: what to ask where the base draws cannot say: the pool of SMC, or other weighted
            draws as far as their own weights allow; None: nothing is known there.
    """
    rows = [_at(base, beyond, lam) for lam in lams]
    values, errors, by_base, known = zip(*rows, strict=True)
    expectation, kl, log_z, variance, third = np.array(values).T
    spread = _BAND * np.array(errors).T
    return TheoryCurves(
        lam=np.array(lams, dtype=np.float64),
        expectation=expectation,
        kl=kl,
        log_z=log_z,
        variance=variance,
        third=third,
        expectation_band=_band(expectation, spread[0]),
        kl_band=_band(kl, spread[1]),
        log_z_band=_band(log_z, spread[2]),
        variance_band=_band(variance, spread[3]),
        by_base=np.array(by_base),
        known=np.array(known),
    )


_Row = tuple[tuple[float, ...], tuple[float, ...], bool, bool]


def _at(base: Draws, beyond: SmcPool | Draws | None, lam: float) -> _Row:
    estimate, share = base.estimate(lam)
    if estimate.valid or beyond is None:
        return _values(estimate), _draws_errors(estimate, base, share), True, estimate.valid
    estimate, share = beyond.estimate(lam)
    if isinstance(beyond, Draws):
        return _values(estimate), _draws_errors(estimate, beyond, share), False, estimate.valid
    at = beyond.errors(lam)
    errors = (at.expectation, at.kl, beyond.log_z_at(lam)[1], at.variance)
    return _values(estimate), errors, False, lam <= beyond.lam_max


def _values(estimate: TunedEstimate) -> tuple[float, ...]:
    at = estimate.moments
    return at.expectation, at.kl, estimate.log_z, at.variance, at.third


def _draws_errors(estimate: TunedEstimate, draws: Draws, share: Array) -> tuple[float, ...]:
    """Delta-method errors of independent draws: of E f, of KL, of log Z and of Var f.

    A draw moves E f by w (f - E f), log Z by w - 1/n, KL = λ E f - log Z by both, and Var f by
    w ((f - E f)² - Var f).
    """
    apart = draws.f - estimate.moments.expectation
    log_z = share - 1.0 / len(share)
    kl = estimate.lam * share * apart - log_z
    variance = share * (np.square(apart) - estimate.moments.variance)
    kl_error, log_z_error, variance_error = (
        float(np.linalg.norm(moved)) for moved in (kl, log_z, variance)
    )
    return estimate.standard_error, kl_error, log_z_error, variance_error


def _band(middle: Array, spread: Array) -> Array:
    return np.stack([middle - spread, middle + spread])
