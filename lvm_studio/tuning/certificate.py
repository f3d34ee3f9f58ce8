"""How near a tuned set is to p̂_λ: what its importance weights say, and an independent reference.

Neither ESS nor k̂ is enough: a proposal that has lost a mode has splendid weights. Its log Z gives
it away, since a sampler that knows nothing of the proposal finds another one.
"""

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

LOG_Z_LIMIT = 0.15
"""Two estimates of log Z further apart than this, in nats, cannot both be right."""


@dataclass(frozen=True)
class Certificate:
    """What is known of how near a tuned set is to p̂_λ.

    Attributes:
        ess_share: ESS / N of the importance weights λf + log p - log q.
        khat: their Pareto k̂.
        log_z, log_z_error: log E_p e^{λf} from these weights and its standard error, nats.
        reference_log_z: log Z of SMC from two seeds, nats; None while it has not run.
        kl_to_target: KL(q ‖ p̂_λ) = KL(q ‖ p) - λ E_q f + log Z of the draws before correction.
        samples: N, how many draws the weights are of.
        corrected: whether the set shown is resampled by these weights.
        ok: whether nothing speaks against the set; sentence: that in words.
    """

    ess_share: float
    khat: float
    log_z: float
    log_z_error: float
    reference_log_z: tuple[float, float] | None
    kl_to_target: float
    samples: int
    corrected: bool
    ok: bool
    sentence: str


def certify(
    lam: float,
    f: Array,
    log_ratio: Array,
    *,
    reference: tuple[float, float] | None = None,
    corrected: bool = True,
) -> Certificate:
    """The certificate of draws from any q, as they stand for p̂_λ.

    Args:
        lam: λ of either sign.
        f: [n] normalised criterion of each draw of q.
        log_ratio: [n] log p - log q of each draw.
        reference: log Z at λ from two runs of SMC.
        corrected: whether what is shown is resampled by the weights.

    >>> certify(0.0, np.zeros(500), np.zeros(500)).kl_to_target
    0.0
    """
    log_weights = lam * f + log_ratio
    samples = len(f)
    ess_share = effective_sample_size(normalised(log_weights)) / samples
    log_z = log_mean_exp(log_weights)
    khat = pareto_khat(log_weights)
    fault = _fault(ess_share * samples, khat, log_z, reference)
    return Certificate(
        ess_share=ess_share,
        khat=khat,
        log_z=log_z,
        log_z_error=math.sqrt(max(1.0 / ess_share - 1.0, 0.0) / samples),
        reference_log_z=reference,
        kl_to_target=log_z - float(log_weights.mean()),
        samples=samples,
        corrected=corrected,
        ok=not fault,
        sentence=fault or _praise(ess_share * samples, samples, khat, log_z, reference),
    )


def uncertified(why: str) -> Certificate:
    """The red certificate of draws without weights, with the reason in a sentence."""
    return Certificate(
        ess_share=math.nan,
        khat=math.nan,
        log_z=math.nan,
        log_z_error=math.nan,
        reference_log_z=None,
        kl_to_target=math.nan,
        samples=0,
        corrected=False,
        ok=False,
        sentence=why,
    )


def _fault(ess: float, khat: float, log_z: float, reference: tuple[float, float] | None) -> str:
    """Why the set must not be believed, '' where nothing says so."""
    if khat > KHAT_LIMIT:
        return (
            f"The weights' tail is too heavy (Pareto k̂ {khat:.2f}, limit {KHAT_LIMIT}): choose a "
            "smaller λ or wait for a better proposal."
        )
    if ess < ESS_LIMIT:
        return (
            f"The draws are worth only {ess:.0f} independent ones (at least {ESS_LIMIT:.0f} are "
            "needed): draw more, or choose a smaller λ."
        )
    if reference is None:
        return ""
    spread = abs(reference[0] - reference[1])
    if spread > LOG_Z_LIMIT:
        return (
            f"Two runs of the reference differ by {spread:.2f} nats in log Z (limit "
            f"{LOG_Z_LIMIT}): nothing can be vouched for at this λ; choose a smaller one."
        )
    off = log_z - float(np.mean(reference))
    if abs(off) <= LOG_Z_LIMIT:
        return ""
    apart = f"log Z of the weights is {abs(off):.2f} nats from that of the reference (limit "
    if off > 0.0:  # weights that are sound find no more than there is
        return (
            f"{apart}{LOG_Z_LIMIT}), which may miss a way of being extreme that the draws have "
            "found: take another seed to see."
        )
    return (
        f"{apart}{LOG_Z_LIMIT}): a way of being extreme may be missing; use the reference's draws."
    )


def _praise(
    ess: float, samples: int, khat: float, log_z: float, reference: tuple[float, float] | None
) -> str:
    weights = f"{samples:,} draws are worth {ess:,.0f} independent ones (k̂ {max(khat, -9.99):.2f})"
    if reference is None:
        return f"{weights}; not yet compared with the reference."
    off = abs(log_z - float(np.mean(reference)))
    return f"{weights}; log Z is {off:.2f} nats from the reference's."
