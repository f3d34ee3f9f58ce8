"""What a run maximises: frozen, validated, free of torch.

Three choices that combine freely: which bound is estimated and how (`bound`), how its two terms
are balanced (`balance`), and whether the observation model is tempered (`temperature`). beta-VAE
and observation tempering are different things: the first multiplies the KL and leaves the
observation's normaliser out, the second keeps it (Eq. 7.6; the page of chapter 7 shows both).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, lt=1e6)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ElboSpec(_Spec):
    """One draw of z, KL in closed form (Eq. 3.3)."""

    kind: Literal["elbo"] = "elbo"


class PathDerivativeSpec(_Spec):
    """One draw of z, KL from the draw; gradients pass q through the draw alone (Eq. 4.4, 4.5)."""

    kind: Literal["path_derivative"] = "path_derivative"


class ImportanceSpec(_Spec):
    """k draws of z, averaged by their weights before the logarithm (Eq. 3.5)."""

    kind: Literal["importance"] = "importance"
    samples: Annotated[int, Field(ge=1, le=4096)] = 16


class PlainSpec(_Spec):
    """Reconstruction and KL as the bound has them."""

    kind: Literal["plain"] = "plain"


class BetaSpec(_Spec):
    """beta times the KL (Eq. 6.2); above 1: blurrier, less in z."""

    kind: Literal["beta"] = "beta"
    beta: Positive = 4.0


class WarmUpSpec(_Spec):
    """The KL's weight grows linearly from `start` to 1 over the first `steps` steps (5.4)."""

    kind: Literal["warm_up"] = "warm_up"
    steps: Annotated[int, Field(ge=1)] = 1000
    start: Annotated[float, Field(ge=0, le=1)] = 0.0


class GecoSpec(_Spec):
    """Least KL with a mean squared error per coordinate of at most `error`^2 (7.1.1).

    A multiplier grows while the error is above and falls while it is below; `pace` is how fast.
    The noise gets no gradient: it should be fixed or set to its optimum (Eq. 7.3).
    """

    kind: Literal["geco"] = "geco"
    error: Positive = Field(default=0.05, description="in the unit of the data")
    pace: Positive = 0.01
    memory: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.95, description="of the moving average of the error"
    )


def _named(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


BoundSpec = Annotated[
    Annotated[ElboSpec | PathDerivativeSpec | ImportanceSpec, Field(discriminator="kind")],
    BeforeValidator(_named),
]
BalanceSpec = Annotated[
    Annotated[PlainSpec | BetaSpec | WarmUpSpec | GecoSpec, Field(discriminator="kind")],
    BeforeValidator(_named),
]


class ObjectiveSpec(_Spec):
    """What is maximised.

    >>> ObjectiveSpec(bound="importance", balance={"kind": "beta", "beta": 2}).balance.beta
    2.0
    """

    bound: BoundSpec = ElboSpec()
    balance: BalanceSpec = PlainSpec()
    temperature: Positive = Field(
        default=1.0, description="beta of p(x | z)^(1/beta), normalised (Eq. 7.6)"
    )

    @property
    def needs_draws(self) -> bool:
        """Whether more is asked than the closed-form terms that every model gives."""
        told = isinstance(self.bound, ElboSpec) and not isinstance(self.balance, GecoSpec)
        return not (told and self.temperature == 1.0)
