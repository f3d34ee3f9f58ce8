import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.quality import quality_summary
from lvm_studio.data.simulated import SMALL_STREET, StreetSpec, residents_of, simulate_street
from lvm_studio.data.simulation.residents import labels_of
from lvm_studio.data.simulation.truth import StreetTruth
from lvm_studio.data.simulation.weather import draw_temperature


@pytest.fixture(scope="module")
def street() -> HouseholdSet:
    return simulate_street(SMALL_STREET)


def test_a_street_has_the_labels_of_the_thesis(street: HouseholdSet) -> None:
    assert street.power_w.shape == (60, 30 * 336)
    assert street.weeks.complete.all()
    assert set(street.metadata) == {"contract", "subscribed_kva", "off_peak_group", "suspect"}
    assert len(street.split.heldout_weeks) == 6
    assert len(street.split.heldout_households) == 12
    assert labels_of(street) == residents_of(SMALL_STREET).labels
    assert street.power_w.min() > 0
    assert 200 < street.power_w.mean() < 1500


def test_the_same_seed_gives_the_same_street() -> None:
    spec = StreetSpec(households=5, weeks=2, seed=3)
    first, again = simulate_street(spec), simulate_street(spec)
    np.testing.assert_array_equal(first.power_w, again.power_w)
    np.testing.assert_array_equal(first.temperature_c, again.temperature_c)
    other = simulate_street(replace(spec, seed=4))
    assert not np.array_equal(first.power_w, other.power_w)
    assert not np.array_equal(first.temperature_c, other.temperature_c)


def test_it_says_everywhere_that_it_is_simulated(
    street: HouseholdSet, london: HouseholdSet
) -> None:
    assert "Simulated" in street.name
    assert street.provenance.simulated
    assert "no household was measured" in street.provenance.attribution
    assert all(household.startswith("SIM") for household in street.household_ids)
    assert quality_summary(street).sentences()[0].startswith("These readings are simulated")
    assert not london.provenance.simulated
    assert not any("simulated" in line for line in quality_summary(london).sentences())


def test_readings_are_whole_watt_hours_and_kept_as_such(street: HouseholdSet) -> None:
    tree = street.to_tree()
    assert tree["readings"]["wh"].dtype == np.int16
    again = HouseholdSet.from_tree(tree)
    np.testing.assert_array_equal(again.power_w, street.power_w)
    assert labels_of(again) == labels_of(street)
    assert again.provenance == street.provenance


def test_the_street_follows_the_truth(street: HouseholdSet) -> None:
    """Weekly energies of the whole street, in exact standard errors: 30 independent weeks."""
    truth, weeks = StreetTruth(), street.weeks
    who = residents_of(SMALL_STREET)
    off = []
    for week, start in enumerate(weeks.starts):
        given = (who, weeks.temperature_c[week], start)
        spread = np.sqrt(truth.covariance(*given).sum())
        off.append((weeks.power_kw[:, week].sum() - truth.mean(*given).sum()) / spread)
    assert abs(np.mean(off)) < 4 / np.sqrt(len(off))
    assert 0.6 < np.std(off) < 1.5


def test_surveyed_columns_become_labels(street: HouseholdSet) -> None:
    surveyed = LabelEncoder.fit(street, measured=())
    assert surveyed.names[0] == "subscribed_kva"
    assert {name.split("=")[0] for name in surveyed.names[1:]} == {"contract", "off_peak_group"}
    labels = surveyed.encode(street)
    same = np.array([label == labels_of(street)[0] for label in labels_of(street)])
    alike = (labels == labels[0]).all(axis=1)
    np.testing.assert_array_equal(alike, same)  # equal labels, and only those, encode alike
    everything = LabelEncoder.fit(street)
    assert everything.names[-surveyed.dim :] == surveyed.names
    np.testing.assert_array_equal(everything.encode(street)[:, -surveyed.dim :], labels)
    assert LabelEncoder.from_tree(surveyed.to_tree()) == surveyed


def test_labels_need_something_to_tell(street: HouseholdSet) -> None:
    bare = replace(street, metadata={"suspect": street.metadata["suspect"]})
    with pytest.raises(DataError, match="no surveyed column"):
        LabelEncoder.fit(bare, measured=())
    with pytest.raises(DataError, match="not a simulated street"):
        labels_of(bare)


def test_weather_has_a_season_and_persistence() -> None:
    start, years = np.datetime64("2015-01-05T00:00", "m"), 8
    temperature = draw_temperature(start, 365 * years, np.random.default_rng(0))
    daily = temperature.reshape(years, 365, 48).mean(axis=2)
    assert 9 < daily.mean() < 14
    assert daily[:, 180:210].mean() - daily[:, :30].mean() > 10
    anomaly = daily - daily.mean(axis=0)
    assert 0.6 < np.corrcoef(anomaly[:, :-1].ravel(), anomaly[:, 1:].ravel())[0, 1] < 0.95
    clock = temperature.reshape(-1, 48).mean(axis=0)
    assert 26 <= clock.argmax() <= 34  # warmest in the afternoon
    assert np.isfinite(temperature).all()


@pytest.mark.parametrize("wrong", [{"households": 0}, {"weeks": 2000}, {"seed": -1}])
def test_impossible_streets_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError):
        StreetSpec(**wrong)


def test_simulating_does_not_import_torch() -> None:
    code = "import sys, lvm_studio.data.simulated; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
