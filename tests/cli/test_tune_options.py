"""`lvm-studio tune`: criteria as text, quantiles, who answers, and the certificate's company."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typed import Said

from lvm_studio.data.errors import DataError
from lvm_studio.headless.tune import goal_of, second_of
from lvm_studio.tuning.errors import TuningError
from lvm_studio.tuning.extremes import OneInN
from lvm_studio.tuning.specs import TuneSpec

Lvm = Callable[..., Said]
NOTHING = {"lam": None, "kl": None, "one_in": None, "target": None}


def typed(workspace: Path, out: Path, *more: object) -> tuple[object, ...]:
    street = ("--households", "MAC000002*3,MAC000003", "--week", "2013-W05")
    return ("tune", workspace, *street, "--out", out, "--samples", 20, "--json", *more)


def test_a_quantile_is_share_and_level() -> None:
    aim = goal_of(**NOTHING, quantile="0.9:12.5")
    assert (aim.kind, aim.share, aim.value) == ("quantile", 0.9, 12.5)


@pytest.mark.parametrize("wrong", ["12", "1.5:3", "half:3"])
def test_what_is_no_quantile_is_refused(wrong: str) -> None:
    with pytest.raises(DataError, match="SHARE:LEVEL"):
        goal_of(**NOTHING, quantile=wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kl": float("nan")}, "finite"),
        ({"lam": float("inf")}, "finite"),
        ({"one_in": 0.5}, "less than 1 week"),
    ],
)
def test_what_is_no_goal_is_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        goal_of(**{**NOTHING, **wrong})


def test_a_direction_is_a_number() -> None:
    with pytest.raises(DataError, match="--degrees nan is no direction"):
        second_of("flexibility", float("nan"))


def test_one_week_in_n_goes_both_ways() -> None:
    assert goal_of(**{**NOTHING, "one_in": -100.0}).value == -100.0


def test_a_quantile_and_another_aim_are_one_too_many() -> None:
    with pytest.raises(DataError, match="exactly one"):
        goal_of(**{**NOTHING, "lam": 1.0}, quantile="0.5:3")


def test_a_flow_is_fitted_by_steps_so_that_a_seed_gives_the_same_file_on_a_busy_machine() -> None:
    aim = goal_of(**{**NOTHING, "one_in": 100.0})
    assert TuneSpec(aim=aim).flow.steps is not None


def test_a_sum_of_criteria_at_the_mean_by_the_pool(
    lvm: Lvm, workspace: Path, tmp_path: Path
) -> None:
    words = ("--criterion", "energy:17-20 + 0.5*energy:0-6@mean", "--lam", 0.3)
    said = lvm(*typed(workspace, tmp_path / "c.csv", *words, "--method", "pool", "--no-certify"))
    assert said.code == 0, said.err
    told = said.object
    assert told["criterion"] == "energy:17-20+0.5*energy:0-6@mean"
    assert (told["noise"], told["unit"], told["method"]) == ("mean", "kWh", "pool")
    assert told["certificate"]["reference_log_z"] is None
    assert "measured_one_in_1000" not in told


def test_a_certificate_has_two_references_and_bands_unless_told_otherwise(
    lvm: Lvm, workspace: Path, tmp_path: Path
) -> None:
    words = ("--criterion", "energy:17-20@mean", "--lam", 0.3, "--method", "pool")
    told = lvm(*typed(workspace, tmp_path / "c.csv", *words)).object
    first, second = told["certificate"]["reference_log_z"]
    assert first == pytest.approx(second, abs=0.15)
    low, high = told["measured_one_in_1000"]["quantile_band"]
    assert low < high


def test_measured_weeks_that_tell_no_extreme_stop_no_tuning(
    lvm: Lvm, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_alike(*_: object) -> OneInN:
        raise TuningError("All 12,000 values are 5: there is no extreme among them.")

    monkeypatch.setattr("lvm_studio.analysis.boltzmann.bands.real_one_in_n", all_alike)
    words = ("--criterion", "energy:17-20@mean", "--lam", 0.3, "--method", "pool")
    told = lvm(*typed(workspace, tmp_path / "c.csv", *words)).object
    assert told["measured_one_in_1000"] is None
    assert "no extreme" in told["measured_not_told"]


def test_two_criteria_of_z_alone(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    words = ("--criterion", "energy:17-20", "--second", "energy:0-6", "--degrees", 90, "--lam", 0.3)
    options = ("--tuned", "z", "--method", "pool", "--no-certify")
    said = lvm(*typed(workspace, tmp_path / "c.csv", *words, *options))
    assert said.code == 0, said.err
    first, second = said.object["criteria"]
    assert first["lam"] == pytest.approx(0.0, abs=1e-3)
    assert second["lam"] == pytest.approx(0.3, abs=1e-3)
    assert said.object["kl_apart"] == {
        "w": 0.0,
        "z": pytest.approx(said.object["kl"]),
        "doubt": 0.0,
    }


def test_noise_that_is_tuned_too_tells_its_share(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    options = ("--tuned", "noise too", "--method", "pool", "--no-certify")
    said = lvm(*typed(workspace, tmp_path / "c.csv", "--criterion", "peak", "--lam", 0.3, *options))
    assert said.code == 0, said.err
    apart = said.object["kl_apart"]
    assert set(apart) == {"latents", "noise", "doubt"}
    assert apart["latents"] + apart["noise"] == pytest.approx(said.object["kl"], abs=1e-6)


def test_a_direction_without_a_second_criterion_is_refused(lvm: Lvm, tmp_path: Path) -> None:
    words = ("--criterion", "peak", "--lam", 1, "--degrees", 30)
    said = lvm(*typed(tmp_path / "none.h5", tmp_path / "c.csv", *words))
    assert said.code == 2
    assert "give --second as well" in said.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--criterion", "pea", "--lam", 1), "There is no criterion 'pea'; choose one of"),
        (("--criterion", "peak", "--quantile", "0.5:1e6"), "No draw lies beyond this level"),
        (
            ("--criterion", "peak", "--lam", 1, "--method", "one by one"),
            "Algorithm 10.1 looks for the λ of a KL",
        ),
    ],
)
def test_what_cannot_be_tuned_is_one_line_and_code_2(
    lvm: Lvm, workspace: Path, tmp_path: Path, words: tuple[object, ...], sentence: str
) -> None:
    said = lvm(*typed(workspace, tmp_path / "c.csv", "--no-certify", *words))
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert len(said.err.strip().splitlines()) == 1
