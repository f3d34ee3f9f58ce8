"""The thesis' way of tuning: it reaches the KL, warm-starts as λ grows, restarts as λ falls."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tuning_spaces import TwoWaySpace

from lvm_studio.tuning.criteria.criterion import Peak
from lvm_studio.tuning.flows.one_by_one import MOST_UPDATES, TOLERANCE, FlowUpdate, tune_one_by_one
from lvm_studio.tuning.pools.pool import Pool
from lvm_studio.tuning.specs import FlowSpec

SPEC = FlowSpec(couplings=2, hidden=16, steps=40, batch=64, lr=3e-2)


class PlainPeak(Peak):
    """The peak of curves without noise needs no average over it."""

    noise_draws = 2


@pytest.fixture(scope="module")
def updates() -> list[FlowUpdate]:
    pool = Pool.from_space(TwoWaySpace(4), PlainPeak(), n=1024)
    return list(tune_one_by_one(SPEC, pool.potential, 2.0, seed=0))


def test_it_reaches_the_kl_in_fewer_than_ten_updates(updates: list[FlowUpdate]) -> None:
    assert len(updates) < MOST_UPDATES
    assert updates[-1].moments.kl == pytest.approx(2.0, abs=TOLERANCE)
    assert updates[-1].gap < 0.3
    assert updates[-1].ess_share > 0.4


def test_every_update_is_told_with_what_it_cost(updates: list[FlowUpdate]) -> None:
    assert [update.number for update in updates] == list(range(1, len(updates) + 1))
    assert all(before.decodes < after.decodes for before, after in pairwise(updates))
    assert all(before.seconds < after.seconds for before, after in pairwise(updates))


def test_it_restarts_where_lam_falls_and_only_there(updates: list[FlowUpdate]) -> None:
    lams = [0.0, *(update.lam for update in updates)]
    fell = [after < before for before, after in pairwise(lams)]
    assert [update.restarted for update in updates] == fell
    assert any(fell)
