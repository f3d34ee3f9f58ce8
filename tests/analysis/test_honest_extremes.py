"""Honest extremes of the recipe 'vae': `pytest tests/analysis/test_honest_extremes.py -m study -s`.

About a quarter of an hour on one core: the recipe is trained, its prior refitted from five seeds.
"""

from collections import deque

import numpy as np
import pytest

from lvm_studio.analysis.boltzmann.honest import ROWS, HonestSpec, honest_extremes
from lvm_studio.data.london import load_london
from lvm_studio.models.trained import TrainedModel
from lvm_studio.models.vae import GaussianVAE
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train
from lvm_studio.training.recipes import recipe_named
from lvm_studio.training.reports import Finished

ASKED = np.array([[2, 2, 3, 4, 3, 4, 6], [3, 3, 4, 5, 3, 4, 6], [3, 3, 4, 5, 3, 4, 6]]) / 100


def table(title, errors):
    lines = [f"{title}: per cent off at {', '.join(ROWS)}"]
    for mean, spread in zip(100 * errors.mean(0), 100 * errors.std(0), strict=True):
        cells = (f"{off:+.1f} ± {sd:.1f}" for off, sd in zip(mean, spread, strict=True))
        lines.append("  ".join(cells))
    return lines


@pytest.mark.study
def test_tails_of_sums_of_ten_are_those_of_real_sums():
    london, spec = load_london(), recipe_named("vae").spec
    (finished,) = deque(train(spec, london), maxlen=1)
    assert isinstance(finished, Finished)
    module = TrainedModel.from_tree(finished.tree).module
    assert isinstance(module, GaussianVAE)
    steps = honest_extremes(
        module.eval(), HouseholdProblem(spec, london).draw, london, HonestSpec()
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found = end.value
            break
    lines = [
        *table("training weeks", found.errors(found.real)),
        *table("held-out weeks", found.errors(found.heldout)),
        f"bands hold {found.covered.mean(0)} ± {found.covered.std(0)}",
        f"nearness {found.nearness.mean(0)}, roughness {found.roughness.mean(0)}",
    ]
    print("\n".join(lines))  # noqa: T201 (seen with -s)
    assert (np.abs(found.errors(found.real).mean(0)) <= ASKED).all()
    assert (np.abs(found.errors(found.heldout).mean(0))[:, 3] <= [0.05, 0.12, 0.12]).all()
    assert ((found.covered.mean(0)[0] >= 0.77) & (found.covered.mean(0)[0] <= 0.83)).all()
    assert (np.abs(found.nearness.mean(0) - 1) <= 0.1).all()
    assert (np.abs(found.roughness.mean(0) - 1) <= 0.1).all()
    assert min(each.least_kw for each in found.made) >= 0
