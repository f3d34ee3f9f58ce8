"""Settings of the recipes that learn artificial wholes (9.3.1, 9.3.2)."""

from __future__ import annotations

from lvm_studio.models.specs import AnchorsSpec, SinesSpec
from lvm_studio.training.spec import TrainSpec

PARTS_RUNS: tuple[tuple[str, str, TrainSpec], ...] = (
    (
        "Sums of sines (CompVAE)",
        "The first artificial problem of chapter 9: 1 to 16 sines, of which frequencies alone are "
        "told, added and bent by a tanh. Fresh curves in every step; needs no data set.",
        TrainSpec(
            recipe="sines",
            model=SinesSpec(),
            minutes=9.5,
            steps=40_000,
            batch=256,
            betas=(0.9, 0.99),
            weight_decay=0.0,
            prior_path_weight=0.0,
            k_min=1,
            k_max=16,
            eval_every=200,
        ),
    ),
    (
        "Colour anchors (CompVAE)",
        "The second artificial problem of chapter 9: images of 1 to 8 coloured points, whose "
        "intensity is not told. Fresh images in every step; needs no data set.",
        TrainSpec(
            recipe="anchors",
            model=AnchorsSpec(latent_w=320, places="grid"),
            steps=8000,
            batch=64,
            lr=4e-3,
            betas=(0.9, 0.99),
            weight_decay=0.0,
            prior_path_weight=0.0,
            k_min=1,
            k_max=8,
            eval_every=200,
        ),
    ),
)
