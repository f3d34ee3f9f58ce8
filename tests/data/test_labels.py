from dataclasses import replace

import numpy as np
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import STATISTICS, LabelEncoder, statistics
from lvm_studio.data.split import Split
from lvm_studio.data.units import STEP, WEEK


def perturbed(households: HouseholdSet, weeks: tuple[str, ...]) -> HouseholdSet:
    """The set with the readings of `weeks` replaced by nonsense and gaps."""
    power = households.power_w.copy()
    starts = households.weeks.starts[households.weeks.indices(weeks)]
    for first in (starts - households.start) // STEP:
        power[:, first : first + WEEK] = 12_345.0
        power[::2, first : first + 30] = np.nan
    return replace(households, power_w=power)


def test_heldout_weeks_never_reach_a_label(london: HouseholdSet) -> None:
    changed = perturbed(london, london.split.heldout_weeks)
    encoder = LabelEncoder.fit(london)
    assert LabelEncoder.fit(changed) == encoder
    np.testing.assert_array_equal(encoder.encode(changed), encoder.encode(london))


def test_training_weeks_do_reach_the_labels(london: HouseholdSet) -> None:
    changed = perturbed(london, london.split.train_weeks[:1])
    encoder = LabelEncoder.fit(london)
    assert not np.array_equal(encoder.encode(changed), encoder.encode(london))


def test_labels_are_standardised_over_training_households(london: HouseholdSet) -> None:
    encoder = LabelEncoder.fit(london)
    labels = encoder.encode(london)
    assert labels.shape == (100, encoder.dim)
    assert labels.dtype == np.float32
    assert np.isfinite(labels).all()
    train = labels[london.indices(london.split.train_households)]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-3)
    assert "tariff=ToU" in encoder.names
    assert "acorn_group=Adversity" in encoder.names
    assert not any("Unclassified" in name or "suspect" in name for name in encoder.names)


def test_heldout_households_do_not_set_the_constants(london: HouseholdSet) -> None:
    power = london.power_w.copy()
    power[london.indices(london.split.heldout_households)] *= 3
    assert LabelEncoder.fit(replace(london, power_w=power)) == LabelEncoder.fit(london)


def test_statistics_of_known_curves(small) -> None:
    base = small(households=3, weeks=8)  # ends before clocks change
    degrees = np.maximum(15 - base.temperature_c.reshape(-1, 48).mean(1), 0).repeat(48)
    hour = np.arange(base.power_w.shape[1]) % 48 / 2
    power = np.stack([np.full_like(hour, 500), 200 + 100 * degrees, np.where(hour < 2, 1200, 0)])
    found = dict(zip(STATISTICS, statistics(small(power)).T, strict=True))
    np.testing.assert_allclose(found["mean_kw"][[0, 2]], [0.5, 0.1], rtol=1e-5)
    np.testing.assert_allclose(found["heating_kw_per_degree"], [0, 0.1, 0], atol=1e-5)
    np.testing.assert_allclose(found["00_02_kw"][2], 1.2, rtol=1e-5)
    np.testing.assert_allclose(found["12_14_kw"][2], 0.0, atol=1e-6)
    np.testing.assert_allclose(found["day_to_day_kw"][[0, 2]], 0, atol=1e-5)
    np.testing.assert_allclose(found["step_to_step_kw"][2], 2 * 1.2 / 48, rtol=2e-2)


def test_additive_labels_add_up_to_the_mean(london: HouseholdSet) -> None:
    found = dict(zip(STATISTICS, statistics(london).T, strict=True))
    periods = np.mean([v for k, v in found.items() if k[:2].isdigit()], axis=0)
    complete = ~np.isnan(london.power_w).any(axis=1)
    np.testing.assert_allclose(periods[complete], found["mean_kw"][complete], rtol=1e-3)


def test_the_unknown_is_average(small) -> None:
    households = small()
    encoder = LabelEncoder.fit(households)
    power = households.power_w.copy()
    power[2] = np.nan
    rooms = households.metadata["rooms"].copy()
    rooms[2] = np.nan
    tariff = households.metadata["tariff"].copy()
    tariff[2] = "never heard of"
    blank = replace(
        households,
        power_w=power,
        metadata={**households.metadata, "rooms": rooms, "tariff": tariff},
    )
    np.testing.assert_array_equal(encoder.encode(blank)[2], 0)
    without = replace(households, metadata={"suspect": households.metadata["suspect"]})
    columns = [encoder.names.index(n) for n in ("rooms", encoder.names[-1])]
    np.testing.assert_array_equal(encoder.encode(without)[:, columns], 0)


def test_kept_as_a_tree(small) -> None:
    households = small()
    encoder = LabelEncoder.fit(households)
    again = LabelEncoder.from_tree(encoder.to_tree())
    assert again == encoder
    np.testing.assert_array_equal(again.encode(households), encoder.encode(households))
    tree = encoder.to_tree() | {"names": ["other"]}
    with pytest.raises(DataError, match="trained with other labels"):
        LabelEncoder.from_tree(tree)


def test_a_set_without_training_households_is_refused(small) -> None:
    households = small()
    split = Split(households.weeks.ids, (), (), households.household_ids, 0)
    with pytest.raises(DataError, match="no household to train on"):
        LabelEncoder.fit(replace(households, split=split))


def test_where_all_households_look_wrong_the_reasons_are_said(small) -> None:
    households = small()
    wrong = np.full(len(households.household_ids), "above 100 kW")
    metadata = {**households.metadata, "suspect": wrong}
    split = Split(households.weeks.ids, (), (), (), 0)
    with pytest.raises(DataError, match=r"all look suspect \(above 100 kW\); check the unit"):
        LabelEncoder.fit(replace(households, metadata=metadata, split=split))
