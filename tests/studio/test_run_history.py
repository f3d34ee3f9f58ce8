"""Reports become columns, columns become a tree and come back."""

from dataclasses import replace

import numpy as np
import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.studio.runs.run_history import GrowingHistory
from lvm_studio.studio.runs.run_words import skipped_steps, soundness, tight_bound
from lvm_studio.training.reports import TrainReport


def report(step: int, split: str = "train", elbo: float = -1.0) -> TrainReport:
    return TrainReport(
        step=step,
        steps=1000,
        seconds=step * 0.1,
        split=split,  # type: ignore[arg-type]
        elbo=elbo,
        reconstruction=elbo + 3,
        kl_w=1.0,
        kl_z=2.0,
        sigma=0.5,
        lr=2e-3,
        k=20.0,
    )


def test_columns_grow_beyond_any_capacity() -> None:
    history = GrowingHistory()
    history.extend(report(step) for step in range(1, 2001))
    history.extend([report(1000, "heldout"), report(2000, "heldout")])
    shown = history.snapshot("run")
    np.testing.assert_array_equal(shown.train.step, np.arange(1, 2001))
    np.testing.assert_array_equal(shown.heldout.step, [1000, 2000])
    assert shown.train.seconds[-1] == pytest.approx(200.0)


def test_a_snapshot_does_not_change_when_the_run_goes_on_or_back() -> None:
    history = GrowingHistory()
    history.extend(report(step) for step in range(1, 11))
    before = history.snapshot("run").train.term("elbo").copy()
    shown = history.snapshot("run")
    history.cut_after(5)
    history.extend(report(step, elbo=7.0) for step in range(6, 600))
    np.testing.assert_array_equal(shown.train.term("elbo"), before)


def test_a_continued_run_writes_over_what_its_checkpoint_did_not_hold() -> None:
    history = GrowingHistory()
    history.extend(report(step) for step in range(1, 11))
    history.extend([report(10, "heldout")])
    history.cut_after(8)
    history.extend(report(step, elbo=5.0) for step in range(9, 12))
    shown = history.snapshot("run")
    np.testing.assert_array_equal(shown.train.step, np.arange(1, 12))
    assert shown.train.term("elbo")[7:].tolist() == [-1.0, 5.0, 5.0, 5.0]
    assert len(shown.heldout.step) == 0


def test_a_repeated_step_replaces_what_followed_it() -> None:
    history = GrowingHistory()
    history.extend(report(step) for step in range(1, 11))
    history.extend([report(4, elbo=9.0)])
    assert history.snapshot("run").train.step.tolist() == [1, 2, 3, 4]


def test_there_and_back_as_a_tree() -> None:
    history = GrowingHistory()
    history.extend([report(1), report(2), report(2, "heldout")])
    again = GrowingHistory.from_tree(history.to_tree())
    again.extend([report(3)])
    assert again.snapshot("run").train.step.tolist() == [1, 2, 3]
    assert again.snapshot("run").heldout.term("sigma").tolist() == [0.5]


def test_skipped_steps_and_the_tight_bound_come_back_and_older_files_do_without() -> None:
    history = GrowingHistory()
    history.extend([replace(report(1), skipped=3), replace(report(1, "heldout"), tight=-9.0)])
    tree = history.to_tree()
    again = GrowingHistory.from_tree(tree).snapshot("run")
    assert (skipped_steps(again), tight_bound(again)) == (3, -9.0)
    older = {name: value for name, value in tree.items() if "skip" not in name}
    del older["heldout_tight"]
    assert soundness(GrowingHistory.from_tree(older).snapshot("run"), 8) == []


def test_columns_that_do_not_fit_are_named() -> None:
    tree = GrowingHistory().to_tree() | {"train_elbo": np.ones(3)}
    with pytest.raises(DataError, match="train_elbo"):
        GrowingHistory.from_tree(tree)
