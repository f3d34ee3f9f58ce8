"""One flow for all streets of a model: it learns, it is the identity at 0, its file is whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.street import Street
from lvm_studio.models.trained import TrainedModel, build_module
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.flows.composition_bank import random_streets, street_summary
from lvm_studio.tuning.flows.composition_flow import (
    CompositionFlow,
    Summary,
    fingerprint,
    fit_composition_flow,
)
from lvm_studio.tuning.flows.composition_verdict import judge_on
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.settled import settled_flow
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.specs import CompositionFlowSpec, FlowSpec

HOUSEHOLDS = simulate_street(StreetSpec(households=12, weeks=8, seed=1))


def untrained_model() -> TrainedModel:
    labels, context = LabelEncoder.fit(HOUSEHOLDS), ContextEncoder()
    spec = CompVAESpec(latent_w=3, latent_z=1, part_hidden=8, day_hidden=8, day_blocks=1)
    module = build_module(spec, labels=labels.dim, context=context.dim, seed=0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return TrainedModel("small", spec, module, labels, context)


MODEL = untrained_model()
SPEC = CompositionFlowSpec(
    criterion="sustained",
    streets=3,
    components=4,
    flow=FlowSpec(couplings=2, hidden=16, steps=40, batch=64, groups=4, lr=1e-2, kl_max=2.0),
)


@pytest.fixture(scope="module")
def flow() -> CompositionFlow:
    reports = fit_composition_flow(SPEC, MODEL, HOUSEHOLDS)
    while True:
        try:
            next(reports)
        except StopIteration as end:
            fitted: CompositionFlow = end.value
            return fitted


def test_streets_differ_in_size_and_week_and_repeat_with_their_seed() -> None:
    first, again = (list(islice(random_streets(MODEL, HOUSEHOLDS, seed=3), 8)) for _ in range(2))
    assert [street.k for street in first] == [street.k for street in again]
    assert len({street.k for street in first}) > 2
    assert len({street.context.sum().item() for street in first}) > 2


def test_a_summary_is_standardised_on_what_it_was_made_of() -> None:
    raw = torch.randn(200, 6, generator=torch.Generator().manual_seed(0)) @ torch.randn(6, 6)
    e = Summary.of(raw, 3)(raw)
    assert e.shape == (200, 3)
    assert torch.allclose(e.mean(dim=0), torch.zeros(3), atol=0.1)
    assert torch.allclose(e.std(dim=0), torch.ones(3), atol=0.15)


def test_it_has_learned_the_streets_it_was_shown(flow: CompositionFlow) -> None:
    streets = list(islice(random_streets(MODEL, HOUSEHOLDS, seed=SPEC.seed), 2))
    for verdict in judge_on(flow, streets, (1.0,), seed=0):
        assert verdict.log_z == pytest.approx(verdict.reference_log_z, abs=0.1)
        assert verdict.gap < 0.9 * verdict.reference_log_z  # which is the gap of the base law


def settled_on(street: Street) -> LambdaFlow:
    pool = Pool.from_space(street, criterion_named(SPEC.criterion), 256, 0)
    generator = torch.Generator().manual_seed(0)
    return settled_flow(pool.potential, kl_max=2.0, generator=generator, pairs=16)


def test_at_lam_zero_any_street_keeps_its_base_law(flow: CompositionFlow) -> None:
    (street,) = islice(random_streets(MODEL, HOUSEHOLDS, seed=5), 1)
    v = torch.randn(7, street.dim)
    assert torch.equal(flow.given(street, settled_on(street))(v, 0.0), v)


def test_the_density_of_what_is_drawn_is_that_of_its_noise_and_the_change_of_volume(
    flow: CompositionFlow,
) -> None:
    (street,) = islice(random_streets(MODEL, HOUSEHOLDS, seed=5), 1)
    proposal = flow.given(street, settled_on(street))
    v = torch.randn(1, street.dim, generator=torch.Generator().manual_seed(1))
    jacobian = torch.func.jacrev(lambda point: proposal(point[None], 1.0)[0])(v[0])
    u = proposal(v, 1.0)
    expected = 0.5 * (u.square().sum() - v.square().sum()) - torch.linalg.slogdet(jacobian)[1]
    torch.testing.assert_close(proposal.log_ratio(u, 1.0)[0], expected, atol=1e-4, rtol=1e-4)


def test_its_tree_holds_all_of_it(flow: CompositionFlow) -> None:
    again = CompositionFlow.from_tree(flow.to_tree())
    (street,) = islice(random_streets(MODEL, HOUSEHOLDS, seed=5), 1)
    v, settled = torch.randn(7, street.dim), settled_on(street)
    assert torch.equal(again.given(street, settled)(v, 1.5), flow.given(street, settled)(v, 1.5))
    assert again.criterion == "sustained"
    with pytest.raises(DataError, match="composition flow"):
        CompositionFlow.from_tree({**flow.to_tree(), "mean": "far"})


def test_it_knows_its_model(flow: CompositionFlow) -> None:
    assert flow.fits(MODEL)
    assert flow.fits(replace(MODEL, name="another name"))
    other = untrained_model()
    with torch.no_grad():
        next(other.module.parameters()).add_(0.01)
    assert not flow.fits(other)
    assert len(fingerprint(other)) == 16


def test_a_summary_tells_streets_apart() -> None:
    one, other = islice(random_streets(MODEL, HOUSEHOLDS, seed=9), 2)
    assert not torch.allclose(street_summary(one), street_summary(other))
    doubled = replace(
        one, counts=2 * one.counts, sum_mean=2 * one.sum_mean, sum_std=2**0.5 * one.sum_std
    )
    difference = street_summary(doubled) - street_summary(one)
    assert difference[0].item() == pytest.approx(np.log(2.0), abs=1e-6)
    assert torch.allclose(difference[1:], torch.zeros_like(difference[1:]), atol=1e-5)
