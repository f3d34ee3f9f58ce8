"""The objective of a run: what its optimiser sees, and the plain bound that its curves show.

Whatever is maximised, the `Elbo` beside it is the plain bound of the untempered model, so that
the curves of all runs mean the same.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from lvm_studio.data.errors import DataError
from lvm_studio.models.draws import LatentDraws
from lvm_studio.models.elbo import Elbo, LatentVariableModel
from lvm_studio.models.noise.laws import Law, Temperable
from lvm_studio.training.objectives.balances import build_balance
from lvm_studio.training.objectives.bounds import build_bound
from lvm_studio.training.objectives.specs import GecoSpec, ObjectiveSpec


@runtime_checkable
class Drawing(Protocol):
    """A model that gives draws of what is latent with their laws: any bound can be made of them."""

    def sample_draws(
        self, batch: Any, samples: int, generator: torch.Generator | None = None
    ) -> LatentDraws:
        """`samples` draws for each observation of the batch."""
        ...


class Objective(nn.Module, ABC):
    """Says what a batch is worth; has a state where its balance has one."""

    def __init__(self, spec: ObjectiveSpec) -> None:
        super().__init__()
        self.balance = build_balance(spec.balance)

    @abstractmethod
    def forward(self, batch: Any, generator: torch.Generator | None) -> tuple[Tensor, Elbo]:
        """What is maximised [B], and the plain bound with its terms."""

    def advance(self) -> None:
        """A training step has been taken."""
        self.balance.advance()


class TermsObjective(Objective):
    """From the closed-form terms that every model gives, and the prior path where it has one."""

    def __init__(
        self, spec: ObjectiveSpec, model: LatentVariableModel, prior_path_weight: float
    ) -> None:
        super().__init__(spec)
        self._model = [model]  # in a list: its weights are not this module's
        self._prior_path_weight = prior_path_weight

    def forward(self, batch: Any, generator: torch.Generator | None) -> tuple[Tensor, Elbo]:
        elbo = self._model[0].elbo(batch, generator)
        kl = elbo.kl_w_total + elbo.kl_z_total
        worth = elbo.reconstruction - self.balance.weight() * kl
        return worth + self._prior_path_weight * elbo.prior_path, elbo


class DrawnObjective(Objective):
    """From draws of what is latent: any bound, any balance, tempered or not."""

    def __init__(self, spec: ObjectiveSpec, model: Drawing, prior_path_weight: float = 0.0) -> None:
        super().__init__(spec)
        self._prior_path_weight = prior_path_weight
        self._model = [model]
        self._bound = build_bound(spec.bound)
        self._temperature = spec.temperature

    def forward(self, batch: Any, generator: torch.Generator | None) -> tuple[Tensor, Elbo]:
        draws = self._model[0].sample_draws(batch, self._bound.samples, generator)
        return self.of_draws(draws)

    def of_draws(self, draws: LatentDraws) -> tuple[Tensor, Elbo]:
        """The same for draws that are there already."""
        log_px = draws.law.log_prob(draws.x)
        law, told = draws.law, log_px
        if self._temperature != 1.0:
            law = tempered(draws.law, self._temperature)
            told = law.log_prob(draws.x)
        score = draws.by_draw(self.balance.score(draws.x, law, told))
        worth = self._bound(draws, score, self.balance.weight())
        elbo = draws.elbo(draws.by_draw(log_px))
        return worth + self._prior_path_weight * elbo.prior_path, elbo


def tempered(law: Law, beta: float) -> Law:
    """`law.tempered(beta)`; DataError where no closed form is known."""
    if not isinstance(law, Temperable):
        raise DataError(
            f"A {type(law).__name__} cannot be tempered; set objective.temperature to 1."
        )
    return law.tempered(beta)


def build_objective(
    spec: ObjectiveSpec, model: LatentVariableModel, prior_path_weight: float = 0.0
) -> Objective:
    """The objective a spec names, for this model.

    Raises:
        DataError: the model gives no draws and they are needed, or GECO would leave a noise
            without gradient.
    """
    if isinstance(spec.balance, GecoSpec) and _noise_learns(model):
        raise DataError(
            "GECO sets no noise: choose model.noise 'fixed', 'batch_optimal' or 'epoch_optimal'."
        )
    if spec.needs_draws and not isinstance(model, Drawing):
        raise DataError(
            f"A {type(model).__name__} gives its bound in closed form only: set objective.bound to "
            "'elbo' and objective.balance to 'plain', 'beta' or 'warm_up'."
        )
    if spec.needs_draws:
        assert isinstance(model, Drawing)
        return DrawnObjective(spec, model, prior_path_weight)
    return TermsObjective(spec, model, prior_path_weight)


def _noise_learns(model: nn.Module) -> bool:
    noise = getattr(model, "noise", getattr(model, "observation", None))
    return isinstance(noise, nn.Module) and any(True for _ in noise.parameters())


@torch.no_grad()
def importance_bound(
    model: Drawing,
    batch: Any,
    samples: int,
    generator: torch.Generator | None = None,
    at_once: int = 64,
) -> Tensor:
    """The bound of Eq. 3.5 with `samples` draws, [B]: the tighter evaluation beside the ELBO.

    `at_once` of them are held in memory; one draw gives the ELBO's own estimate from draws.
    """
    weights = []
    for begin in range(0, samples, at_once):
        draws = model.sample_draws(batch, min(at_once, samples - begin), generator)
        told = draws.by_draw(draws.law.log_prob(draws.x))
        weights.append(told + draws.log_prior() - draws.log_q())
    total = torch.cat(weights)
    return total.logsumexp(0) - math.log(len(total))
