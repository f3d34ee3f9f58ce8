import subprocess
import sys

import numpy as np
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.london import ATTRIBUTION
from lvm_studio.data.quality import quality_summary, suspect_reasons
from lvm_studio.data.shipped import model_path, resource_path


def test_what_is_in_it(london: HouseholdSet) -> None:
    assert len(london.household_ids) == 100
    assert london.weeks.ids[0] == "2013-W02"
    assert london.weeks.ids[-1] == "2013-W52"
    assert set(london.metadata) == {"tariff", "acorn", "acorn_group", "suspect"}
    assert (london.metadata["tariff"] == "ToU").sum() == 18
    assert "CC BY 4.0" in ATTRIBUTION
    assert "rp5.ru" in ATTRIBUTION


def test_stamps_mark_the_end_of_the_half_hour(london: HouseholdSet) -> None:
    # The first stamp, 2013-01-01 00:00, closes the half-hour that starts at 23:30; the 219 Wh
    # of its first household are a mean power of 438 W.
    assert london.start == np.datetime64("2012-12-31T23:30", "m")
    assert london.power_w[0, 0] == 438.0
    # Monday 7 January 00:00 is the half-hour stamped 00:30, row 6 · 48 + 1 of the source.
    with np.load(resource_path("london", "consumption_wh.npz")) as archive:
        expected = archive["wh"][0, 6 * 48 + 1 : 6 * 48 + 1 + 336] / 500
    np.testing.assert_allclose(london.weeks.power_kw[0, 0], expected, rtol=1e-6)


def test_temperature_is_that_of_the_middle_of_the_half_hour(london: HouseholdSet) -> None:
    # 10.0 °C at 00:00, 9.7 at 00:30: the half-hour from 00:00 has 9.85.
    assert london.temperature_c[1] == pytest.approx(9.85, abs=1e-5)
    assert np.isfinite(london.temperature_c).all()


def test_the_split_stays_what_shipped_models_were_trained_with(london: HouseholdSet) -> None:
    split = london.split
    assert len(split.train_households) == 80
    assert len(split.train_weeks) == 41
    assert split.heldout_weeks == (
        "2013-W07", "2013-W12", "2013-W15", "2013-W22", "2013-W26",
        "2013-W31", "2013-W33", "2013-W39", "2013-W45", "2013-W50",
    )  # fmt: skip
    suspects = {h for h, bad in zip(london.household_ids, london.suspect, strict=True) if bad}
    assert not suspects & {*split.train_households, *split.heldout_households}


def test_quality_of_the_shipped_data(london: HouseholdSet) -> None:
    quality = quality_summary(london)
    assert quality.complete_household_weeks == 4676
    assert quality.missing_share == pytest.approx(0.0441, abs=1e-4)
    assert quality.mean_w == pytest.approx(444, abs=1)
    assert len(quality.suspects) == 6
    said = " ".join(quality.sentences())
    assert "100 households from 2012-12-31 to 2013-12-31" in said
    assert "MAC000016: short record" in said


def test_suspects_are_found_again_from_the_curves(london: HouseholdSet) -> None:
    np.testing.assert_array_equal(suspect_reasons(london.power_w) != "", london.suspect)


def test_suspect_meters() -> None:
    power = np.tile(np.array([300, 500], np.float32), (3, 100))
    power[1] = 400
    power[2, 7] = 3e6
    reasons = suspect_reasons(power)
    assert reasons[0] == ""
    assert reasons[1].startswith("never changes")
    assert reasons[2].startswith("above 100 kW")


def test_missing_shipped_files_are_named() -> None:
    with pytest.raises(DataError, match=r"resources/london/no\.csv is missing"):
        resource_path("london", "no.csv")
    with pytest.raises(DataError, match=r"models/no\.h5 is missing"):
        model_path("no.h5")


def test_loading_data_imports_no_torch_and_no_qt() -> None:
    code = (
        "import sys; import lvm_studio.data.london as l; l.load_london().weeks;"
        "import lvm_studio.data.composition, lvm_studio.data.labels, lvm_studio.data.importing.job;"
        "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'PySide6')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
