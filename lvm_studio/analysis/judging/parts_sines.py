"""Are the sines of a whole there, and are amplitude and phase of each of them found again?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.data.problems.batches import PartsBatch
from lvm_studio.data.problems.sines import FREQUENCIES
from lvm_studio.models.gaussians import CorrelatedGaussian
from lvm_studio.models.parts_sines import INSIDE, SineSumsVAE, spectrum


def own_sine(alone: Tensor, frequency: Tensor, lam: float) -> tuple[Tensor, Tensor]:
    """Amplitude and phase [...] of parts decoded by themselves [..., T], at their frequencies.

    Whatever else is in a curve does not count: a part of another frequency has amplitude 0.
    """
    inside = alone.clamp(INSIDE - 1.0, 1.0 - INSIDE).atanh() / lam
    found = spectrum(inside).gather(-1, frequency.long()[..., None])[..., 0]
    return found.abs(), found.angle()


def energy_at(x: Tensor, labels: Tensor) -> Tensor:
    """Energy [B] of curves x [B, T] at the frequencies that labels [B, K, F] tell."""
    told = labels.sum(1) > 0
    power = spectrum(x)[:, 1 : len(FREQUENCIES) + 1].abs().square()
    return (power * told).sum(1)


def generated(module: SineSumsVAE, batch: PartsBatch, generator: torch.Generator) -> Tensor:
    """Wholes [B, T] drawn from the same labels, observation noise included."""
    shape = (*batch.mask.shape, module.spec.latent_w)
    w = module.draw_parts(batch.labels, torch.randn(shape, generator=generator))
    law = module.decode((batch.mask[..., None] * w).sum(1), batch.size)
    return law.transport(torch.randn(batch.x.shape, generator=generator))


@dataclass(frozen=True)
class Recovery:
    """Mean absolute errors of draws of a part's amplitude, and of its phase in radians.

    `prior` draws from p(w | label), `posterior` from q(w | x, labels), `guess` always says
    amplitude 1 and phase 0, the middle of the true law.
    """

    parts: int
    amplitude_prior: float
    amplitude_posterior: float
    amplitude_guess: float
    phase_prior: float
    phase_posterior: float
    phase_guess: float


@torch.no_grad()
def recovery(
    module: SineSumsVAE, batch: PartsBatch, generator: torch.Generator, *, alike: bool
) -> Recovery:
    """How well draws of the posterior find each part of the batch again.

    Args:
        alike: judge the parts that share their frequency with another of the same whole, of
            which the curve tells the sum alone; else those that have theirs for themselves.
    """
    m, s = module.prior_w(batch.labels)
    q = module.posterior_w(batch.x, batch.labels, batch.mask, m, s)
    assert isinstance(q, CorrelatedGaussian)
    same = torch.einsum("bif,bjf->bij", batch.labels, batch.labels).sum(-1)
    chosen = (batch.mask > 0) & ((same > 1) if alike else (same == 1))
    truth = {name: values[chosen] for name, values in batch.truth.items()}
    prior = (m + s * torch.randn(s.shape, generator=generator))[chosen]
    posterior = q.rsample(generator)[chosen]
    guess = torch.ones(len(prior)), torch.zeros(len(prior))
    found = [_errors(truth, *_read(module, w, truth["frequency"])) for w in (prior, posterior)]
    plain = _errors(truth, *guess)
    return Recovery(
        parts=len(prior),
        amplitude_prior=found[0][0],
        amplitude_posterior=found[1][0],
        amplitude_guess=plain[0],
        phase_prior=found[0][1],
        phase_posterior=found[1][1],
        phase_guess=plain[1],
    )


def _read(module: SineSumsVAE, w: Tensor, frequency: Tensor) -> tuple[Tensor, Tensor]:
    alone = module.decode(w, torch.ones(len(w))).mean
    return own_sine(alone, frequency, module.spec.lam)


def _errors(truth: dict[str, Tensor], amplitude: Tensor, phase: Tensor) -> tuple[float, float]:
    turned = phase - truth["phase"] + torch.where(truth["amplitude"] < 0, math.pi, 0.0)
    around = torch.atan2(turned.sin(), turned.cos()).abs()
    return (
        float((amplitude - truth["amplitude"].abs()).abs().mean()),
        float(around.mean()),
    )
