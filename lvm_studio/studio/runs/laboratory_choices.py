"""What the laboratory offers: the core's observation models, floors and objectives, in words."""

from __future__ import annotations

from lvm_studio.models.noise.specs import (
    AugmentedFloor,
    BatchOptimalNoiseSpec,
    CoordinateNoiseSpec,
    DiagonalNoiseSpec,
    EpochOptimalNoiseSpec,
    FixedNoiseSpec,
    GlobalNoiseSpec,
    LocalNoiseSpec,
    LogisticNoiseSpec,
    MaxFloor,
    NoFloor,
    PyramidNoiseSpec,
    SoftplusFloor,
)
from lvm_studio.studio.widgets.spec_choice import Choice
from lvm_studio.training.objectives.specs import (
    BetaSpec,
    ElboSpec,
    GecoSpec,
    ImportanceSpec,
    PathDerivativeSpec,
    PlainSpec,
    WarmUpSpec,
)

START = {"number": "start", "value": 1.0, "low": 0.01, "high": 10.0, "decimals": 2, "unit": "× "}
START_TIP = "The number is σ at the start, as a multiple of the data's spread: large, to anneal."

NOISES = (
    Choice(
        "One σ, learned",
        f"p(x|z) = N(f(z), σ²I) with one σ, learned by gradient (7.1.1). {START_TIP}",
        GlobalNoiseSpec,
        **START,  # type: ignore[arg-type]
    ),
    Choice(
        "σ fixed",
        "p(x|z) = N(f(z), σ²I) with a σ that only a hand changes (6.2.1): what it decides is how "
        "fine a detail is worth its place in z. In the unit of the data.",
        FixedNoiseSpec,
        number="sigma",
        value=0.043,
        low=0.001,
        high=10.0,
    ),
    Choice(
        "σ(z), one for all coordinates",
        f"The decoder gives σ for every z (7.1.2): the noise may differ along the curve. "
        f"{START_TIP}",
        LocalNoiseSpec,
        **START,  # type: ignore[arg-type]
    ),
    Choice(
        "σ(z), one a coordinate",
        f"The decoder gives a σ for every z and coordinate (Eq. 7.4). {START_TIP}",
        DiagonalNoiseSpec,
        **START,  # type: ignore[arg-type]
    ),
    Choice(
        "σ at its optimum, each batch",
        "σ² = mean squared error of the batch over its coordinates (Eq. 7.3).",
        BatchOptimalNoiseSpec,
    ),
    Choice(
        "σ at its optimum, each epoch",
        "σ² = mean squared error over the last epoch of 10,000 points (Eq. 7.3).",
        EpochOptimalNoiseSpec,
    ),
    Choice(
        "One σ a coordinate, learned",
        f"p(x|z) = N(f(z), diag(σ)²) with σ of both coordinates learned (7.1). {START_TIP}",
        CoordinateNoiseSpec,
        **START,  # type: ignore[arg-type]
    ),
    Choice(
        "Discretised logistic",
        "A logistic law summed over the cells of a grid of 601 levels from −3 to 3. Its bound "
        "counts probabilities of cells, not densities: do not compare it with the others.",
        LogisticNoiseSpec,
        **START,  # type: ignore[arg-type]
        fixed={"low": -3.0, "high": 3.0, "levels": 601},
    ),
    Choice(
        "Pyramid of scales",
        f"Noise scale by scale, each given the coarser one (Eq. 6.4); in the plane: the mean of "
        f"both coordinates, then their difference. {START_TIP}",
        PyramidNoiseSpec,
        **START,  # type: ignore[arg-type]
    ),
)

LEAST = {"number": "sigma_min", "value": 0.02, "low": 0.001, "high": 1.0, "unit": "σₘᵢₙ "}
FLOORS = (
    Choice("none", "σ may fall as far as it will.", NoFloor),
    Choice(
        "softplus",
        "σ = σₘᵢₙ + softplus(·): smooth, and never below (7.2).",
        SoftplusFloor,
        **LEAST,  # type: ignore[arg-type]
    ),
    Choice(
        "maximum",
        "σ = max(σₘᵢₙ, ·): no gradient once it is reached (7.2).",
        MaxFloor,
        **LEAST,  # type: ignore[arg-type]
    ),
    Choice(
        "noise added to the data",
        "Every batch gets fresh noise of σₘᵢₙ, which no z can keep (7.2).",
        AugmentedFloor,
        **LEAST,  # type: ignore[arg-type]
    ),
)

BOUNDS = (
    Choice("ELBO", "E log p(x|z) − KL(q(z|x) ‖ p(z)), KL in closed form (Eq. 3.3).", ElboSpec),
    Choice(
        "Importance-weighted",
        "log of the mean weight of k draws of z: tighter than the ELBO (Eq. 3.5). Curves still "
        "show the plain ELBO.",
        ImportanceSpec,
        number="samples",
        value=8,
        low=2,
        high=256,
        decimals=0,
        unit="k ",
    ),
    Choice(
        "ELBO, path derivative",
        "The ELBO's gradient without the score of q, whose mean is 0 (Eq. 4.4): less noise as q "
        "comes close to the true posterior.",
        PathDerivativeSpec,
    ),
)

BALANCES = (
    Choice("as the bound has it", "Reconstruction − KL.", PlainSpec),
    Choice(
        "β-VAE",
        "Reconstruction − β KL (Eq. 6.2): above 1 blurrier, less in z. Not the same as tempering: "
        "the observation's normaliser is left out (7.A).",
        BetaSpec,
        number="beta",
        value=4.0,
        low=0.01,
        high=100.0,
        decimals=2,
        unit="β ",
    ),
    Choice(
        "KL warm-up",
        "The KL counts from 0 to 1 over so many steps (4.2).",
        WarmUpSpec,
        number="steps",
        value=1000,
        low=1,
        high=100_000,
        decimals=0,
        unit="steps ",
    ),
    Choice(
        "GECO",
        "Least KL with an error per coordinate of at most this (7.1). σ gets no gradient: choose "
        "it fixed or at its optimum.",
        GecoSpec,
        number="error",
        value=0.05,
        low=0.001,
        high=10.0,
        unit="error ",
    ),
)
