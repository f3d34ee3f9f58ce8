"""Tuning a part of the latents: closed forms, the rest untouched, KLs that add up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from tuning_spaces import LinearSpace, PlainCurve, T

from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.street import Street
from lvm_studio.models.trained import build_module
from lvm_studio.tuning.composition_parts import PartSpace, tuned_space
from lvm_studio.tuning.compositions import kl_apart, marginal, noise_apart
from lvm_studio.tuning.criteria.criterion import CRITERIA, Peak
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.pools.mixtures import Mixture
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.stages import climb
from lvm_studio.tuning.specs import Aim, FlowSpec, TuneSpec
from lvm_studio.tuning.tune import TuneResult, tune

PEAK = CRITERIA["peak"]


class TwoCauses(LinearSpace):
    """Every half-hour is 10 + 0.8 u₁ + 0.6 u₃."""

    def score(self, u: Tensor) -> Tensor:
        return 10.0 + 0.8 * u[..., 0] + 0.6 * u[..., 2]

    def decode(self, u: Tensor) -> PlainCurve:
        mean = self.score(u)[..., None].expand(*u.shape[:-1], T)
        return PlainCurve(mean, torch.zeros_like(mean))


def small_street() -> Street:
    spec = CompVAESpec(latent_w=3, latent_z=1, part_hidden=4, day_hidden=8, day_blocks=1)
    module = build_module(spec, labels=2, context=2, seed=1).eval().requires_grad_(False)
    m, s = torch.zeros(2, 3), torch.ones(2, 3)
    counts = torch.tensor([2.0, 1.0])
    return Street(
        module=module,
        household_ids=("A", "B"),
        counts=counts,
        labels=torch.zeros(2, 2),
        m=m,
        s=s,
        sum_mean=torch.zeros(3),
        sum_std=torch.full((3,), 3.0**0.5),
        context=torch.zeros(7, 2),
    )


def test_a_criterion_of_both_is_tuned_by_its_own_part_alone() -> None:
    """f̃ of the part is linear: E f = λ and KL = λ²/2, and the rest keeps its law."""
    part = PartSpace(TwoCauses(4), torch.tensor([0, 1]))
    pool = Pool.from_space(part, PEAK, n=2048)
    assert pool.eps.shape == (2048, T + 2)
    assert pool.potential.scale == pytest.approx(0.8, abs=0.03)
    *_, reached = climb(
        pool.potential, pool.draws, kl_max=3.0, generator=torch.Generator().manual_seed(0)
    )
    found, _ = reached.draws.estimate(2.0)
    slope = 0.8 / pool.potential.scale
    assert found.moments.variance == pytest.approx(slope**2, rel=0.1)
    assert found.moments.kl == pytest.approx(0.5 * (2.0 * slope) ** 2, rel=0.05)
    fresh = pool.curves_kw.std()
    assert fresh == pytest.approx(1.0, abs=0.05)  # of both causes: 0.8² + 0.6²


def test_all_coordinates_tuned_are_the_whole_space() -> None:
    whole = TwoCauses(4)
    part = PartSpace(whole, torch.arange(4))
    u, eps = torch.randn(5, 4), torch.randn(5, T)
    assert torch.equal(part.decode(u).transport(eps), whole.decode(u).transport(eps))
    assert torch.equal(part.decode(u).mean, whole.decode(u).mean)


@pytest.mark.parametrize(("tuned", "dim"), [("w", 3), ("z", 7), ("both", 10)])
def test_a_street_is_tuned_where_the_user_says(tuned: str, dim: int) -> None:
    street = small_street()
    space = tuned_space(street, tuned)  # type: ignore[arg-type]
    assert space.dim == dim
    assert len(space.names) == dim
    u, rest = torch.randn(6, dim), torch.randn(6, 10 - dim)
    eps = torch.randn(6, T)
    curves = space.decode(u).transport(torch.cat([eps, rest], -1))
    order = {"w": [u, rest], "z": [rest, u], "both": [u]}[tuned]
    expected = street.decode(torch.cat(order, -1)).transport(eps)
    torch.testing.assert_close(curves, expected)


def test_a_model_without_households_has_no_parts() -> None:
    with pytest.raises(TuningError, match="does not tell households from weeks"):
        tuned_space(TwoCauses(4), "w")


def test_the_kl_of_a_joint_tuning_is_shared_out() -> None:
    """Of λ²/2 the first cause takes 0.64 and the other 0.36: the squares of its slopes."""
    pool = Pool.from_space(TwoCauses(4), PEAK, n=4096)
    *_, reached = climb(
        pool.potential, pool.draws, kl_max=4.0, generator=torch.Generator().manual_seed(0)
    )
    parts = kl_apart(reached.draws, 2.0, pool.potential, torch.tensor([0, 1]))
    whole = reached.draws.estimate(2.0)[0].moments.kl
    assert parts.total == pytest.approx(whole, abs=1e-9)
    assert parts.doubt < 0.15
    assert parts.w == pytest.approx(0.64 * whole, abs=0.2)


def test_neither_part_of_a_kl_is_below_zero() -> None:
    """f feels the first coordinate alone: what the others cost is read as 0 ± the doubt."""
    pool = Pool.from_space(LinearSpace(4), PEAK, n=2048)
    whole = pool.reweight(1.0).moments.kl
    for seed in range(4):
        parts = kl_apart(pool.draws, 1.0, pool.potential, torch.tensor([0]), seed)
        assert 0.0 <= parts.z < 2.0 * parts.doubt + 1e-6
        assert parts.total == pytest.approx(whole, abs=1e-9)


class CurvedSpace(LinearSpace):
    """f = u₁ and a little of twenty products: Gaussians can be fitted to it all too well."""

    def score(self, u: Tensor) -> Tensor:
        return 10.0 + u[..., 0] + 0.1 * (u[..., 1::2] * u[..., 2::2]).sum(-1)


def test_draws_that_weigh_much_do_not_vouch_for_themselves() -> None:
    """25 effective draws in 41 dimensions: fitted and judged by the same ones they look sure."""
    pool = Pool.from_space(CurvedSpace(41), PEAK, n=1024, seed=3)
    assert pool.reweight(2.4).ess < 30
    assert kl_apart(pool.draws, 2.4, pool.potential, torch.tensor([0])).doubt > 0.3


def test_a_marginal_is_the_gaussian_of_its_coordinates() -> None:
    root = torch.tril(torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0)))
    root = root + 4.0 * torch.eye(4)
    mixture = Mixture(torch.tensor([0.3, 0.7]).log(), torch.randn(2, 4), root)
    index = torch.tensor([3, 1])
    small = marginal(mixture, index)
    whole = root @ root.mT
    for k in range(2):
        torch.testing.assert_close(
            small.cholesky[k] @ small.cholesky[k].T, whole[k][index][:, index]
        )


def linear_street() -> Street:
    """The same with curves linear in Σw: no doubt that its tuned law exists."""
    street = small_street()
    with torch.no_grad():
        street.module.decoder.out.weight.zero_()
        street.module.decoder.direct.weight.zero_()
        generator = torch.Generator().manual_seed(0)
        street.module.sum_to_curve.weight.normal_(std=0.5, generator=generator)
    return street


def test_a_tuning_of_one_part_ends_with_curves_of_all() -> None:
    spec = TuneSpec(
        criterion="sustained",
        tuned="w",
        aim=Aim(kind="kl", value=1.0),
        samples=64,
        pool=512,
        good_ess=100,
        flow=FlowSpec(steps=1, couplings=0),
    )
    *_, result = tune(spec, linear_street())
    assert isinstance(result, TuneResult)
    assert result.curves_kw.shape == (64, T)
    assert result.u.shape == (64, 10)  # of the whole street: who makes the peak asks for it
    assert result.kl == pytest.approx(1.0, abs=0.05)
    assert np.isfinite(result.curves_kw).all()


class NoisyLevel(LinearSpace):
    """10 + u₁, and noise of half a kilowatt at every half-hour."""

    def decode(self, u: Tensor) -> PlainCurve:
        mean = self.score(u)[..., None].expand(*u.shape[:-1], T)
        return PlainCurve(mean, torch.full_like(mean, 0.5))


class FirstStep(Peak):
    """The first half-hour: a linear criterion of latents and noise."""

    noise_draws = 2

    def __call__(self, curves_kw: Tensor) -> Tensor:
        return curves_kw[..., 0]


def test_noise_that_is_tuned_too_has_its_price() -> None:
    """f = u₁ + ½ e₁: of λ²/2 the latents take 1 / 1.25, the noise the rest."""
    space = tuned_space(NoisyLevel(2), "noise too")
    assert space.dim == 2 + T
    pool = Pool.from_space(space, FirstStep(), n=4096)
    assert pool.potential.scale == pytest.approx(1.25**0.5, rel=0.06)
    parts = noise_apart(pool.draws, 1.2, pool.potential, latents=2)
    whole = pool.draws.estimate(1.2)[0].moments.kl
    assert whole == pytest.approx(0.5 * 1.2**2, rel=0.2)
    assert parts.latents + parts.noise == pytest.approx(whole, abs=1e-9)
    assert parts.latents / whole == pytest.approx(0.8, abs=0.15)


def test_curves_that_are_certain_ignore_noise() -> None:
    space = tuned_space(NoisyLevel(2), "noise too")
    u = torch.randn(4, space.dim)
    law = space.decode(u)
    assert torch.equal(law.transport(torch.randn(T)), law.mean)
    whole = NoisyLevel(2).decode(u[:, :2]).transport(u[:, 2:])
    assert torch.equal(law.mean, whole)
