"""Chapters 6 and 7 made again: how the noise σ decides what a model sees, and how it is learned."""

from __future__ import annotations

import numpy as np

from lvm_studio.analysis.chapters.base import Chapter, ChapterSpec
from lvm_studio.analysis.chapters.sigma_else import (
    linear_section,
    tempering_section,
    winning_section,
)
from lvm_studio.analysis.chapters.sigma_fixed import (
    bell_section,
    fixed_section,
    hypersphere_section,
)
from lvm_studio.analysis.chapters.sigma_learned import dynamics_section, learned_section
from lvm_studio.analysis.chapters.sigma_results import Results, trained
from lvm_studio.analysis.pages.page import Page
from lvm_studio.analysis.sigma.study import Setting

LEAST_SEEDS = 10
"""What is compared is repeated at least this often."""


def setting_of(spec: ChapterSpec) -> Setting:
    """Reduced: 30 sigmas, 10 seeds, 30 epochs; full: 50 sigmas, 20 seeds, 100 epochs."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    seeds = max(LEAST_SEEDS, spec.seeds)
    if spec.reduced:
        return Setting(repetitions=seeds, device=device, seed=spec.seed)
    return Setting(
        sigmas=50,
        repetitions=max(20, seeds),
        variants=5,
        epochs=100,
        sphere_epochs=60,
        sphere_ratios=tuple(float(r) for r in np.linspace(0.1, 1.6, 16)),
        device=device,
        seed=spec.seed,
    )


def chapter(spec: ChapterSpec) -> Chapter:
    """Train everything, then lay out the page."""
    setting = setting_of(spec)
    results = yield from trained(setting)
    return page_of(results, setting)


def page_of(results: Results, setting: Setting) -> Page:
    """The page of these results."""
    return Page(
        "Chapters 6 and 7: the noise of the observation model",
        "A Gaussian VAE sees what its noise σ lets it see. Fixed too large it smooths the data, "
        "too small it stores their noise; learned from a large start it anneals, and a model "
        "that learns its noise, above all one noise for each z, beats every fixed one. "
        f"Compared runs are repeated over {setting.repetitions} seeds.",
        (
            hypersphere_section(results),
            fixed_section(results, setting),
            learned_section(results),
            dynamics_section(results),
            bell_section(results, setting),
            winning_section(results),
            tempering_section(results),
            linear_section(results),
        ),
    )
