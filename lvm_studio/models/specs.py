"""The sizes of the models: frozen, validated, and free of torch, so that a window can show them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Width = Annotated[int, Field(ge=1, le=4096)]
Depth = Annotated[int, Field(ge=0, le=32)]
Probability = Annotated[float, Field(ge=0.0, lt=1.0)]


class CompVAESpec(BaseModel):
    """Sizes of a compositional VAE (chapter 9); label and context sizes come from the data.

    >>> CompVAESpec(latent_w=8).latent_w
    8
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["compvae"] = "compvae"
    latent_w: Width = Field(default=24, description="coordinates of each w_i, and of their sum")
    latent_z: Width = Field(default=4, description="coordinates of z for each of the seven days")
    part_hidden: Width = Field(
        default=64, description="width of the networks that see single parts"
    )
    day_hidden: Width = Field(default=96, description="width of the networks that see days")
    graph_layers: Depth = Field(default=2, description="GraphNN layers in q(w | x, c, labels)")
    day_blocks: Depth = Field(default=2, description="residual blocks of each day network")
    dropout: Probability = 0.1


class VAESpec(BaseModel):
    """Sizes of a Gaussian VAE of the sums of `k` households (chapters 6 and 7).

    >>> VAESpec().k
    10
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vae"] = "vae"
    k: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="households in every sum"
    )
    latent_z: Width = 12
    hidden: Width = 192
    blocks: Depth = 2
    dropout: Probability = 0.1


ModelSpec = Annotated[CompVAESpec | VAESpec, Field(discriminator="kind")]
