"""Artificial wholes in a workspace file: kept to the last digit, refused where they do not fit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvm_studio.data.errors import DataError
from lvm_studio.data.problems.anchors import COLOURS
from lvm_studio.data.problems.sines import FREQUENCIES
from lvm_studio.storage.hdf5 import read_tree, write_tree
from lvm_studio.storage.wholes import COLOUR_NAMES, HIGHEST_FREQUENCY, Anchor, Sine, Wholes
from lvm_studio.storage.workspace import FORMAT, StorageError, Workspace, load, save

SHARES = st.floats(0.0, 1.0)
WHOLES = st.builds(
    Wholes,
    sines=st.lists(st.builds(Sine, st.integers(1, 10)), max_size=16).map(tuple),
    anchors=st.lists(st.builds(Anchor, st.integers(0, 4), SHARES, SHARES), max_size=8).map(tuple),
)


@given(WHOLES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_gives_back_what_it_was_given(tmp_path, wholes):
    save(tmp_path / "w.h5", Workspace(wholes=wholes))
    assert load(tmp_path / "w.h5").wholes == wholes


def test_older_files_open_with_what_the_pages_begin_with():
    old = Path(__file__).with_name("workspace_format_1.h5")
    assert "wholes" not in read_tree(old, FORMAT)
    assert load(old).wholes == Wholes()


@pytest.mark.parametrize(
    ("leaf", "value", "said"),
    [
        ("frequencies", np.array([11]), "frequency 11"),
        ("frequencies", np.ones(17, dtype=np.int64), "17 sines"),
        ("colours", np.array([0, 1, 5]), "colour 5"),
        ("colours", np.array([0, 1]), "places"),
        ("places", np.full((3, 2), np.nan), "between 0 and 1"),
        ("places", np.full((3, 2), 1.5), "between 0 and 1"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, leaf, value, said):
    tree = {**Wholes().to_tree(), leaf: value}
    with pytest.raises(DataError, match=said):
        Wholes.from_tree(tree)
    write_tree(tmp_path / "w.h5", {**Workspace().to_tree(), "wholes": tree}, FORMAT)
    with pytest.raises(StorageError, match="wholes"):
        load(tmp_path / "w.h5")


def test_the_pages_offer_what_the_problems_draw():
    """Storage does not import the problems, which import torch."""
    assert COLOUR_NAMES == COLOURS
    assert tuple(range(1, HIGHEST_FREQUENCY + 1)) == FREQUENCIES
