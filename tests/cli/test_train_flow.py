"""The verb that fits one flow for all compositions of a model."""

from collections.abc import Callable
from pathlib import Path

from typed import Said

from lvm_studio.storage.hdf5 import read_tree

Lvm = Callable[..., Said]


def test_train_flow_writes_a_flow_and_judges_it(lvm: Lvm, workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "flow.h5"
    told = lvm(
        "train-flow", "--workspace", workspace, "--criterion", "sustained", "--streets", 2,
        "--seconds", 0.5, "--judged", 1, "--out", out, "--json",
    ).object  # fmt: skip
    assert told["bytes"] == out.stat().st_size < 4_000_000
    assert [round(judged["kl"], 1) for judged in told["judged"]] == [3.0, 6.9]
    tree = read_tree(out)
    assert tree["model"] == told["fingerprint"]
    assert tree["criterion"] == "sustained"


def test_train_flow_asks_for_streets_to_learn_from(lvm: Lvm, tmp_path: Path) -> None:
    said = lvm("train-flow", "--streets", 1, "--out", tmp_path / "flow.h5")
    assert said.code == 2
