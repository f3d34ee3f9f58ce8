from collections.abc import Callable
from pathlib import Path

import pytest
from typed import Said

from lvm_studio.data.simulation.residents import labels_of
from lvm_studio.storage import workspace as workspace_file

SIZE = ("--households", 8, "--weeks", 4)


def test_a_simulated_street_is_written_and_says_so(
    lvm: Callable[..., Said], tmp_path: Path
) -> None:
    out = tmp_path / "street.h5"
    said = lvm("simulate", "--out", out, *SIZE, "--seed", 3, "--json")
    assert said.code == 0
    assert said.object["simulated"] is True
    assert "simulated" in said.object["quality"][0]
    assert said.object["household_years_per_minute"] > 0
    street = workspace_file.load(out).datasets[said.object["name"]]
    assert street.provenance.simulated
    assert (len(street.household_ids), len(street.weeks.ids)) == (8, 4)
    assert len(labels_of(street)) == 8


@pytest.mark.parametrize("wrong", [("--households", 0), ("--weeks", 5000)])
def test_an_impossible_street_is_one_sentence(
    lvm: Callable[..., Said], tmp_path: Path, wrong: tuple[str, int]
) -> None:
    said = lvm("simulate", "--out", tmp_path / "street.h5", *wrong)
    assert said.code == 2
    assert "A simulated street needs" in said.err
    assert not (tmp_path / "street.h5").exists()
