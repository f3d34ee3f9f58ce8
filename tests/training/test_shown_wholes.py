"""What a fixed composition is decoded to through training stays with the model (Fig. 9.9)."""

import numpy as np
import pytest

from lvm_studio.models.specs import AnchorsSpec, SinesSpec
from lvm_studio.training.history import WHOLES_AT, History
from lvm_studio.training.parts_problem import PartsProblem
from lvm_studio.training.run import TrainingRun
from lvm_studio.training.spec import TrainSpec

SMALL = {
    "anchors": AnchorsSpec(latent_w=4, part_hidden=8, hidden=8, blocks=1, channels=4),
    "sines": SinesSpec(latent_w=20, part_hidden=8, hidden=8, blocks=1),
}


def small_run(kind):
    spec = TrainSpec(
        recipe=kind, model=SMALL[kind], steps=4, batch=4, eval_every=1, k_min=1, k_max=3
    )
    return TrainingRun(PartsProblem(spec))


@pytest.mark.parametrize("kind", ["anchors", "sines"])
def test_wholes_of_a_run_are_in_its_model(kind):
    run = small_run(kind)
    while not run.finished:
        run.train_steps()
        run.evaluate()
    history = run.trained_model().history
    assert history["whole_step"].tolist() == [1, 2, 3, 4]
    assert history["wholes"].shape == (4, run.problem.size)
    np.testing.assert_array_equal(history["wholes"][-1], run.problem.shown_whole(run.module))
    assert np.ptp(history["wholes"], axis=0).max() > 0


def test_a_continued_run_keeps_what_it_showed():
    history = History(wholes=[(200, np.arange(3.0)), (400, np.ones(3))])
    history.record(None)
    again = History.from_tree(history.to_tree())
    assert [step for step, _ in again.wholes] == [200, 400]
    np.testing.assert_array_equal(again.wholes[0][1], np.arange(3.0))
    assert again.rows[0].keys() == history.rows[0].keys()
    assert again.wants_whole(WHOLES_AT[2])
    assert not again.wants_whole(WHOLES_AT[2] - 0.01)
    assert History.from_tree(History().to_tree()).wholes == []
