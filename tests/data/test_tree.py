import numpy as np
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.data.tree import Tree, TreeView

TREE: Tree = {
    "n": 3,
    "x": 0.5,
    "name": "street",
    "yes": True,
    "ids": ["a", "b"],
    "inside": {"values": np.zeros((2, 3)), "words": np.array(["a"])},
}


def test_typed_reading() -> None:
    view = TreeView(TREE, "root")
    assert view.integer("n") == 3
    assert view.number("n") == 3.0
    assert view.number("x") == 0.5
    assert view.text("name") == "street"
    assert view.flag("yes") is True
    assert view.strings("ids") == ("a", "b")
    assert view.child("inside").array("values", (None, 3)).shape == (2, 3)
    assert "n" in view
    assert view.names == tuple(TREE)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda v: v.integer("missing"), "root/missing is missing"),
        (lambda v: v.integer("yes"), "root/yes should be a whole number"),
        (lambda v: v.number("name"), "root/name should be a number"),
        (lambda v: v.text("n"), "root/n should be a text"),
        (lambda v: v.flag("n"), "root/n should be true or false"),
        (lambda v: v.strings("name"), "root/name should be a list of texts"),
        (lambda v: v.child("n"), "root/n should be a group"),
        (
            lambda v: v.child("inside").array("values", (2, 4)),
            r"root/inside/values has shape \(2, 3\)",
        ),
        (lambda v: v.child("inside").array("no"), "root/inside/no is missing"),
        (lambda v: v.child("inside").array("words"), "root/inside/words should hold numbers"),
    ],
)
def test_errors_name_the_path(read, said) -> None:
    with pytest.raises(DataError, match=said):
        read(TreeView(TREE, "root"))
