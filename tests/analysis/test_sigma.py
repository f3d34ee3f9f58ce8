"""Chapters 6 and 7: members learn as if alone, PCA is met, the page is laid out."""

import itertools

import numpy as np
import pytest
import torch

from lvm_studio.analysis.chapters import sigma as page
from lvm_studio.analysis.chapters.base import ChapterSpec
from lvm_studio.analysis.sigma.ensemble import Ensemble, Schedule
from lvm_studio.analysis.sigma.ppca import linear_data, train_linear
from lvm_studio.analysis.sigma.study import (
    Setting,
    best_sigma,
    difference,
    group,
    learned,
    repeated,
    sphere_radii,
)
from lvm_studio.data.vectors.manifolds import Sinusoid
from lvm_studio.models.noise.specs import FixedNoiseSpec
from lvm_studio.models.specs import VectorVAESpec

ROUNDING = 1e-12
SHORT = Schedule(epochs=1, epoch=3, batch=10)
SWEEP = [FixedNoiseSpec(sigma=float(sigma)) for sigma in np.geomspace(0.015, 0.12, 10)]


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("kind", ["fixed", "global", "batch_optimal", "epoch_optimal", "diagonal"])
def test_a_member_learns_what_it_would_learn_alone(kind):
    spec = VectorVAESpec(hidden=8, latent_z=2, noise=kind)
    many = Ensemble([spec] * 3, Sinusoid(), [5, 6, 7], SHORT)
    batches = [many._batch(10, 1, np.random.default_rng(i)) for i in range(3)]
    one = Ensemble([spec], Sinusoid(), [6], SHORT)
    for batch in batches:
        many._batch = lambda *_, batch=batch: batch
        one._batch = lambda *_, batch=batch: tuple(part[1:2] for part in batch)
        many._frame.train(), one._frame.train()
        many._train_step(), one._train_step()
    states = many.member(1).state_dict(), one.member(0).state_dict()
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("by_gradient", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_linear_vae_meets_probabilistic_pca(by_gradient, seed):
    run = train_linear(
        linear_data(200, 6, 2, 0.4, seed), 2, seed, by_gradient=by_gradient, steps=150
    )
    best, settled = run.closed.log_likelihood, run.settled
    assert abs(settled.tight - best) < 4 * settled.error + ROUNDING
    assert settled.error < 1e-5  # or the line above would say little
    assert settled.sigma == pytest.approx(run.closed.sigma, rel=1e-4)
    for found in (run.drawn, settled):
        assert found.elbo <= found.exact + ROUNDING
        assert found.exact <= best + ROUNDING
    assert run.drawn.exact < best - 1e-6  # what the settling is for


def test_every_member_is_given_its_own_sigma():
    many = Ensemble(
        [VectorVAESpec(hidden=8, latent_z=2, noise="fixed")] * 2, Sinusoid(), [0, 1], SHORT
    )
    many.put_sigma(np.array([0.3, 0.5]))
    many.train_epoch()
    assert [float(many.member(i).sigma()) for i in range(2)] == pytest.approx([0.3, 0.5])


def test_difference_of_runs_has_its_error():
    rng = np.random.default_rng(0)
    mean, error = difference(rng.normal(1, 1, 400), rng.normal(0, 1, 400))
    assert error == pytest.approx(np.sqrt(2 / 400), rel=0.1)
    assert abs(mean - 1) < 4 * error


def test_the_page_is_laid_out(monkeypatch):
    small = Setting(
        sigmas=6,
        repetitions=2,
        variants=2,
        epochs=1,
        sphere_epochs=1,
        sphere_ratios=(0.4, 1.5),
        linear_seeds=1,
        linear_steps=20,
    )
    monkeypatch.setattr(page, "setting_of", lambda spec: small)
    monkeypatch.setattr(Setting, "schedule", property(lambda self: SHORT))
    made = finished(page.chapter(ChapterSpec()))
    names = {figure.name[:7] for figure in made.figures}
    assert names == {
        f"fig-{n}" for n in ("6-5", "6-6", "6-7", "7-1", "7-2", "7-3", "7-4", "7-5", "7-6")
    }


@pytest.mark.study
def test_what_chapter_seven_claims_over_ten_seeds():
    """Local > learned > best fixed > fixed there, once the annealing has come to its end."""
    setting = Setting(epochs=60, lr=8e-3)
    found = {name: finished(work) for name, work in learned(setting).items()}
    one = found["global"]
    sweep = finished(group("fixed", SWEEP, setting.seeds, setting))
    best, at_learned = (
        finished(repeated("fixed", FixedNoiseSpec(sigma=sigma), setting))
        for sigma in (best_sigma(sweep), float(one.terms.sigma.mean()))
    )
    ladder = [found["local"], one, best, at_learned]
    for better, worse in itertools.pairwise(ladder):
        mean, error = difference(better.terms.elbo, worse.terms.elbo)
        assert mean > 3 * error
    for name in ("global", "batch", "epoch"):
        ratio = found[name].terms.sigma / found[name].optimal_sigma
        assert ratio.mean() == pytest.approx(1.0, abs=0.02)


@pytest.mark.study
@pytest.mark.parametrize("dim", [2, 10])
def test_trained_radii_follow_the_theory(dim):
    found = finished(sphere_radii(dim, Setting()))
    above = found.theory > 0
    np.testing.assert_allclose(found.mean[above], found.theory[above], rtol=0.05)
    assert (found.mean[~above] < 0.03).all()
