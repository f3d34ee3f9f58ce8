"""Streets at random with what is known of their tuned laws, for one flow of all to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.street import Street, compose_street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.tuning.criteria.potential import Potential
from lvm_studio.tuning.criteria.protocol import Criterion
from lvm_studio.tuning.flows.flow import LambdaFlow
from lvm_studio.tuning.flows.settled import settled_flow
from lvm_studio.tuning.pools.pool import Draws, Pool
from lvm_studio.tuning.pools.stages import climb, trusted_lam

BASE_DRAWS = 512
STAGE_DRAWS = 256
"""Few: the bank knows many streets a little, not one street well."""


@dataclass(frozen=True, eq=False)
class KnownStreet:
    """One street with a climb over λ.

    Attributes:
        potential: its criterion, normalised on its own base draws.
        summary: [E], as `street_summary` gives it.
        settled: its Gaussians for all λ.
        draws: of the climb; lam_max: how far both go and can be believed.
    """

    potential: Potential
    summary: Tensor
    settled: LambdaFlow
    draws: Draws
    lam_max: float


def street_summary(street: Street) -> Tensor:
    """All that the law of a street's curves depends on, as one vector [E]; not standardised.

    log K; mean of Σw for one household [W]; log of the width of Σw over √K [W]; weather and
    calendar [7 C].
    """
    k = float(street.k)
    size = torch.tensor([np.log(k)], dtype=street.sum_mean.dtype)
    width = (street.sum_std / k**0.5).log()
    return torch.cat([size, street.sum_mean / k, width, street.context.flatten()])


def random_streets(
    model: TrainedModel,
    households: HouseholdSet,
    *,
    k_range: tuple[int, int] = (3, 60),
    seed: int,
) -> Iterator[Street]:
    """Streets without end: K log-uniform, households and weeks of training at random.

    Raises:
        DataError: the model does not know compositions.
    """
    weeks, split = households.weeks, households.split
    columns = weeks.indices(split.train_weeks)
    contexts = model.week_context.contexts(
        weeks.temperature_c[columns], weeks.starts[columns], households.time_zone,
        households.country,
    )  # fmt: skip
    if not split.train_households:
        raise DataError("The household set has no households to train on; import some first.")
    generator = np.random.default_rng(seed)
    low, high = np.log(k_range[0]), np.log(k_range[1] + 1)
    while True:
        k = int(np.exp(generator.uniform(low, high)))
        ids = generator.choice(np.array(split.train_households), size=k).tolist()
        week = generator.integers(len(columns))
        yield compose_street(
            model, households, Composition(tuple(Counter(ids).items())), contexts[week]
        )


def known_street(
    street: Street, criterion: Criterion, *, kl_max: float, seed: int
) -> KnownStreet | None:
    """Settle and climb over λ on one street; None where its draws can be believed nowhere."""
    pool = Pool.from_space(street, criterion, BASE_DRAWS, seed)
    generator = torch.Generator().manual_seed(seed)
    *_, reached = climb(
        pool.potential, pool.draws, kl_max=kl_max, draws=STAGE_DRAWS, generator=generator
    )
    trusted = trusted_lam(reached.draws, reached.lam)
    if trusted == 0.0:
        return None
    settled = settled_flow(pool.potential, kl_max=kl_max, generator=generator)
    lam_max = min(trusted, float(settled.lam_max))
    return KnownStreet(pool.potential, street_summary(street), settled, reached.draws, lam_max)
