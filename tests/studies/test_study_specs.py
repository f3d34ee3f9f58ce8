"""Spaces, specs and plans: what is run, under which name, and what is refused in a sentence."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_studies import small

from lvm_studio.data.errors import DataError
from lvm_studio.data.london import load_london
from lvm_studio.studies.plan import Planner, fingerprint
from lvm_studio.studies.reports import RunLine, RunState
from lvm_studio.studies.space import Grid, Random, Range
from lvm_studio.studies.spec import read_study, shipped_studies, study_from, study_named
from lvm_studio.studies.summary import results_csv, summarise


@given(
    low=st.floats(1e-6, 1e3),
    factor=st.floats(1.01, 1e6),
    points=st.integers(2, 40),
    log=st.booleans(),
)
def test_a_range_goes_from_end_to_end_ascending(
    low: float, factor: float, points: int, log: bool
) -> None:
    values = Range(low=low, high=low * factor, points=points, log=log).values()
    assert values[0] == pytest.approx(low)
    assert values[-1] == pytest.approx(low * factor)
    assert list(values) == sorted(values)


def test_whole_numbers_lose_their_doubles() -> None:
    assert Range(low=1, high=3, points=9, whole=True).values() == (1, 2, 3)


def test_more_draws_leave_the_first_ones() -> None:
    axes = {"lr": Range(low=1e-4, high=1e-1, log=True), "batch": (8, 16)}
    few, many = (list(Random(axes=axes, draws=n, seed=5).candidates()) for n in (3, 9))
    assert many[:3] == few
    assert list(Random(axes=axes, draws=3, seed=6).candidates()) != few
    assert all(1e-4 <= draw["lr"] <= 1e-1 for draw in many)


def test_the_grid_is_every_combination() -> None:
    grid = Grid(axes={"a": (1, 2), "b": Range(low=0, high=1, points=3)})
    found = [tuple(candidate.values()) for candidate in grid.candidates()]
    assert grid.size == len(found) == len(set(found)) == 6


def test_a_key_is_made_of_all_that_decides_the_outcome() -> None:
    london = load_london()
    runs = Planner(small(), london).all_runs()
    keys = [run.key for run in runs]
    assert len(set(keys)) == 4
    assert [run.seed for run in runs] == [0, 0, 1, 1]
    again = Planner(small(name="other", title="Another", seeds=3), london).all_runs()
    assert set(keys) < {run.key for run in again}
    changed = small(settings={**small().settings, "lr": 0.01})
    assert not set(keys) & {run.key for run in Planner(changed, london).all_runs()}


def test_other_data_are_another_study() -> None:
    london = load_london()
    power = london.power_w.copy()
    power[0, 0] += 1
    other = type(london)(**{**london.__getstate__(), "power_w": power})
    assert fingerprint(london) == fingerprint(load_london())
    assert fingerprint(other) != fingerprint(london)


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_can_be_planned(name: str) -> None:
    study = study_named(name)
    planner = Planner(study, load_london())
    assert len(planner.all_runs()) == study.size
    assert study.title
    assert study.description.endswith(".")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recipe": "nonsense"}, "There is no recipe 'nonsense'"),
        ({"space": {"axes": {"lrate": [0.1]}}}, "'lrate' cannot be set"),
        ({"space": {"axes": {"batch": [4, 1]}}}, "batch = 1: .*greater than or equal to 2"),
    ],
)
def test_what_cannot_be_planned_is_a_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        Planner(small(**changes), load_london()).all_runs()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"space": {"axes": {}}}, "the space is empty"),
        ({"space": {"axes": {"lr": []}}}, "the axis 'lr' is empty"),
        ({"space": {"axes": {"lr": {"low": 2, "high": 1}}}}, "must be below high"),
        ({"space": {"axes": {"lr": {"low": 0, "high": 1, "log": True}}}}, "begin above 0"),
        ({"space": {"kind": "random", "axes": {"lr": [1]}}}, "draws"),
        ({"space": {"kind": "guess", "axes": {"lr": [1]}}}, "guess"),
        ({"seeds": []}, "seeds"),
        ({"name": "../up"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_spec_out_of_range_is_a_sentence(values: dict[str, object], sentence: str) -> None:
    whole = {"name": "s", "recipe": "vae", "space": {"axes": {"lr": [0.1]}}} | values
    with pytest.raises(DataError, match=sentence) as caught:
        study_from(whole, "s.toml")
    assert str(caught.value).startswith("s.toml: ")
    assert "\n" not in str(caught.value)


def test_own_studies_from_toml_and_json(tmp_path: Path) -> None:
    toml = tmp_path / "mine.toml"
    toml.write_text('recipe = "vae"\nseeds = 2\n[space.axes]\nlr = {low = 0.1, high = 1.0}\n')
    written = tmp_path / "mine.json"
    written.write_text(
        json.dumps(
            {"recipe": "vae", "seeds": [0, 1], "space": {"axes": {"lr": {"low": 0.1, "high": 1}}}}
        )
    )
    assert read_study(toml) == read_study(written)
    assert study_named(str(toml)).name == "mine"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gone.toml", None, "cannot be read"),
        ("bad.toml", "= 3", "cannot be understood"),
        ("bad.json", "[1]", "a table of values"),
        ("latin.toml", b"\xff", "cannot be understood"),
        ("study.yaml", "a: 1", "a .toml or .json file"),
    ],
)
def test_files_that_are_no_study(
    name: str, content: str | bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=sentence):
        read_study(path)


def test_an_unknown_study_lists_those_there_are() -> None:
    with pytest.raises(DataError, match="latent-size"):
        study_named("nothing")


def line(z: int, seed: int, elbo: float | None) -> RunLine:
    state = RunState.FAILED if elbo is None else RunState.FINISHED
    figures = {} if elbo is None else {"heldout_elbo": elbo}
    return RunLine(f"{z}-{seed}", {"model.latent_z": z}, seed, state, figures=figures)


def test_summary_is_mean_and_standard_error_best_first() -> None:
    found = [line(2, 0, 1.0), line(2, 1, 3.0), line(3, 0, 5.0), line(3, 1, None), line(4, 0, None)]
    first, second, last = summarise(small(), found)
    assert (first.settings["model.latent_z"], first.mean, first.failed) == (3, 5.0, 1)
    assert first.error != first.error  # of a single seed there is none
    assert (second.mean, second.error) == (2.0, pytest.approx(1.0))
    assert last.seeds == 0
    least_first = summarise(small(maximise=False), found)
    assert least_first[0].settings["model.latent_z"] == 2
    rows = results_csv(found).splitlines()
    assert rows[0] == "key,model.latent_z,seed,state,heldout_elbo,sentence"
    assert rows[1] == "2-0,2,0,finished,1.0,"
