"""What an effective curve costs at KL 6.91 by each method, and from how many on a flow pays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lvm_studio.models.street import BaseSpace
from lvm_studio.tuning.criteria.criterion import criterion_named
from lvm_studio.tuning.flows.fit import FlowSnapshot, fit_flow
from lvm_studio.tuning.flows.one_by_one import MOST_UPDATES, tune_one_by_one
from lvm_studio.tuning.flows.proposals import flow_draws
from lvm_studio.tuning.pools.close_mixture import close_mixture
from lvm_studio.tuning.pools.metered import MeteredSpace
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.references import (
    ReferenceDraws,
    langevin,
    rejection,
    reweighting,
    smc_reference,
)
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.pools.stages import climb
from lvm_studio.tuning.solve import solve_kl
from lvm_studio.tuning.specs import FlowSpec

KL = math.log(1000.0)
_BEYOND = 0.3


@dataclass(frozen=True)
class CostSetting:
    """Sizes of the comparison.

    flow_steps: of the λ-flow; update_steps: of each flow for one λ along Algorithm 10.1.
    """

    base_draws: int = 100_000
    chains: int = 256
    chain_steps: int = 200
    flow_steps: int = 1500
    update_steps: int = 400
    flow_draws: int = 4096
    pool: int = 4096
    climb_draws: int = 4096


@dataclass(frozen=True)
class MethodCost:
    """One method at KL 6.91 of one criterion.

    Attributes:
        setup_decodes, setup_seconds: before the first curve.
        decodes_each, seconds_each: of every effective curve after that.
        expectation, standard_error: E f in the criterion's unit, weights applied.
        caveat: what speaks against it; '' for nothing known.
    """

    method: str
    setup_decodes: float
    setup_seconds: float
    decodes_each: float
    seconds_each: float
    expectation: float
    standard_error: float
    caveat: str


def costs(
    space: BaseSpace, criterion: str, setting: CostSetting, seed: int
) -> Generator[str, None, tuple[MethodCost, ...]]:
    """Every method once, in one run: what people would otherwise use, then what is here."""
    metered = MeteredSpace(space)
    pool = Pool.from_space(metered, criterion_named(criterion), setting.pool, seed)
    potential = pool.potential
    yield f"{criterion}: where KL is 6.91"
    reference = smc_pool(potential, kl_max=KL + _BEYOND, seed=seed)
    lam = solve_kl(reference.moments, KL, limit=reference.lam_max).lam
    n = setting.base_draws
    chains, steps = setting.chains, setting.chain_steps
    makers: tuple[tuple[str, Callable[[], ReferenceDraws]], ...] = (
        ("rejection", lambda: rejection(potential, KL, n, seed + 1)),
        ("base reweighting", lambda: reweighting(potential, lam, n, seed + 1)),
        ("plain Langevin", lambda: langevin(potential, lam, chains, steps, seed + 1)),
        ("SMC", lambda: smc_reference(potential, lam, KL + _BEYOND, seed + 1)),
    )
    found = []
    for name, make in makers:
        yield f"{criterion}: cost of {name}"
        found.append(_without_setup(name, make(), pool))
    found += yield from _proposals(pool, metered, lam, setting, seed)
    found.append((yield from _single_flow(pool, lam, setting, seed)))
    return tuple(found)


def _without_setup(name: str, draws: ReferenceDraws, pool: Pool) -> MethodCost:
    """Methods that pay everything by the curve."""
    potential = pool.potential
    return MethodCost(
        name,
        0.0,
        0.0,
        draws.decodes_each,
        draws.seconds_each,
        potential.natural(draws.expectation),
        draws.standard_error * potential.scale,
        draws.caveat,
    )


def _proposals(
    pool: Pool, metered: MeteredSpace, lam: float, setting: CostSetting, seed: int
) -> Generator[str, None, tuple[MethodCost, MethodCost]]:
    """The Gaussian mixture that a climb ends with, there in seconds; and the λ-flow."""
    criterion = pool.potential.criterion.name
    yield f"{criterion}: cost of the mixture"
    mixture = _mixture(pool, metered, lam, setting, seed)
    before, began = metered.decoded - len(pool.draws.f), time.perf_counter()
    # A batch of 256 a step, and checks: all of it passes the meter.
    spec = FlowSpec(
        kl_max=KL + _BEYOND,
        steps=setting.flow_steps,
        snapshot_every=250,
        climb_draws=setting.climb_draws,
    )
    for report in fit_flow(spec, pool.potential, pool.draws, seed=seed):
        if isinstance(report, FlowSnapshot):
            proposal = report.proposal()
            yield f"{criterion}: cost of the flow, step {report.step} of {setting.flow_steps}"
    spent = metered.decoded - before, time.perf_counter() - began
    began, v = time.perf_counter(), _noise(pool, setting, seed)
    draws = flow_draws(proposal, pool.potential, v, lam)
    return mixture, _corrected("flow", draws, pool, lam, spent, time.perf_counter() - began)


def _single_flow(
    pool: Pool, lam: float, setting: CostSetting, seed: int
) -> Generator[str, None, MethodCost]:
    """The thesis' own way: a flow for one λ, fitted anew as Algorithm 10.1 moves λ."""
    criterion, potential = pool.potential.criterion.name, pool.potential
    yield f"{criterion}: cost of a flow for one λ"
    for update in tune_one_by_one(FlowSpec(steps=setting.update_steps), potential, KL, seed=seed):
        yield f"{criterion}: cost of a flow for one λ, step {update.number} of {MOST_UPDATES}"
    spent, began = (update.decodes, update.seconds), time.perf_counter()
    draws = flow_draws(update.flow, potential, _noise(pool, setting, seed), 1.0)
    seconds = time.perf_counter() - began
    return _corrected("flow for one λ", draws, pool, lam, spent, seconds)


def _noise(pool: Pool, setting: CostSetting, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed + 2)
    return torch.randn(setting.flow_draws, pool.potential.dim, generator=generator)


def _mixture(
    pool: Pool, metered: MeteredSpace, lam: float, setting: CostSetting, seed: int
) -> MethodCost:
    """The mixture fitted to a climb of its own at this very λ."""
    potential, n = pool.potential, setting.flow_draws
    before, began = metered.decoded - len(pool.draws.f), time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    *_, reached = climb(
        potential, pool.draws, kl_max=KL + _BEYOND, draws=setting.climb_draws, generator=generator
    )
    law = close_mixture(potential, reached, lam, generator, 4 * setting.climb_draws)
    spent = metered.decoded - before, time.perf_counter() - began
    began = time.perf_counter()
    u = law.rsample(n, generator)
    draws = Draws(u, potential.values(u).numpy(), -law.log_ratio(u).double().numpy())
    return _corrected("mixture", draws, pool, lam, spent, time.perf_counter() - began)


def _corrected(
    name: str, draws: Draws, pool: Pool, lam: float, spent: tuple[int, float], seconds: float
) -> MethodCost:
    """Curves of a proposal, corrected by their weights."""
    potential = pool.potential
    estimate, _ = draws.estimate(lam)
    return MethodCost(
        name,
        float(spent[0]),
        spent[1],
        len(draws.f) / estimate.ess,
        seconds / estimate.ess,
        potential.natural(estimate.moments.expectation),
        estimate.standard_error * potential.scale,
        estimate.doubt,
    )


def break_even(dear: MethodCost, cheap: MethodCost) -> float:
    """Effective curves from which on the one with the dearer setup has decoded less; inf: never.

    >>> flow = MethodCost("flow", 1000.0, 1.0, 1.0, 0.0, 0.0, 0.0, "")
    >>> smc = MethodCost("smc", 0.0, 0.0, 51.0, 0.0, 0.0, 0.0, "")
    >>> break_even(flow, smc)
    20.0
    """
    gain = cheap.decodes_each - dear.decodes_each
    setup = dear.setup_decodes - cheap.setup_decodes
    return setup / gain if gain > 0 else math.inf


def of_method(found: Sequence[MethodCost], name: str) -> MethodCost:
    """The cost of one method."""
    return next(each for each in found if each.method == name)
