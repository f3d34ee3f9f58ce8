"""Learning sums of households at the noise that another model has learned.

How much a model stores in its latent variables hangs on how well it is to reconstruct: two models
are compared in bits where both reconstruct equally well, that is, with one and the same noise.
"""

from __future__ import annotations

from lvm_studio.data.errors import DataError
from lvm_studio.data.households import HouseholdSet
from lvm_studio.models.compvae import CompVAE
from lvm_studio.models.elbo import LatentVariableModel
from lvm_studio.models.specs import CompVAESpec
from lvm_studio.models.trained import TrainedModel
from lvm_studio.training.household_problem import HouseholdProblem
from lvm_studio.training.spec import TrainSpec


class HeldNoise(HouseholdProblem):
    """A `HouseholdProblem` whose modules have the observation noise of `teacher`, held still.

    Raises:
        DataError: the noise is no constant of the model, or the two kinds of noise differ.
    """

    def __init__(self, spec: TrainSpec, households: HouseholdSet, teacher: TrainedModel) -> None:
        super().__init__(spec, households)
        assert isinstance(spec.model, CompVAESpec)
        assert isinstance(teacher.module, CompVAE)
        if teacher.module.varying or teacher.module.spec.noise != spec.model.noise:
            raise DataError(
                "Noise can be held still if it is the same kind in both models and does not vary "
                "with the week: set model.noise.varying to false for both."
            )
        self._noise = teacher.module.observation.state_dict()

    def new_module(self) -> LatentVariableModel:
        """A fresh module with this noise; the optimiser leaves it alone."""
        module = super().new_module()
        assert isinstance(module, CompVAE)
        module.observation.load_state_dict(self._noise)
        module.observation.requires_grad_(False)
        return module
