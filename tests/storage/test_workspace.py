"""The workspace file: everything comes back, and what does not fit is named."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet, Provenance
from lvm_studio.data.split import Split
from lvm_studio.data.tree import Tree
from lvm_studio.storage.checkpoints import read_checkpoint
from lvm_studio.storage.contents import held_by
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import FileFormat, read_tree, write_tree
from lvm_studio.storage.kept_tuning import KeptTuning
from lvm_studio.storage.street_state import StreetState
from lvm_studio.storage.workspace import FORMAT, FORMAT_VERSION, RunEntry, Workspace, load, save

WEEK_STEPS = 336


def small_set(name: str = "test street") -> HouseholdSet:
    steps = 2 * WEEK_STEPS
    power = np.arange(2 * steps, dtype=np.float32).reshape(2, steps) / 7
    power[0, 3] = np.nan
    return HouseholdSet(
        name=name,
        household_ids=("A", "B"),
        power_w=power,
        start=np.datetime64("2013-01-07T00:00", "m"),
        metadata={"suspect": np.array(["", "holiday home"]), "area": np.array([80.0, np.nan])},
        temperature_c=np.full(steps, 5, np.float32),
        time_zone="Europe/London",
        country="GB",
        split=Split(("2013-W02",), ("2013-W03",), ("A",), ("B",), seed=3),
        provenance=Provenance("made up", "none", "", "W", "start", "2024-01-01", ""),
    )


def street() -> StreetState:
    return StreetState(
        dataset="test street",
        model="m/1",
        composition=Composition((("B", 2), ("A", 1))),
        week="2013-W02",
        own_temperature=tuple(float(t) for t in range(7)),
        lam=1.25,
        seed=9,
    )


@pytest.fixture
def workspace() -> Workspace:
    weights: Tree = {"spec": '{"latent": 4}', "weights": {"w": np.ones((3, 2), np.float32)}}
    run = RunEntry(
        spec={"recipe": "households", "steps": 10},
        history={"step": np.arange(3), "elbo": np.array([1.0, np.nan, 3.0])},
        step=3,
        checkpoint={"adam": {"m": np.zeros(3)}},
        status="paused",
    )
    return Workspace(
        datasets={"test street": small_set()},
        models={"m/1": weights},
        street=street().to_tree(),
        runs={"run 1": run, "fresh": RunEntry(spec={"recipe": "vae"})},
        layout={"tab": 2, "geometry": np.arange(4, dtype=np.uint8)},
        tunings={"peak": {"lam": 1.25}},
    )


def test_everything_comes_back(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "street.h5"
    save(path, workspace)
    found = load(path)
    np.testing.assert_equal(found.to_tree(), workspace.to_tree())
    assert StreetState.from_tree(found.street) == street()
    assert found.runs["run 1"].checkpoint is not None
    assert found.runs["fresh"].checkpoint is None
    households = found.datasets["test street"]
    np.testing.assert_array_equal(households.power_w, small_set().power_w)
    assert list(households.metadata) == ["suspect", "area"]


def test_the_empty_workspace_comes_back(tmp_path: Path) -> None:
    save(tmp_path / "empty.h5", Workspace())
    assert StreetState.from_tree(load(tmp_path / "empty.h5").street) == StreetState()


def test_opening_sweeps_what_a_killed_save_left(workspace: Workspace, tmp_path: Path) -> None:
    save(tmp_path / "street.h5", workspace)
    leftover = tmp_path / ".street.h5.elsewhere-1-0.tmp"
    leftover.touch()
    os.utime(leftover, (0, 0))
    load(tmp_path / "street.h5")
    assert not leftover.exists()


def test_a_newer_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "newer.h5"
    write_tree(path, workspace.to_tree(), FileFormat("workspace", FORMAT_VERSION + 1))
    with pytest.raises(StorageError, match=r"made by a newer LVM Studio .* update LVM Studio"):
        load(path)


def test_a_checkpoint_is_no_workspace(tmp_path: Path) -> None:
    write_tree(tmp_path / "run.h5", {"step": 3, "state": {}}, FileFormat("checkpoint"))
    with pytest.raises(StorageError, match="is a checkpoint of LVM Studio, not a workspace"):
        load(tmp_path / "run.h5")


def without(tree: Tree, *path: str) -> Tree:
    """Return the tree without the leaf at this path."""
    key, *rest = path
    if not rest:
        return {name: value for name, value in tree.items() if name != key}
    return {**tree, key: without(tree[key], *rest)}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (("runs",), "street.h5: runs is missing."),
        (("street", "lam"), "street.h5: street: street/lam is missing."),
        (("runs", "run 1", "step"), "street.h5: runs/run 1: step is missing."),
        (("datasets", "test street", "time_zone"), "street.h5: datasets/test street: "),
        (("datasets", "test street", "split", "seed"), "street.h5: datasets/test street: "),
    ],
)
def test_a_missing_leaf_is_named(
    path: tuple[str, ...], sentence: str, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "street.h5"
    write_tree(file, without(workspace.to_tree(), *path), FORMAT)
    with pytest.raises(StorageError) as caught:
        load(file)
    assert str(caught.value).startswith(sentence)
    assert path[-1] in str(caught.value)
    assert "missing" in str(caught.value)


@pytest.mark.parametrize(
    ("where", "what", "sentence"),
    [
        ("lam", "much", "street/lam should be a number, not str."),
        ("samples", 0, "samples is 0; it must be from 1 to 100,000."),
        ("lam", float("nan"), "λ is nan; it must be a finite number."),
        ("seed", -1, "seed is -1; it must not be negative."),
        ("show_curves", -1, "show_curves is -1"),
        ("own_temperature", np.zeros(5), "The temperature profile has 5 values"),
        ("own_temperature", np.full(7, 99.0), "outside −90 … 60 °C"),
        ("own_temperature", np.array(["warm"] * 7), "should hold numbers"),
        ("composition", 3, "street/composition should be a group"),
    ],
)
def test_a_street_that_does_not_fit_is_named(
    where: str, what: object, sentence: str, workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "street.h5"
    wrong = {**street().to_tree(), where: what}
    write_tree(file, {**workspace.to_tree(), "street": wrong}, FORMAT)
    with pytest.raises(StorageError) as caught:
        load(file)
    assert sentence in str(caught.value)


def test_a_misshapen_leaf_is_named(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "street.h5"
    tree = workspace.to_tree()
    tree["datasets"]["test street"]["temperature_c"] = np.zeros(5, np.float32)
    write_tree(file, tree, FORMAT)
    with pytest.raises(StorageError, match=r"street\.h5: datasets/test street: .*temperature_c"):
        load(file)


def test_a_street_changes_by_copies() -> None:
    changed = street().with_changes(lam=2.0, own_temperature=None)
    assert changed.lam == 2.0
    assert replace(changed, lam=1.25, own_temperature=street().own_temperature) == street()
    with pytest.raises(DataError, match="samples"):
        street().with_changes(samples=0)


def test_a_checkpoint_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path / "run.h5", {"step": "three", "state": {}}, FileFormat("checkpoint"))
    with pytest.raises(StorageError, match=r"run\.h5: step should be a whole number, not str\."):
        read_checkpoint(tmp_path / "run.h5")


def test_opening_needs_no_torch(workspace: Workspace, tmp_path: Path) -> None:
    save(tmp_path / "street.h5", workspace)
    code = (
        "import sys; from pathlib import Path; from lvm_studio.storage.workspace import load;"
        "import lvm_studio.engine.worker, lvm_studio.storage.recovery;"
        "load(Path(sys.argv[1])); print('torch' in sys.modules, 'PySide6' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "street.h5")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "False"]


def test_a_file_of_format_1_still_opens() -> None:
    """Written by the first version, kept for ever: later formats must climb from it."""
    path = Path(__file__).parent / "workspace_format_1.h5"
    found = load(path)
    assert StreetState.from_tree(found.street).composition == Composition((("B", 2), ("A", 1)))
    assert found.runs["run 1"].step == 3
    with h5py.File(path) as file:
        assert file.attrs["format_version"] == 1
    assert read_tree(path, FORMAT)["tunings"] == {"peak": {"lam": 1.25}}


def test_what_a_workspace_holds_is_told_without_a_second_copy_of_its_readings(
    workspace: Workspace,
) -> None:
    held = {one.name: one for one in held_by(workspace)}
    one = workspace.datasets["test street"]
    assert held["test street"].megabytes == one.power_w.nbytes / 1e6
    assert "power_kw" not in vars(one.weeks)


def test_a_kept_tuning_says_which_leaf_does_not_fit() -> None:
    tree = KeptTuning(street(), 50.0, 43.0, "kW", 2.3, "flow", 0.8, 0.2, True).to_tree()
    with pytest.raises(DataError, match="tuning/sound should be true or false"):
        KeptTuning.from_tree({**tree, "sound": "no"})
