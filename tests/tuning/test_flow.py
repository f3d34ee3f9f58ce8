"""The λ-flow as a family: exact identity at 0, invertible, right density, saved and loaded."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lvm_studio.data.errors import DataError
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.pools.mixtures import Mixture

SHAPES = [(2, 1, 0, 0), (3, 1, 2, 0), (5, 2, 3, 0), (6, 4, 4, 0), (4, 1, 0, 2), (5, 3, 2, 2)]
"Dimensions, branches, affine couplings, spline couplings."


def random_flow(
    dim: int, branches: int, couplings: int, splines: int = 0, seed: int = 0
) -> LambdaFlow:
    """A flow far from the identity."""
    generator = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(dim, dim, generator=generator)).Q
    flow = LambdaFlow(basis, 2.0, branches, couplings, hidden=8, splines=splines)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return flow


def exact(flow: LambdaFlow) -> LambdaFlow:
    """The flow in double precision, its basis orthogonal to that."""
    flow = flow.double()
    flow.basis.copy_(torch.linalg.qr(flow.basis).Q)
    return flow


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("dim", "branches", "couplings", "splines"), SHAPES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_at_lam_zero_it_is_exactly_the_identity(
    dim: int, branches: int, couplings: int, splines: int, seed: int
) -> None:
    flow, v = random_flow(dim, branches, couplings, splines, seed), noise(40, dim, seed=seed)
    assert torch.equal(flow(v, 0.0), v)
    assert torch.allclose(flow.log_ratio(v, 0.0), torch.zeros(40), atol=1e-5)  # float32


@pytest.mark.parametrize(("dim", "branches", "couplings", "splines"), SHAPES)
@settings(max_examples=15, deadline=None)
@given(lam=st.floats(0.1, 2.5), seed=st.integers(0, 1000))
def test_every_branch_is_invertible(
    dim: int, branches: int, couplings: int, splines: int, lam: float, seed: int
) -> None:
    flow = exact(random_flow(dim, branches, couplings, splines, seed))
    v = noise(1, dim, seed=seed).double().expand(branches, 1, dim)
    u = flow.push(v, lam)
    for branch in range(branches):
        back, _ = flow.pull(u[branch], lam)
        assert torch.allclose(back[branch], v[branch], atol=1e-7)


@pytest.mark.parametrize(("dim", "branches", "couplings", "splines"), SHAPES)
def test_log_determinants_are_autograds(
    dim: int, branches: int, couplings: int, splines: int
) -> None:
    flow = exact(random_flow(dim, branches, couplings, splines))
    u = noise(1, dim).double()
    _, log_det = flow.pull(u, 1.3)
    for branch in range(branches):
        jacobian = torch.autograd.functional.jacobian(
            lambda x, branch=branch: flow.pull(x, 1.3)[0][branch, 0], u
        )[:, 0]
        assert log_det[branch, 0].item() == pytest.approx(
            float(torch.linalg.slogdet(jacobian).logabsdet), abs=1e-8
        )


@pytest.mark.parametrize("branches", [1, 3])
def test_the_density_integrates_to_one_and_is_that_of_the_samples(branches: int) -> None:
    """On a grid in two dimensions: total mass, and the mean of the draws."""
    flow = random_flow(2, branches, 2, seed=4)
    axis = torch.linspace(-14, 14, 561)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        log_base = -0.5 * grid.square().sum(-1) - math.log(2 * math.pi)
        density = (flow.log_ratio(grid, 1.0) + log_base).exp() * (axis[1] - axis[0]) ** 2
        draws = flow(noise(40_000, 2), 1.0)
    assert float(density.sum()) == pytest.approx(1.0, abs=2e-3)
    mean = (density[:, None] * grid).sum(0)
    spread = float(draws.std(0).max())
    assert torch.allclose(draws.mean(0), mean, atol=0.03 * spread + 0.01)


def test_gradients_reach_every_parameter() -> None:
    flow = random_flow(5, 2, 3, 2)
    u = flow.push(noise(2, 16, 5), 1.0)
    (flow.log_ratio(u.flatten(0, 1), 1.0).sum() + flow.log_share(1.0)[0]).backward()
    for name, parameter in flow.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0.0, name


def test_a_batch_of_lams_is_each_of_them_alone() -> None:
    flow, v = random_flow(4, 2, 2), noise(3, 9, 4)
    lams = torch.tensor([0.0, 0.7, 1.9])
    together, density = flow(v, lams), flow.log_ratio(v, lams)
    for row, lam in enumerate(lams):
        assert torch.allclose(together[row], flow(v[row], float(lam)), atol=1e-5)
        assert torch.allclose(density[row], flow.log_ratio(v[row], float(lam)), atol=1e-4)


def test_rows_do_not_depend_on_how_many_there_are() -> None:
    flow, v = random_flow(4, 3, 2), noise(50, 4)
    assert torch.allclose(flow(v, 1.0)[:20], flow(v[:20], 1.0), atol=1e-6)


def test_rows_move_little_when_lam_moves_little() -> None:
    flow, v = random_flow(4, 3, 2), noise(400, 4)
    step = (flow(v, 1.0) - flow(v, 1.001)).detach().norm(dim=-1)
    assert float(step.quantile(0.97)) < 0.05


def test_branches_get_rows_by_their_share() -> None:
    flow, v = random_flow(4, 3, 0, seed=2), noise(1000, 4)
    with torch.no_grad():
        each = flow.push(v[None].expand(3, 1000, 4), 1.0)
        taken = torch.isclose(flow(v, 1.0), each, atol=1e-5).all(-1).double().mean(-1)
        assert torch.allclose(taken, flow.log_share(1.0).exp().double(), atol=0.01)


def test_a_fitted_core_follows_the_gaussians_it_was_given() -> None:
    flow = LambdaFlow(torch.linalg.qr(noise(3, 3)).Q, 2.0, branches=1, couplings=0)
    lams = [0.5, 1.0, 1.5, 2.0]
    gaussians = [
        Mixture(
            torch.zeros(1),
            lam * torch.tensor([[1.0, 0.0, 0.5]]),
            torch.diag_embed(torch.tensor([[math.exp(0.2 * lam), 1.0, math.exp(-0.1 * lam)]])),
        )
        for lam in lams
    ]
    flow.fit_core(lams, gaussians)
    with torch.no_grad():
        u = noise(20, 3)
        for lam, gaussian in zip(lams, gaussians, strict=True):
            assert torch.allclose(flow.log_ratio(u, lam), gaussian.log_ratio(u), atol=0.05)


def test_a_tree_holds_the_whole_flow() -> None:
    flow, u = random_flow(5, 2, 3), noise(7, 5)
    again = LambdaFlow.from_tree(flow.to_tree())
    assert float(again.lam_max) == float(flow.lam_max)
    assert torch.allclose(flow(u, 1.1), again(u, 1.1), atol=1e-5)
    assert torch.allclose(flow.log_ratio(u, 1.1), again.log_ratio(u, 1.1), atol=1e-5)


def test_a_tree_that_does_not_fit_names_its_leaf() -> None:
    tree = random_flow(5, 2, 3).to_tree()
    with pytest.raises(DataError, match=r"flow/weights/core\.logit"):
        LambdaFlow.from_tree({**tree, "branches": 4})
