"""Networks: linear cost in parts, equivariance, masks, and the start from a constant."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lvm_studio.models.networks import DayNet, GraphNN, ResidualMLP


def shaken(module, seed=0):
    """Give every parameter a random value: the zeroed layers would hide what is behind them."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=g))
    return module.eval()


@pytest.fixture
def graph():
    return shaken(GraphNN(4, 3, 8, 5, layers=2))


def test_graph_cost_is_linear_in_the_parts(graph):
    def flops(parts):
        with FlopCounterMode(display=False) as counter:
            graph(torch.zeros(1, parts, 4), torch.ones(1, parts), torch.zeros(1, 3))
        return counter.get_total_flops()

    assert flops(400) - flops(200) == 2 * (flops(200) - flops(100))


def test_graph_is_equivariant(graph):
    g = torch.Generator().manual_seed(1)
    parts, shared = torch.randn(2, 7, 4, generator=g), torch.randn(2, 3, generator=g)
    order = torch.randperm(7, generator=g)
    whole = graph(parts, torch.ones(2, 7), shared)
    turned = graph(parts[:, order], torch.ones(2, 7), shared)
    torch.testing.assert_close(turned, whole[:, order])


def test_graph_ignores_what_is_not_there_and_sees_what_is(graph):
    g = torch.Generator().manual_seed(1)
    parts, shared = torch.randn(1, 5, 4, generator=g), torch.randn(1, 3, generator=g)
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0]])
    out = graph(parts, mask, shared)
    torch.testing.assert_close(out[:, :3], graph(parts[:, :3], torch.ones(1, 3), shared))
    assert (out[:, 3:] == 0).all()
    other = parts.clone()
    other[:, 2] += 1.0
    assert (graph(other, mask, shared)[:, 0] - out[:, 0]).abs().max() > 1e-4


def test_a_part_alone_has_no_others(graph):
    assert torch.isfinite(graph(torch.ones(1, 1, 4), torch.ones(1, 1), torch.ones(1, 3))).all()


@pytest.mark.parametrize(
    ("module", "x"),
    [
        (ResidualMLP(4, 8, 3, blocks=2), torch.randn(2, 4)),
        (DayNet(4, 8, 3), torch.randn(2, 7, 4)),
    ],
)
def test_networks_start_at_zero_and_pass_gradients_to_every_parameter(module, x):
    assert (module(x) == 0).all()
    shaken(module)(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_days_share_weights_and_see_only_their_neighbours():
    net = shaken(DayNet(2, 6, 1, blocks=1))
    alike = net(torch.ones(1, 7, 2))[0, :, 0]
    torch.testing.assert_close(alike[1:6], alike[1].expand(5))
    days = torch.zeros(1, 7, 2)
    moved = days.clone()
    moved[:, 3] = 1.0
    changed = (net(moved) - net(days))[0, :, 0].abs() > 1e-6
    assert changed.tolist() == [False, False, True, True, True, False, False]


def test_dropout_is_off_when_judging():
    net = shaken(ResidualMLP(4, 8, 3, blocks=1, dropout=0.5))
    assert isinstance(net.drop, nn.Dropout)
    torch.testing.assert_close(net(torch.ones(1, 4)), net(torch.ones(1, 4)))
