"""A model trained at the noise of another: the noise stays, all else is learned."""

import pytest
import torch

from lvm_studio.data.errors import DataError
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.held_noise import HeldNoise
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.loop import train_on
from lvm_studio.training.recipes import recipe_named, with_overrides
from lvm_studio.training.reports import Finished


@pytest.fixture(scope="module")
def street():
    return simulate_street(StreetSpec(12, 10))


def spec_of(**settings):
    small = {"steps": 3, "batch": 8, "k_max": 6, "model.day_hidden": 8, "model.latent_w": 4}
    return with_overrides(recipe_named("street"), {**small, **settings}).spec


def trained(problem):
    *_, last = train_on(problem)
    assert isinstance(last, Finished)
    return TrainedModel.from_tree(last.tree)


def test_the_noise_of_the_teacher_is_kept_and_the_rest_learned(street):
    spec = spec_of(**{"model.noise.varying": False})
    teacher = trained(HouseholdProblem(spec, street))
    problem = HeldNoise(spec.model_copy(update={"seed": 1}), street, teacher)
    before, after = problem.new_module(), trained(problem).module
    for name, value in teacher.module.observation.state_dict().items():
        torch.testing.assert_close(after.observation.state_dict()[name], value, rtol=0, atol=0)
    assert not torch.equal(after.decoder.out.weight, before.decoder.out.weight)


def test_noise_that_follows_the_week_cannot_be_held(street):
    spec = spec_of()
    with pytest.raises(DataError, match=r"varying to false"):
        HeldNoise(spec, street, trained(HouseholdProblem(spec, street)))
