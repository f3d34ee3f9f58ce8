"""What a weighted sample says of the tuned law p̂_λ: E f, KL, log Z, and how right it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lvm_studio.tuning.pools.weights import (
    ESS_LIMIT,
    KHAT_LIMIT,
    Array,
    effective_sample_size,
    log_mean_exp,
    normalised,
    pareto_khat,
)


@dataclass(frozen=True)
class Moments:
    """Of the normalised f under p̂_λ; what the solver needs at one λ (Eq. 10.6-10.9).

    kl is KL(p̂_λ ‖ p) in nats; variance and third are central.
    """

    expectation: float
    kl: float
    variance: float
    third: float


@dataclass(frozen=True)
class TunedEstimate:
    """p̂_λ as seen by importance weights; f counted in standard deviations above the base mean.

    Attributes:
        lam: λ, per standard deviation of f.
        moments: of f under p̂_λ, and KL(p̂_λ ‖ p) = λ E f - log Z (Eq. 10.51), nats.
        standard_error: of moments.expectation, from the weights.
        log_z: log E_p e^{λf}, nats.
        ess: effective number of draws behind all of this; samples: how many were drawn.
        khat: Pareto k̂ of the weights.
    """

    lam: float
    moments: Moments
    standard_error: float
    log_z: float
    ess: float
    khat: float
    samples: int

    @property
    def valid(self) -> bool:
        """Whether ESS ≥ 100 and k̂ < 0.7: otherwise the figures may be far off."""
        return self.ess >= ESS_LIMIT and self.khat < KHAT_LIMIT

    @property
    def doubt(self) -> str:
        """Why it is not valid, as one sentence; '' where it is."""
        if self.khat >= KHAT_LIMIT:
            return (
                f"The weights' tail is too heavy (Pareto k̂ {self.khat:.2f}, limit {KHAT_LIMIT}): "
                "no number of such draws settles this λ; choose a smaller one."
            )
        if self.ess < ESS_LIMIT:
            return (
                f"{self.samples} draws are worth only {self.ess:.0f} here "
                f"(at least {ESS_LIMIT:.0f} are needed); wait for the flow or choose a smaller λ."
            )
        return ""


def one_in_n(kl: float) -> float:
    """N of "1 week in N": KL = log N, the KL of keeping the best N-th of the base law (10.3.2).

    >>> round(one_in_n(math.log(1000.0)))
    1000
    """
    return math.exp(min(kl, 700.0))


def kl_of_one_in(n: float) -> float:
    """KL of "1 week in n": log n, nats (10.3.2)."""
    return math.log(n)


def estimate(lam: float, f: Array, log_ratio: Array) -> tuple[TunedEstimate, Array]:
    """The tuned law at λ from draws of any q, and the draws' normalised weights [n].

    Args:
        lam: λ of either sign.
        f: [n] normalised criterion of each draw.
        log_ratio: [n] log p - log q of each draw; zeros when q = p (Eq. 10.22).
    """
    log_weights = lam * f + log_ratio
    share = normalised(log_weights)
    log_z = _log_z(lam, log_weights)
    moments = _moments(lam, f, share, log_z)
    error = float(np.sqrt((share**2) @ (f - moments.expectation) ** 2))
    ess = effective_sample_size(share)
    khat = pareto_khat(log_weights)
    return TunedEstimate(lam, moments, error, log_z, ess, khat, len(f)), share


def moments_at(lam: float, f: Array, log_ratio: Array) -> Moments:
    """Only the moments: what the solver asks at each of its updates."""
    log_weights = lam * f + log_ratio
    return _moments(lam, f, normalised(log_weights), _log_z(lam, log_weights))


def _log_z(lam: float, log_weights: Array) -> float:
    """log E_p e^{λf}: 0 at λ = 0, whatever the draws of another law would say."""
    return log_mean_exp(log_weights) if lam else 0.0


def _moments(lam: float, f: Array, share: Array, log_z: float) -> Moments:
    mean = float(share @ f)
    centred = f - mean
    pull = share * centred
    variance = float(pull @ centred)
    third = float(pull @ centred**2)  # a power of three takes forty times as long
    return Moments(mean, lam * mean - log_z, variance, third)
