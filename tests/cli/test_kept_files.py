"""No verb replaces a file that holds something else, and none ignores what it was told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typed import Said

from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.headless import anomalies, simulate, train
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.workspaces import joined
from lvm_studio.storage.workspace import Workspace, load, save
from lvm_studio.training.reports import Finished

STREET = ("--households", "A", "--week", "2013-W05")

Lvm = Callable[..., Said]
SMALL, OTHER = StreetSpec(4, 10, seed=1), StreetSpec(4, 10, seed=2)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], None]:
    """Train on the data of one workspace, in no time, and write to another."""

    def train_on(source: Path, out: Path) -> None:
        finished = Finished(1, {"name": "street"}, {"elbo": -1.0})
        monkeypatch.setattr(train, "_train", lambda _job, _progress: finished)
        train.run(train.Wishes("street", 1, None, 0, "cpu", ()), out, source, Progress())

    return train_on


def test_training_from_one_workspace_into_another_keeps_what_that_holds(
    trained: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    source, out = tmp_path / "source.h5", tmp_path / "out.h5"
    mine, theirs = simulate_street(SMALL), simulate_street(OTHER)
    save(source, joined(Workspace(), mine))
    save(out, joined(Workspace(models={"street": {"name": "old"}}), theirs))
    for _ in range(2):  # the second time its data are there already
        trained(source, out)
    kept = load(out)
    assert [len(one.power_w) for one in kept.datasets.values()] == [4, 4]
    assert list(kept.models) == ["street", "street 2", "street 3"]
    assert kept.models["street"]["name"] == "old"
    assert kept.street["model"] == "street 3"


def test_what_the_studio_saves_while_a_model_trains_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "out.h5"
    before = joined(Workspace(), simulate_street(SMALL))
    save(out, before)

    def train_long(_job: object, _progress: object) -> Finished:
        save(out, replace(before, models={"theirs": {"name": "theirs"}}))
        return Finished(1, {"name": "mine"}, {"elbo": -1.0})

    monkeypatch.setattr(train, "_train", train_long)
    train.run(train.Wishes("street", 1, None, 0, "cpu", ()), out, None, Progress())
    assert list(load(out).models) == ["theirs", "mine"]


def test_what_is_saved_while_a_street_is_simulated_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "out.h5"

    def simulate_long(spec: StreetSpec) -> HouseholdSet:
        save(out, Workspace(models={"theirs": {"name": "theirs"}}))
        return simulate_street(spec)

    monkeypatch.setattr(simulate, "simulate_street", simulate_long)
    simulate.run(SMALL, out)
    kept = load(out)
    assert list(kept.models) == ["theirs"]
    assert [len(one.power_w) for one in kept.datasets.values()] == [4]


def test_what_is_added_is_called_as_the_workspace_calls_it(tmp_path: Path) -> None:
    out = tmp_path / "out.h5"
    told = [simulate.run(SMALL, out)["name"] for _ in range(2)]
    assert told == list(load(out).datasets)
    assert len(set(told)) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("train", "sinusoid", "--out"),
        ("simulate", "--out"),
        ("import", "never-read.csv", "--out"),
        ("anomalies", "never-read.h5", "--keep"),
    ],
)
def test_a_file_that_is_no_workspace_is_refused_before_any_work(
    lvm: Lvm, tmp_path: Path, words: tuple[str, ...]
) -> None:
    out = tmp_path / "readings.csv"
    out.write_text("time,value\n")
    said = lvm(*words, out)
    assert said.code == 2
    assert "readings.csv is not a file of LVM Studio" in said.err
    assert out.read_text() == "time,value\n"


def test_a_found_model_joins_the_workspace_it_is_kept_in(tmp_path: Path) -> None:
    source, out = tmp_path / "source.h5", tmp_path / "out.h5"
    save(source, Workspace(models={"told": {"name": "of the source"}}))
    save(out, Workspace(models={"anomalies": {"name": "old"}}))
    anomalies._keep(source, out, {"name": "anomalies"})
    assert list(load(out).models) == ["anomalies", "anomalies 2"]
    anomalies._keep(source, tmp_path / "new.h5", {"name": "anomalies"})
    assert list(load(tmp_path / "new.h5").models) == ["told", "anomalies"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("t.csv", "--dataset", "d", "--keep", "k.h5"), "t.csv is a table; --dataset, --keep goes"),
        (("w.h5", "--model", "m", "--condition", "season"), "leave --condition and --keep away"),
        (("t.csv", "--csv", "./t.csv"), "t.csv is what is searched"),
    ],
)
def test_what_a_search_would_ignore_is_refused_at_once(
    lvm: Lvm, words: tuple[str, ...], sentence: str
) -> None:
    said = lvm("anomalies", *words)
    assert said.code == 2
    assert sentence in said.err


def test_a_flow_does_not_take_the_place_of_a_workspace(lvm: Lvm, tmp_path: Path) -> None:
    out = tmp_path / "street.h5"
    save(out, Workspace(models={"mine": {"name": "mine"}}))
    said = lvm("train-flow", "--out", out)
    assert said.code == 2
    assert "choose another --out" in said.err
    assert list(load(out).models) == ["mine"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "sinusoid", "--out"), "There is no folder"),
        (("train-flow", "--out"), "There is no folder"),
        (("simulate", "--out"), "There is no folder"),
        (("import", "never-read.csv", "--out"), "There is no folder"),
        (("anomalies", "never-read.csv", "--csv"), "There is no folder"),
        (("judge", "never-read.h5", "--card"), "There is no folder"),
        (
            ("tune", "never-read.h5", *STREET, "--criterion", "peak", "--one-in", 9, "--out"),
            "There is no folder",
        ),
    ],
)
def test_what_cannot_be_written_is_told_before_any_work(
    lvm: Lvm, tmp_path: Path, words: tuple[object, ...], sentence: str
) -> None:
    said = lvm(*words, tmp_path / "nowhere" / "out.h5")
    assert said.code == 2
    assert sentence in said.err


@pytest.mark.parametrize("name", ["model.pt", "readings.csv", "out"])
def test_a_new_workspace_is_called_as_the_window_calls_it(
    lvm: Lvm, tmp_path: Path, name: str
) -> None:
    said = lvm("train", "sinusoid", "--out", tmp_path / name)
    assert said.code == 2
    assert "the name of a workspace ends with .lvms or .h5" in said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.h5", "out"])
def test_a_table_of_curves_has_a_suffix_that_says_how_it_is_written(
    lvm: Lvm, tmp_path: Path, name: str
) -> None:
    said = lvm("compose", "never-read.h5", *STREET, "--out", tmp_path / name)
    assert said.code == 2
    assert "written as .csv or .parquet" in said.err


def test_a_workspace_without_a_model_of_households_says_how_to_get_one(
    lvm: Lvm, tmp_path: Path
) -> None:
    file = tmp_path / "street.h5"
    save(file, Workspace(models={"Sines": {"name": "Sines"}}))
    said = lvm("export", file, "--out", tmp_path / "fan.svg")
    assert said.code == 2
    assert "no household data" in said.err
    save(file, joined(load(file), simulate_street(SMALL)))
    said = lvm("export", file, "--out", tmp_path / "fan.svg")
    assert said.code == 2
    assert "holds no model of composed households; train one into it" in said.err


@pytest.mark.parametrize("words", [("gui",), ()])
def test_without_a_screen_the_studio_says_so(
    lvm: Lvm, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """No verb at all means the window too."""
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr("lvm_studio.headless.doctor.screen", lambda: "none")
    said = lvm(*words)
    assert said.code == 2
    assert "no screen" in said.err
