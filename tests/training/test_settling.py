"""Settling: what is wrong with level and noise of a decoder is found from what is left over."""

import torch

from lvm_studio.data.sampler import AggregateBatch
from lvm_studio.models.gaussians import ResidualGaussian
from lvm_studio.models.specs import BurstNoiseSpec, VAESpec
from lvm_studio.models.trained import build_module
from lvm_studio.training.settling import _draws, _unbent, settle

SPEC = VAESpec(
    k=4, latent_z=2, hidden=8, dropout=0.0, noise=BurstNoiseSpec(positive=True), settled=1500
)


def known(truth, settled, monkeypatch, spread=1.0):
    """Draws of the truth, whose z the posterior knows."""
    last = []

    def posterior(x):
        zero = torch.zeros(len(x), 2)
        return ResidualGaussian(zero, zero + 1.0, last[-1], zero - 9.0)

    monkeypatch.setattr(settled, "posterior", posterior)

    def draw(batch, generator):
        z = spread * torch.randn(batch, 2, generator=generator)
        last.append(z)
        with torch.no_grad():
            x = truth.decode(z).transport(torch.randn(batch, 336, generator=generator))
        nothing = torch.zeros(batch, 1)
        return AggregateBatch(x, nothing, nothing, nothing, nothing.long(), nothing.long())

    return draw


def truth_and_wrong():
    truth = build_module(SPEC, seed=0).eval()
    with torch.no_grad():
        g = torch.Generator().manual_seed(3)
        truth.decoder.direct.weight[:336].normal_(0, 0.3, generator=g)
        truth.decoder.direct.weight[336:].zero_()
        truth.observation.remember(torch.linspace(0.2, 0.7, 48))
        truth.observation.raw_own.sub_(0.1)
        truth.observation.raw_skew.copy_(torch.tensor([0.08, 0.0]))
        wrong = build_module(SPEC, seed=0).eval()
        wrong.load_state_dict(truth.state_dict())
        wrong.observation.raw_own.add_(0.05)
        wrong.observation.raw_skew.zero_()
        wrong.observation.remember(torch.full((48,), 0.4))
        wrong.decoder.direct.bias[:336] += 0.05
        wrong.decoder.direct.weight[:336] *= 0.9
    return truth, wrong


def test_what_was_left_is_what_is_drawn(monkeypatch):
    monkeypatch.setattr("lvm_studio.training.settling.SHAPED_ON", 20_000)
    truth, settled = truth_and_wrong()
    draw = known(truth, settled, monkeypatch)
    settle(settled, draw, seed=0)
    drawn = _draws(settled, draw, torch.Generator().manual_seed(9))
    y, law = _unbent(settled, drawn)
    r = (y - law.mean) / law.stddev
    assert abs(float(r.mean())) < 0.02
    variance = r.square().mean(0).reshape(7, 48).mean(0)
    torch.testing.assert_close(variance, torch.ones(48), atol=0.12, rtol=0)
    strayed = law.mean - law.mean.mean(0)
    assert abs(float((strayed * (y - law.mean)).sum() / (strayed**2).sum())) < 0.05
    phi = settled.observation.phi()[:48].detach()
    assert float(torch.corrcoef(torch.stack([phi, torch.linspace(0.2, 0.7, 48)]))[0, 1]) > 0.95
    wanted = truth.observation.shape(law.mean[:1], torch.tensor([4.0])).skew
    got = settled.observation.shape(law.mean[:1], torch.tensor([4.0])).skew
    torch.testing.assert_close(got.mean(), wanted.mean(), atol=0.1, rtol=0)


def test_how_noise_grows_with_load_and_how_far_z_is_followed_are_found(monkeypatch):
    monkeypatch.setattr("lvm_studio.training.settling.SHAPED_ON", 2000)
    bounded = SPEC.model_copy(update={"bounded": True})
    truth = build_module(bounded, seed=0).eval()
    with torch.no_grad():
        truth.decoder.direct.bias[:336] += 2.0
        truth.decoder.direct.weight[:336] = 0.4
        truth.decoder.direct.weight[336:].zero_()
    settled = build_module(bounded, seed=0).eval()
    settled.load_state_dict(truth.state_dict())
    truth.furthest_z.fill_(7.0)
    truth.observation.growth.fill_(0.4)
    truth.observation.resize(torch.full((336,), 0.5))
    settle(settled, known(truth, settled, monkeypatch, spread=3.0), seed=0)
    assert settled.furthest_z == 7.0
    torch.testing.assert_close(settled.observation.growth, torch.tensor(0.4), atol=0.05, rtol=0)
    law, wanted = (each.observation.own().mean() for each in (settled, truth))
    torch.testing.assert_close(law, wanted, rtol=0.03, atol=0)
