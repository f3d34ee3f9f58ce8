"""The verbs keep their names, their JSON and their manners."""

import csv
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typed import Said

from lvm_studio.cli import app
from lvm_studio.storage.contents import with_model_renamed
from lvm_studio.storage.workspace import load, save

HOUSEHOLDS = "MAC000002*3,MAC000003"
STREET = ("--households", HOUSEHOLDS, "--week", "2013-W05", "--samples", 20)
TUNED = {
    "lam", "kl", "expectation", "base_expectation", "ess", "khat", "log_z", "samples", "method",
}  # fmt: skip

README = Path(__file__).parents[2] / "README.md"
VERBS = typer.main.get_command(app).commands

Lvm = Callable[..., Said]


def read_rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(lvm: Lvm, verb: str) -> None:
    said = lvm(verb, "--help")
    assert said.code == 0
    assert "Usage" in said.out


def test_the_list_of_verbs_says_in_a_whole_sentence_what_each_does(lvm: Lvm) -> None:
    said = lvm("--help")
    verbs = said.out.partition("Commands:")[2]
    assert verbs
    assert "..." not in verbs, "cut off: the first sentence of its help is too long"


def test_what_the_readme_shows_can_be_typed() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    shown = [
        shlex.split(line, comments=True) for line in lines if line.startswith("    lvm-studio ")
    ]
    assert len(shown) > 10
    for _, verb, *words in shown:
        VERBS[verb].make_context(verb, words)  # exits where an option or a choice is unknown


def test_importing_the_command_line_imports_neither_torch_nor_qt() -> None:
    code = "import sys, lvm_studio.cli; print({'torch', 'PySide6'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_compose_writes_watts_at_the_starts_of_half_hours(
    lvm: Lvm, workspace: Path, tmp_path: Path
) -> None:
    out = tmp_path / "curves.csv"
    said = lvm("compose", workspace, *STREET, "--seed", 0, "--out", out, "--json")
    assert said.code == 0
    assert said.object["households"] == 4
    header, *rows = read_rows(out)
    assert header[0] == "time"
    assert len(header) == 1 + 20
    assert len(rows) == 336
    assert rows[0][0] == "2013-01-28T00:00:00Z"
    assert rows[1][0] == "2013-01-28T00:30:00Z"
    watts = [float(value) for row in rows for value in row[1:]]
    mean_w = sum(watts) / len(watts)
    kwh = said.object["energy_kwh"]["mean"]
    assert mean_w * 168 / 1000 == pytest.approx(kwh, rel=1e-3)


def test_the_same_seed_gives_the_same_file(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        lvm("compose", workspace, *STREET, "--seed", 3, "--out", tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_model_is_called_what_the_workspace_calls_it(
    lvm: Lvm, workspace: Path, tmp_path: Path
) -> None:
    file, before = tmp_path / "renamed.h5", load(workspace)
    old = next(iter(before.models))
    renamed = with_model_renamed(before, old, "the good one")
    save(file, replace(renamed, street={**before.street, "model": "the good one"}))
    said = lvm("compose", file, *STREET, "--out", tmp_path / "curves.csv", "--json")
    assert said.object["model"] == "the good one"


def test_an_own_temperature_replaces_the_measured_one(
    lvm: Lvm, workspace: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "cold.csv"
    profile.write_text("temperature\n" + "-10.0\n" * 7)
    out = tmp_path / "curves.csv"
    warm = lvm("compose", workspace, *STREET, "--out", out, "--json").object
    cold = lvm(
        "compose", workspace, *STREET, "--temperature", profile, "--out", out, "--json"
    ).object
    assert "measured_peak_kw" in warm
    assert "measured_peak_kw" not in cold  # nobody measured that weather
    assert cold["energy_kwh"]["mean"] != warm["energy_kwh"]["mean"]


def test_tune_reports_how_far_to_trust_it(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "extreme.parquet"
    words = ("tune", workspace, *STREET, "--criterion", "peak", "--kl", 0.5, "--out", out)
    said = lvm(*words, "--no-certify", "--json")
    assert said.code == 0, said.err
    assert set(said.object) >= TUNED
    assert said.object["kl"] == pytest.approx(0.5, abs=0.05)
    assert said.object["expectation"] > said.object["base_expectation"]
    assert out.exists()
    makers = said.object["by_household"]
    assert sum(maker["count"] for maker in makers) == said.object["households"]
    peaks = [maker["peak_kw"] for maker in makers]
    assert peaks == sorted(peaks, reverse=True)
    whole = said.object["peak_kw"]["mean"]
    assert sum(peaks) + said.object["shared_peak_kw"] == pytest.approx(whole, rel=1e-4)
    assert makers[0]["share"] == pytest.approx(peaks[0] / whole, rel=1e-4)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_export_writes_what_the_workspace_shows(
    lvm: Lvm, workspace: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"street{suffix}"
    said = lvm("export", workspace, "--out", out, "--json")
    assert said.code == 0
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_export_draws_the_figure(
    qapp: object, lvm: Lvm, workspace: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"fan{suffix}"
    assert lvm("export", workspace, "--out", out).code == 0
    assert out.stat().st_size > 10_000


def test_import_then_train_then_compose(lvm: Lvm, tmp_path: Path) -> None:
    source = tmp_path / "meters.csv"
    lines = ["id,time,kwh"]
    for household in ("north", "south"):
        for day in range(1, 29):
            for half_hour in range(48):
                stamp = f"2024-01-{day:02d} {half_hour // 2:02d}:{half_hour % 2 * 30:02d}:00"
                lines.append(f"{household},{stamp},{0.1 + 0.01 * (half_hour % 7)}")
    lines.append("north,not a time,1")
    source.write_text("\n".join(lines))
    file = tmp_path / "own.h5"
    said = lvm("import", source, "--out", file, "--set", "unit=kWh", "--json")
    assert said.code == 0, said.err
    assert said.object["households"] == 2
    assert sum(said.object["rejected"].values()) == 1
    said = lvm(
        "train", "households", "--out", file, "--steps", 2,
        "--set", "batch=4", "--set", "model.fitted_prior.steps=2",
        "--set", "model.fitted_prior.sums=256", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert said.object["model"] == "meters households"  # of the file's own data
    assert "learning from own.h5: meters" in said.err
    said = lvm("import", source, "--out", file, "--set", "unit=kWh", "--json")
    kept = load(file)
    assert list(kept.datasets) == ["meters", "meters 2"]
    assert list(kept.models) == ["meters households"]
    week = ("--week", "2024-W02", "--samples", 5, "--out", tmp_path / "own.csv")
    assert lvm("compose", file, "--households", "north*2,south", *week).code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("compose",), "Missing argument"),
        (("nonsense",), "No such command"),
        (("trian",), "Did you mean 'train'? See"),
        (("train", "nothing", "--out", "x.h5"), "choose one of: households, "),
        (("compose", "nowhere.h5", *STREET, "--out", "x.csv"), "nowhere.h5"),
        (("tune", "--seed", 2**31), "equal to 2147483647"),
        (("judge", "--card", "card.html", "--repeats", 20_000), "equal to 10000"),
        (("train", "households", "--out", "x.h5", "--set", "batch"), "write it as KEY=VALUE"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    lvm: Lvm, words: tuple[object, ...], sentence: str
) -> None:
    said = lvm(*words)
    assert said.code == 2
    assert said.out == ""
    assert sentence in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("--households", "MAC999999", "--week", "2013-W05"), "MAC999999"),
        (("--households", "MAC000002", "--week", "2019-W05"), "2019-W05"),
        (("--households", "MAC000002", "--week", "May"), "write it like 2013-W02"),
    ],
)
def test_an_unknown_household_or_week_is_named(
    lvm: Lvm, workspace: Path, tmp_path: Path, changed: tuple[str, ...], sentence: str
) -> None:
    said = lvm("compose", workspace, *changed, "--out", tmp_path / "x.csv")
    assert said.code == 2
    assert sentence in said.err


def test_tune_wants_exactly_one_aim(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    words = ("tune", workspace, *STREET, "--criterion", "peak", "--out", tmp_path / "x.csv")
    for aims in ((), ("--lam", 1, "--kl", 2)):
        said = lvm(*words, *aims)
        assert said.code == 2
        assert "exactly one of" in said.err


def test_doctor_names_versions_and_devices(lvm: Lvm) -> None:
    told = lvm("doctor", "--json").object
    assert told["devices"][0].startswith("cpu")
    assert told["libraries"]["torch"]
    assert isinstance(told["missing"], list)
