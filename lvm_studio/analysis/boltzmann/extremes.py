"""Case 2: extreme curves at KL 6.91, of ten households and of a street of a hundred (10.3.2)."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lvm_studio.data.calendar import week_start
from lvm_studio.data.composition import Composition
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.jobs import result_of
from lvm_studio.models.street import BaseSpace, Street, VAESpace, compose_street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.tuning.answers import TunedAnswer, answer_from_draws
from lvm_studio.tuning.certificate import Certificate, certify
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.pools.smc import smc_pool
from lvm_studio.tuning.solve import solve_kl
from lvm_studio.tuning.specs import SmcSpec

KL = math.log(1000.0)
"""6.91 nats: "1 in 1000"."""
_BEYOND = 0.3
_DRAWN = 200


@dataclass(frozen=True, eq=False)
class Extreme:
    """One criterion on one space at KL 6.91.

    Attributes:
        criterion: its name; updates: of λ, from a cold start (Algorithm 10.1).
        answer: of the first run of the reference.
        expectations: E f of every run of the reference, in the criterion's unit.
        log_z: log Z of every run at the same λ, nats.
        certificate: of the first run, beside the log Z of the next two.
        base_kw: [n, 336] curves of the base law.
        seconds: of one reference, on the clock.
    """

    criterion: str
    updates: int
    answer: TunedAnswer
    expectations: tuple[float, ...]
    log_z: tuple[float, ...]
    certificate: Certificate
    base_kw: NDArray[np.float32]
    seconds: float


def extremes(
    space: BaseSpace, seeds: Sequence[int], smc: SmcSpec, pool_size: int, what: str
) -> Generator[str, None, tuple[Extreme, ...]]:
    """The three criteria of the thesis; a run of the reference a seed, three at least, for each.

    Runs are seeded from the first of the seeds on, one apart.
    """
    found = []
    for name in CRITERIA:
        yield f"{what}: {CRITERIA[name].title.lower()} at KL 6.91"
        found.append(_extreme(space, name, seeds, smc, pool_size))
    return tuple(found)


def _extreme(
    space: BaseSpace, name: str, seeds: Sequence[int], smc: SmcSpec, pool_size: int
) -> Extreme:
    pool = Pool.from_space(space, CRITERIA[name], pool_size, seeds[0])
    runs = [
        smc_pool(pool.potential, kl_max=KL + _BEYOND, seed=seeds[0] + step, spec=smc)
        for step in range(max(3, len(seeds)))
    ]
    solved = solve_kl(runs[0].moments, KL, limit=runs[0].lam_max)
    each = [run.moments(solve_kl(run.moments, KL, limit=run.lam_max).lam) for run in runs]
    log_z = tuple(run.log_z_at(solved.lam)[0] for run in runs)
    draws = runs[0].draws
    return Extreme(
        criterion=name,
        updates=solved.updates,
        answer=answer_from_draws(draws, pool, solved.lam, _DRAWN, seeds[0]),
        expectations=tuple(pool.potential.natural(at.expectation) for at in each),
        log_z=log_z,
        certificate=certify(solved.lam, draws.f, draws.log_ratio, reference=(log_z[1], log_z[2])),
        base_kw=pool.curves_kw[:_DRAWN],
        seconds=runs[0].seconds,
    )


def ten_households(
    london: HouseholdSet, steps: int, prior_steps: int, seed: int
) -> Generator[str, None, VAESpace]:
    """A VAE of sums of ten households, trained with its prior refitted."""
    yield "training a VAE of sums of ten households"
    settings = {
        "minutes": None,
        "steps": steps,
        "checkpoint_seconds": 1e9,
        "seed": seed,
        "model.fitted_prior.steps": prior_steps,
    }
    spec = with_overrides(recipe_named("vae"), settings).spec
    module = TrainedModel.from_tree(result_of(train(spec, london)).tree).module
    assert isinstance(module, GaussianVAE)
    return VAESpace(module.eval())


def street_of(model: TrainedModel, london: HouseholdSet, size: int) -> Street:
    """A street of so many households under a CompVAE in the coldest held-out week.

    Households that are not suspect, in their order, from the beginning again where they are
    fewer.
    """
    ids = [name for name, bad in zip(london.household_ids, london.suspect, strict=True) if not bad]
    street = Composition()
    for number in range(size):
        street = street.add(ids[number % len(ids)])
    weeks = london.weeks
    rows = [weeks.index(week) for week in london.split.heldout_weeks]
    row = min(rows, key=lambda each: float(weeks.temperature_c[each].mean()))
    context = model.week_context.context(
        weeks.temperature_c[row], week_start(weeks.ids[row]), london.time_zone, london.country
    )
    return compose_street(model, london, street, context)
