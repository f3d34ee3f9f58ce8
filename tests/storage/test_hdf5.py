"""Trees as files: the round trip, and what is said of a file that cannot be read."""

import math
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lvm_studio.data.tree import Tree
from lvm_studio.storage.errors import StorageError
from lvm_studio.storage.hdf5 import LIMITS, FileFormat, read_tree, write_tree
from lvm_studio.storage.hdf5 import TREE as TREE_FORMAT
from lvm_studio.storage.reading import Limits

TREE: Tree = {
    "weights": {"layer.0": np.arange(6, dtype=np.float32).reshape(2, 3)},
    "name": "Straße",
    "list": ["a", ""],
    "nothing": None,
}


def texts() -> st.SearchStrategy[str]:
    return st.text(max_size=8).filter(lambda text: not text.endswith("\0"))


def leaves() -> st.SearchStrategy[Any]:
    numbers = hnp.arrays(
        st.sampled_from(["?", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i8"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
    words = hnp.arrays("U5", hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        texts(),
        st.lists(texts(), max_size=4),
        numbers,
        words,
    )


def trees() -> st.SearchStrategy[Tree]:
    return st.recursive(
        st.dictionaries(st.text(max_size=6), leaves(), max_size=4),
        lambda below: st.dictionaries(st.text(max_size=6), leaves() | below, max_size=4),
        max_leaves=8,
    )


def same(one: Any, other: Any) -> bool:
    """Return whether two trees agree in order, types, shapes and bits (NaN included)."""
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        alike = one.dtype.newbyteorder("<") == other.dtype.newbyteorder("<")
        nan = one.dtype.kind == "f"
        texts = one.dtype.kind == "U" and other.dtype.kind == "U"
        return (alike or texts) and np.array_equal(one, other, equal_nan=nan)
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and one == other


@given(tree=trees())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_written_is_read(tree: Tree, tmp_path: Path) -> None:
    path = tmp_path / "tree.h5"
    write_tree(path, tree)
    assert same(tree, read_tree(path))


def test_the_file_is_plain_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "tree.h5"
    write_tree(path, TREE, FileFormat("model", 3))
    with h5py.File(path) as file:
        assert file.attrs["format_version"] == 3
        assert file.attrs["lvm_studio_format"] == b"model"
        assert file["name"][()].decode() == "Straße"
        np.testing.assert_array_equal(file["weights/layer.0"], TREE["weights"]["layer.0"])


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"a": {"b": object()}}, "a/b"),
        ({"a": np.array([object()])}, "a"),
        ({"a": {"t": np.array(["2013-01-01"], "datetime64[m]")}}, "a/t"),
        ({"a": [1, 2]}, "a"),
        ({"a": "x\0"}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": 2**64}, "a"),
        ({"a": np.zeros(2, np.complex64)}, "a"),
        ({"a": {3: 1}}, "a"),
    ],
)
def test_a_leaf_that_cannot_be_stored_is_named_and_the_old_file_stays(
    tree: Tree, path: str, tmp_path: Path
) -> None:
    file = tmp_path / "tree.h5"
    write_tree(file, TREE)
    with pytest.raises(StorageError, match=f"^{path}.*: "):
        write_tree(file, tree)
    assert same(TREE, read_tree(file))
    assert list(tmp_path.iterdir()) == [file]


# What is wrong with a file ---------------------------------------------------------------------


def refusal(path: Path, form: FileFormat = TREE_FORMAT, limits: Limits = LIMITS) -> str:
    with pytest.raises(StorageError) as caught:
        read_tree(path, form, limits)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert path.name in sentence
    return sentence


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.h5"
    write_tree(path, TREE)
    return path


def test_missing(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "missing.h5")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.h5").touch()
    assert "is empty" in refusal(tmp_path / "empty.h5")


def test_no_hdf5(tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text("time,a\n" * 100)
    assert "not in the HDF5 format" in refusal(tmp_path / "readings.csv")


def test_unreadable(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:  # root, who may run the tests, reads everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be opened (Permission denied)" in refusal(good)


def test_foreign_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = 1
    assert "LVM Studio did not write it" in refusal(tmp_path / "foreign.h5")


def test_foreign_hdf5_with_odd_attributes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file.attrs["lvm_studio_format"] = "of variable length"
        file.attrs["format_version"] = [1, 2]
    assert "LVM Studio did not write it" in refusal(tmp_path / "odd.h5")


def test_another_kind(good: Path) -> None:
    said = refusal(good, FileFormat("workspace"))
    assert "is a model or a flow by itself, not a workspace of LVM Studio" in said


def test_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "newer.h5"
    write_tree(path, TREE, FileFormat("tree", 7))
    text = refusal(path)
    assert "made by a newer LVM Studio (format 7, this one reads up to 1); update" in text


def test_older_versions_climb_all_steps(tmp_path: Path) -> None:
    path = tmp_path / "older.h5"
    write_tree(path, {"watts": 2000.0}, FileFormat("tree", 1))
    steps = {
        1: lambda tree: {"kilowatts": tree["watts"] / 1000},
        2: lambda tree: {**tree, "unit": "kW"},
    }
    assert read_tree(path, FileFormat("tree", 3, steps)) == {"kilowatts": 2.0, "unit": "kW"}


def test_a_version_too_old(good: Path) -> None:
    assert "too old to be understood (format 1)" in refusal(good, FileFormat("tree", 3, {2: dict}))


def test_changed_content_is_damage(good: Path) -> None:
    with h5py.File(good, "r+") as file:
        file["weights/layer.0"][0, 0] = 9
    assert "is damaged: its content does not match its checksum" in refusal(good)


def test_a_value_added_or_taken_away_is_damage(good: Path) -> None:
    with h5py.File(good, "r+") as file:
        del file["nothing"]
    assert "is damaged" in refusal(good)


def test_cut_short(good: Path) -> None:
    content = good.read_bytes()
    for length in (len(content) - 1, len(content) // 2, 600):
        good.write_bytes(content[:length])
        assert "is cut short" in refusal(good)


def test_any_flipped_byte_is_harmless_or_damage(good: Path) -> None:
    """HDF5 checks its own structures, the checksum the content: nothing wrong is ever read."""
    content = good.read_bytes()
    refused = 0
    for position in range(0, len(content), max(1, len(content) // 400)):
        flipped = bytearray(content)
        flipped[position] ^= 0xFF
        good.write_bytes(flipped)
        try:
            assert same(TREE, read_tree(good)), position
        except StorageError:
            refused += 1
    assert refused > 20


# What a stranger may have put into a file -------------------------------------------------------


def hostile(path: Path, **tree: Any) -> h5py.File:
    """Return a file that passes for one of ours up to its content."""
    write_tree(path, tree)
    return h5py.File(path, "r+")


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    write_tree(tmp_path / "secret.h5", TREE)
    with hostile(tmp_path / "link.h5") as file:
        file["x"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/name")
    assert "not safe to open: x is a link" in refusal(tmp_path / "link.h5")


def test_a_soft_link_is_not_followed(tmp_path: Path) -> None:
    with hostile(tmp_path / "link.h5", a=1) as file:
        file["x"] = h5py.SoftLink("/a")
    assert "x is a link" in refusal(tmp_path / "link.h5")


def test_a_group_inside_itself_ends(tmp_path: Path) -> None:
    with hostile(tmp_path / "loop.h5", a={"b": 1}) as file:
        file["a/again"] = file["a"]
    assert "a/again is there under several names" in refusal(tmp_path / "loop.h5")


def test_content_in_another_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_bytes(b"secret  ")
    with hostile(tmp_path / "external.h5") as file:
        file.create_dataset("x", (8,), "u1", external=[(str(tmp_path / "passwd"), 0, 8)])
    assert "x is filtered or stored in another file" in refusal(tmp_path / "external.h5")


def test_a_virtual_dataset_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path / "source.h5", {"d": np.arange(4)})
    layout = h5py.VirtualLayout((4,), "i8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "source.h5"), "d", (4,))
    with hostile(tmp_path / "virtual.h5") as file:
        file.create_virtual_dataset("x", layout)
    assert "x is stored in pieces or elsewhere" in refusal(tmp_path / "virtual.h5")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with hostile(tmp_path / "bomb.h5") as file:
        file.create_dataset("x", (2**24,), "u1", compression="gzip", data=np.zeros(2**24, "u1"))
    assert "x is stored in pieces" in refusal(tmp_path / "bomb.h5")


def test_space_that_was_never_written_is_not_allocated(tmp_path: Path) -> None:
    with hostile(tmp_path / "huge.h5") as file:
        file.create_dataset("x", (2**40, 2**10), "f8")
    assert "says it is larger than what the file holds" in refusal(tmp_path / "huge.h5")


@pytest.mark.parametrize(
    "dtype",
    [
        h5py.string_dtype(),
        h5py.vlen_dtype(np.int32),
        h5py.ref_dtype,
        np.dtype([("a", "i4"), ("b", "f8")]),
        np.dtype("V16"),
        np.dtype("c16"),
        np.dtype(("i4", (3,))),
    ],
)
def test_foreign_types_are_refused(dtype: Any, tmp_path: Path) -> None:
    with hostile(tmp_path / "type.h5") as file:
        file.create_dataset("x", (2,), dtype)
    sentence = refusal(tmp_path / "type.h5")
    assert "x has a type that is never stored" in sentence or "says it is larger" in sentence


def test_a_type_as_a_member_is_refused(tmp_path: Path) -> None:
    with hostile(tmp_path / "type.h5") as file:
        file["x"] = np.dtype("i4")
    assert "x is neither a group nor a value" in refusal(tmp_path / "type.h5")


def test_an_unknown_kind_of_leaf_is_refused(tmp_path: Path) -> None:
    with hostile(tmp_path / "kind.h5", x=1.0) as file:
        file["x"].attrs["kind"] = np.bytes_("pickle")
    assert "x is not of the kind 'pickle'" in refusal(tmp_path / "kind.h5")


def test_too_large_for_memory(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", refuse)
    assert "does not fit into memory" in refusal(good)


def test_limits(good: Path) -> None:
    assert "too many objects" in refusal(good, limits=Limits(objects=3))
    assert "larger than can be opened" in refusal(good, limits=Limits(bytes=100))
    assert "nested too deeply" in refusal(good, limits=Limits(depth=0))


def test_reading_a_file_unpickles_nothing(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    assert same(TREE, read_tree(good))
