from dataclasses import replace

import numpy as np
import pytest
import torch

from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.sampler import AS_MEASURED, AggregateBatch, AggregateSampler, Augmentation

SWAPS = Augmentation(temperature_noise_c=0, season_jitter_days=0)


def make(households: HouseholdSet, **settings) -> AggregateSampler:
    encoder = LabelEncoder.fit(households)
    return AggregateSampler.for_training(households, encoder, ContextEncoder(), **settings)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dense_sums(households: HouseholdSet, batch: AggregateBatch) -> np.ndarray:
    """Σ of the curves of a batch without swaps, household by household."""
    power = households.weeks.power_kw
    return np.array(
        [
            sum(power[h, week] for h in parts if h >= 0)
            for parts, week in zip(batch.households.tolist(), batch.week.tolist(), strict=True)
        ]
    )


@pytest.mark.parametrize("draws", ["with_replacement", "distinct"])
def test_curves_are_the_sums_of_their_parts(small, draws: str) -> None:
    households = small()
    sampler = make(households, augmentation=AS_MEASURED, k_range=(1, 30), draws=draws)
    batch = sampler.sample(50, generator())
    np.testing.assert_allclose(batch.x.numpy(), dense_sums(households, batch), rtol=1e-5)
    labels = LabelEncoder.fit(households).encode(households)
    present = batch.mask.bool()
    np.testing.assert_array_equal(batch.labels[present], labels[batch.households[present]])
    assert (batch.labels[~present] == 0).all()
    assert (batch.households[~present] == -1).all()
    weeks = households.weeks
    expected = ContextEncoder().contexts(weeks.temperature_c, weeks.starts, "Europe/London", "GB")
    np.testing.assert_array_equal(batch.context.numpy(), expected[batch.week.numpy()])


def test_shapes_and_sizes(small) -> None:
    batch = make(small(), k_range=(3, 20)).sample(400, generator())
    assert batch.x.shape == (400, 336)
    assert batch.labels.shape[:2] == batch.mask.shape == batch.households.shape == (400, 20)
    assert batch.context.shape == (400, 7, 13)
    assert batch.x.dtype == batch.labels.dtype == batch.context.dtype == torch.float32
    assert int(batch.size.min()) == 3
    assert int(batch.size.max()) == 20
    # Log-uniform: as many below the geometric mean as above.
    assert 0.4 < float((batch.size < (3 * 21) ** 0.5).float().mean()) < 0.6
    # Parts come first, nothing after: the mask falls.
    assert (batch.mask[:, 1:] <= batch.mask[:, :-1]).all()


def test_the_same_generator_gives_the_same_batches(small) -> None:
    sampler = make(small())
    ours, theirs, other = generator(5), generator(5), generator(6)
    for _ in range(2):
        a, b = sampler.sample(20, ours), sampler.sample(20, theirs)
        for name in vars(a):
            assert torch.equal(getattr(a, name), getattr(b, name))
    assert not torch.equal(sampler.sample(20, other).x, b.x)


@pytest.mark.parametrize("draws", ["with_replacement", "distinct"])
def test_nothing_held_out_is_ever_drawn(london: HouseholdSet, draws: str) -> None:
    """Held-out weeks and households are made enormous: a single half-hour of one would show."""
    power = london.power_w.copy()
    power[london.indices(london.split.heldout_households)] = 1e9
    weeks = london.weeks
    for week in london.split.heldout_weeks:
        at = int((weeks.starts[weeks.index(week)] - london.start) / np.timedelta64(30, "m"))
        power[:, at : at + 336] = 1e9
    poisoned = replace(london, power_w=power)
    sampler = make(poisoned, k_range=(1, 60), augmentation=SWAPS, draws=draws)
    rng, train = generator(), set(london.indices(london.split.train_households).tolist())
    train_weeks = set(weeks.indices(london.split.train_weeks).tolist())
    for _ in range(10):
        batch = sampler.sample(200, rng)
        assert float(batch.x.max()) < 1e3
        assert set(batch.week.tolist()) <= train_weeks
        assert set(batch.households[batch.mask.bool()].tolist()) <= train


def test_heldout_sampler_draws_only_heldout_weeks(london: HouseholdSet) -> None:
    sampler = AggregateSampler.for_heldout_weeks(
        london, LabelEncoder.fit(london), ContextEncoder(), k_range=(5, 10)
    )
    batch = sampler.sample(300, generator())
    heldout = set(london.weeks.indices(london.split.heldout_weeks).tolist())
    assert set(batch.week.tolist()) == heldout
    np.testing.assert_allclose(batch.x.numpy(), dense_sums(london, batch), rtol=1e-4)


def test_only_complete_households_are_drawn(small) -> None:
    whole = small(households=10, weeks=9)
    power = whole.power_w.copy()
    rng = np.random.default_rng(1)
    gaps = rng.random((10, 9)) < 0.5
    for h, n in zip(*np.nonzero(gaps), strict=True):
        power[h, n * 336 + rng.integers(336)] = np.nan
    households = replace(whole, power_w=power)
    batch = make(households, k_range=(1, 12)).sample(500, generator())
    present = batch.mask.bool()
    week = batch.week[:, None].expand_as(batch.households)
    complete = torch.from_numpy(households.weeks.complete)
    assert complete[batch.households[present], week[present]].all()


def test_swapped_days_come_from_near_weeks_with_their_context() -> None:
    """Every half-hour carries the number of its week, so that a day's origin can be read."""
    from lvm_studio.data.calendar import week_start
    from lvm_studio.data.units import DAYS, WEEK_SPAN
    from lvm_studio.data.weeks import Weeks

    count = 8
    number = np.arange(count, dtype=np.float32)
    starts = week_start("2013-W02") + np.arange(count) * WEEK_SPAN
    power = np.tile(number[None, :, None], (4, 1, 336))
    weeks = Weeks(
        ids=tuple(map(str, range(count))),
        power_w=power * 1000,
        complete=np.ones((4, count), bool),
        temperature_c=np.zeros((count, 336), np.float32),
        starts=starts,
    )
    context = np.tile(number[:, None, None], (1, DAYS, 13))
    allowed = [0, 1, 2, 4, 5, 7]  # 3 and 6 are held out
    sampler = AggregateSampler(
        weeks,
        np.zeros((4, 2), np.float32),
        context,
        [0, 1, 2, 3],
        allowed,
        k_range=(1, 1),
        augmentation=SWAPS,
    )
    batch = sampler.sample(2000, generator())
    origin = batch.x.reshape(-1, 7, 48)
    assert (origin == origin[:, :, :1]).all()  # whole days
    origin = origin[:, :, 0]
    assert torch.equal(origin, batch.context[:, :, 0])
    assert set(origin.unique().tolist()) == set(map(float, allowed))
    assert ((origin - batch.week[:, None]).abs() <= 2).all()
    assert 0.4 < float((origin != batch.week[:, None]).float().mean()) < 0.6


def test_augmentation_varies_weather_and_season_only(small) -> None:
    households = small()
    still = make(households, augmentation=AS_MEASURED).sample(3000, generator())
    noisy = make(
        households, augmentation=replace(AS_MEASURED, temperature_noise_c=0.7, season_jitter_days=7)
    ).sample(3000, generator())
    assert torch.equal(still.x, noisy.x)
    change = noisy.context - still.context
    names = ContextEncoder.NAMES
    touched = {names[i] for i in range(len(names)) if change[:, :, i].abs().max() > 0}
    assert touched == {*names[:5], "sin_year", "cos_year"}
    assert float(change[:, :, 0].std()) * 7 == pytest.approx(0.7, rel=0.05)
    # One shift a day, seen again as the day before of the next.
    torch.testing.assert_close(change[:, 1:, 4], change[:, :-1, 2], atol=1e-6, rtol=0)
    radius = noisy.context[:, :, 5] ** 2 + noisy.context[:, :, 6] ** 2
    torch.testing.assert_close(radius, torch.ones_like(radius))


def test_distinct_draws_repeat_nobody_before_everybody_came(small) -> None:
    households = small(households=10)
    sampler = make(households, k_range=(1, 20), augmentation=AS_MEASURED, draws="distinct")
    batch = sampler.sample(300, generator())
    there = len(households.split.train_households)
    for parts, size in zip(batch.households.tolist(), batch.size.int().tolist(), strict=True):
        counts = np.unique(parts[:size], return_counts=True)[1]
        assert counts.max() - (counts.min() if len(counts) == there else 0) <= 1
        assert len(counts) == min(size, there)


def test_draws_are_uniform_over_households(small) -> None:
    for draws in ("with_replacement", "distinct"):
        batch = make(small(), k_range=(3, 3), draws=draws).sample(6000, generator())
        drawn = np.bincount(batch.households[batch.mask.bool()].numpy(), minlength=8)
        drawn = drawn[drawn > 0]
        assert len(drawn) == 7
        np.testing.assert_allclose(drawn / drawn.mean(), 1, atol=0.08)


def test_impossible_samplers_are_refused(small) -> None:
    with pytest.raises(DataError, match="run from 1 up, not 5 to 4"):
        make(small(), k_range=(5, 4))
    power = small().power_w.copy()
    power[:, ::300] = np.nan
    with pytest.raises(DataError, match="No household is complete"):
        make(small(power))
