"""Settling a trained VAE: its level and its noise once more, from what is left of training sums.

A decoder trained with dropout and weight decay does not follow z as far as curves do, and the
maximum likelihood of a law of noise that is not quite right is neither as large nor as lasting
as what is left. Of one week that is little; of extremes, 5 to 8 %. All else at rest, moments of
what is left over mend both in a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.data.units import DAY
from lvm_studio.models.bursts import UNBOUNDED_KW, BurstCurve, BurstNoise
from lvm_studio.models.gaussians import HALF_LOG_2PI
from lvm_studio.models.positive import PositiveCurve, unbent
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.training.fitted_prior import COLLECTED, Draw

SHAPED_ON = 200_000
"""Half-hours that the shape of the noise is fitted to."""
LARGEST = 0.9995
"""Share of half-hours whose noise is not bounded.

A prior reaches further than posteriors do, to noise that no curve showed: peaks bought there would
be lone spikes in calm weeks, nearer to ordinary weeks than real ones are.
"""
REACHES = (4.0, 5.0, 6.0, 7.0, 8.0)
"""Bounds on what a decoder follows of a coordinate of z; it was trained with 5."""
LEAST_SPREAD = 1e-4
"""Variance of log-loads (0.1 is usual) that tells of growth: a decoder hardly trained has none."""
PASSES = 3
"""Size by load and size by half-hour are found together, in steps: the third hardly moves them."""
ITERATIONS = 40


@dataclass(frozen=True, eq=False)
class Drawn:
    """Training sums x [N, 336] in kW beside z [N, Z], one draw of each one's posterior."""

    x: Tensor
    z: Tensor


def settle(module: GaussianVAE, draw: Draw, seed: int) -> None:
    """Match level and noise to `spec.settled` training sums, if it asks for any."""
    if not module.spec.settled:
        return
    module.eval()
    drawn = _draws(module, draw, torch.Generator().manual_seed(seed))
    _settle_reach(module, drawn)
    _settle_level(module, drawn)
    _settle_size(module, drawn)
    _settle_shape(module, drawn)
    _settle_memory(module, drawn)


@torch.no_grad()
def _draws(module: GaussianVAE, draw: Draw, generator: torch.Generator) -> Drawn:
    parts = []
    for _ in range(-(-module.spec.settled // COLLECTED)):
        x = draw(COLLECTED, generator).x
        q = module.posterior(x)
        eps = torch.randn(q.mean.shape, generator=generator).to(x)
        parts.append(Drawn(x, q.transport(eps)))
    return Drawn(torch.cat([part.x for part in parts]), torch.cat([part.z for part in parts]))


def _settle_reach(module: GaussianVAE, drawn: Drawn) -> None:
    """Let the decoder follow z as far as leaves least of curves: trained, it saturates too soon."""
    if not module.spec.bounded:
        return
    explained = []
    for reach in REACHES:
        module.furthest_z.fill_(reach)
        y, law = _unbent(module, drawn)
        explained.append(_gain(law.mean - law.mean.mean(0), y - y.mean(0))[1])
    module.furthest_z.fill_(REACHES[explained.index(max(explained))])


def _settle_level(module: GaussianVAE, drawn: Drawn) -> None:
    """Regress curves on what was decoded for them, about the mean of every half-hour.

    One gain: half-hours amplified each by its own make evenings, and tilted peaks, too high.
    """
    y, law = _unbent(module, drawn)
    at = law.mean.mean(0)
    strayed, wanted = law.mean - at, y - y.mean(0)
    gain, _ = _gain(strayed, wanted)
    # Amplified, a mean curve lies around its own centre, not around `at`.
    centre = module.spec.k * module.household_mean_kw
    module.amplify(gain, y.mean(0) - centre - gain * (at - centre))


def _settle_size(module: GaussianVAE, drawn: Drawn) -> None:
    """Variance of what is left, by load and half-hour by half-hour, and a bound on the largest."""
    noise, k = _noise(module), torch.tensor([[float(module.spec.k)]])
    noise.bound(UNBOUNDED_KW)
    for _ in range(PASSES):
        y, law = _unbent(module, drawn)
        square = ((y - law.mean) / law.stddev).square()
        load = noise.load(law.mean, k.to(y)).log()
        above = load - load.mean(0)
        spread = above.square().mean().clamp(min=LEAST_SPREAD)
        growth = (square / square.mean(0) * above).mean() / spread
        noise.growth += growth
        noise.resize((square / (growth * load).exp()).mean(0).sqrt())
    told = _unbent(module, drawn)[1].stddev.flatten()
    noise.bound(float(told.kthvalue(math.ceil(LARGEST * len(told))).values))


def _settle_memory(module: GaussianVAE, drawn: Drawn) -> None:
    """Correlation of what is left with what was left half an hour before, both made normal."""
    y, law = _unbent(module, drawn)
    with torch.no_grad():
        g, _ = law.shape.normal_of((y - law.mean) / law.stddev)
    together, before = (g[:, 1:] * g[:, :-1]).mean(0), g[:, :-1].square().mean(0)
    time = torch.arange(1, g.shape[1], device=g.device) % DAY
    sums = [each.new_zeros(DAY).index_add(0, time, each) for each in (together, before)]
    _noise(module).remember(sums[0] / sums[1])


def _settle_shape(module: GaussianVAE, drawn: Drawn) -> None:
    """Maximum likelihood of lean and tails, half-hour for half-hour, of what lies above the mean.

    Peaks are made there; of what lies below, only its share counts.
    """
    noise = _noise(module)
    y, law = _unbent(module, drawn)
    r = ((y - law.mean) / law.stddev).flatten()
    every = max(1, len(r) // SHAPED_ON)
    r, mean = r[::every, None], law.mean.flatten()[::every, None]
    sizes = mean.new_full((len(r),), float(module.spec.k))
    learned = [noise.raw_skew, noise.raw_tail]
    wanted = [each.requires_grad for each in learned]
    search = torch.optim.LBFGS(learned, max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> float:
        search.zero_grad()
        with torch.enable_grad():
            e, log_slope = noise.shape(mean, sizes).normal_of(r.clamp(min=0.0))
            above = log_slope - 0.5 * e**2 - HALF_LOG_2PI
            value = -torch.where(r > 0, above, torch.special.log_ndtr(e)).mean()
            torch.autograd.backward(value, inputs=learned)
        return float(value.detach())

    for each in learned:
        each.requires_grad_(True)
    step: Callable[[Callable[[], float]], object] = search.step
    step(loss)
    for each, before in zip(learned, wanted, strict=True):
        each.requires_grad_(before)
        each.grad = None


def _gain(strayed: Tensor, wanted: Tensor) -> tuple[float, float]:
    """What `strayed` is best multiplied by, and the sum of squares of `wanted` it then explains."""
    along = float((strayed * wanted).sum())
    gain = along / float((strayed**2).sum())
    return gain, gain * along


@torch.no_grad()
def _unbent(module: GaussianVAE, drawn: Drawn) -> tuple[Tensor, BurstCurve]:
    """Curves before they were bent above 0, and the law of these."""
    law = module.decode(drawn.z)
    if isinstance(law, PositiveCurve):
        assert isinstance(law.raw, BurstCurve)
        return unbent(drawn.x, law.knee), law.raw
    assert isinstance(law, BurstCurve)
    return drawn.x, law


def _noise(module: GaussianVAE) -> BurstNoise:
    assert isinstance(module.observation, BurstNoise)  # the spec sees to it
    return module.observation
