"""The page of chapter 10, made in seconds; and the parts of it that have a truth."""

import math

import numpy as np
import pytest
import torch
from html_balance import Balance

from lvm_studio.analysis.boltzmann.bands import BandSpec, picked_counts, real_one_in_n
from lvm_studio.analysis.boltzmann.costs import CostSetting, MethodCost, break_even
from lvm_studio.analysis.boltzmann.digits import DigitsSetting
from lvm_studio.analysis.boltzmann.honest import HonestSpec, _Sample, real_curves, tails_of
from lvm_studio.analysis.boltzmann.images import figures_of, frechet
from lvm_studio.analysis.chapters.base import ChapterProgress, ChapterSpec
from lvm_studio.analysis.chapters.boltzmann import Setting, make
from lvm_studio.analysis.pages import write_page
from lvm_studio.data.london import load_london
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.data.vectors.digits import load_digits
from lvm_studio.models.judges import Judge, JudgeSpec
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.start import SHIPPED_MODEL, starting_workspace
from lvm_studio.tuning.criteria.criterion import CRITERIA
from lvm_studio.tuning.specs import SmcSpec

TINY = SmcSpec(particles=256, components=1)
INSTANT = Setting(
    digits=DigitsSetting(
        vae_steps=4,
        vae_hidden=8,
        judge_steps=4,
        pool=512,
        particles=256,
        flow_steps=2,
        logit_flow_steps=2,
        gradients=50,
        judged=200,
    ),
    vae_steps=2,
    prior_steps=2,
    smc=TINY,
    street_smc=TINY,
    pool=256,
    cost=CostSetting(
        base_draws=2000,
        chains=8,
        chain_steps=4,
        flow_steps=2,
        update_steps=2,
        flow_draws=256,
        pool=256,
        climb_draws=128,
    ),
    bands=BandSpec(sums=1200, resamples=2),
    honest=HonestSpec(sums=2000, seeds=(0, 1)),
    costed=("flexibility",),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:")
def test_the_page_holds_the_chapter(tmp_path):
    shipped = TrainedModel.from_tree(starting_workspace().models[SHIPPED_MODEL])
    digits = load_digits().rows(np.arange(0, 5000, 10))
    steps = make(ChapterSpec(seeds=1), INSTANT, digits, load_london(), shipped)
    while True:
        try:
            said = next(steps)
        except StopIteration as end:
            page = end.value
            break
        assert isinstance(said, ChapterProgress)
        assert 0 <= said.done <= said.total
    names = {figure.name for figure in page.figures}
    assert {"digits-gradients", "digits-paths", "digits-fronts", "digits-rows"} <= names
    assert {"extremes-ten", "extremes-hundred", "refined-paths", "refined-matched"} <= names
    parsed = Balance()
    parsed.feed(write_page(page, tmp_path).read_text(encoding="utf-8"))
    assert parsed.open == []
    text = " ".join(parsed.text)
    for words in (
        "thesis: 0.17 and 0.58",
        "plain Langevin",
        "Does matching the noise help?",
        "Honest extremes",
    ):
        assert words in text
    assert (tmp_path / "data" / "extremes-ten.csv").is_file()


def test_frechet_distance_of_gaussians_is_the_closed_form():
    """Of N(0, I) and N(1, 4 I) in two dimensions: 2 + 2 (1 + 4 - 2·2) = 4."""
    x = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    assert frechet(x, 2.0 * x + 1.0) == pytest.approx(4.0, rel=0.02)


def test_images_like_the_real_ones_are_at_no_distance():
    torch.manual_seed(0)
    judge = Judge(JudgeSpec(dim=9, outputs=3, hidden=4)).eval()
    images = torch.rand(300, 9)
    figures = figures_of(images, images, judge)
    assert figures.distance == pytest.approx(0.0, abs=1e-6)
    assert figures.diversity == 1.0
    assert figures.classes.sum() == pytest.approx(1.0)
    assert 1.0 <= figures.classes_kept <= 3.0


def test_a_sum_of_different_households_never_holds_one_twice():
    rng = np.random.default_rng(0)
    slot = np.array([0, 0, 0, 1, 2, 3])
    counts = picked_counts(slot, 4, 4000, 2, rng)
    assert counts.max() == 1.0
    assert (counts.sum(axis=1) == 2.0).all()
    mean = counts.mean(axis=0)
    assert mean[0] > 1.5 * mean[1]
    assert mean[1:] == pytest.approx(np.full(3, mean[1:].mean()), abs=0.03)


def test_more_than_there_are_come_again():
    counts = picked_counts(np.array([0, 1]), 2, 50, 5, np.random.default_rng(0))
    assert (counts.sum(axis=1) == 5.0).all()


def test_bands_hold_the_figures_they_belong_to():
    street = simulate_street(StreetSpec(20, 12))
    figures = real_one_in_n(street, 5, CRITERIA["peak"], 20.0, BandSpec(sums=600, resamples=8))
    assert figures.quantile_band is not None
    assert figures.quantile_band[0] < figures.quantile_band[1]
    assert figures.quantile < figures.mean_beyond
    middle = 0.5 * sum(figures.quantile_band)
    assert middle == pytest.approx(figures.quantile, rel=0.3)


def test_break_even_is_never_where_nothing_is_gained():
    cheap = MethodCost("a", 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, "")
    dear = MethodCost("b", 100.0, 0.0, 1.0, 0.0, 0.0, 0.0, "")
    assert math.isinf(break_even(dear, cheap))


def test_tails_of_a_normal_are_its_closed_form():
    """Quantiles of N(0, 1), and a mean of √(2 KL) where it is tilted to a KL."""
    f = np.random.default_rng(0).standard_normal(400_000)
    found = tails_of(3.0 + 2.0 * f)
    exact = 3.0 + 2.0 * np.array([0.0, 1.2816, 2.3263, 3.0902, 2.1448, 3.0332])
    assert found[:6] == pytest.approx(exact, abs=0.15)


def test_real_sums_are_of_that_many_households_and_tilting_raises_them():
    street = simulate_street(StreetSpec(20, 12))
    curves = real_curves(street, street.split.train_weeks, 5, 400, np.random.default_rng(0))
    one = street.weeks.power_kw[street.weeks.complete].sum(axis=-1).mean()
    assert curves.sum(axis=1).mean() / one == pytest.approx(5.0, rel=0.3)
    sample = _Sample(curves)
    higher = curves[sample.tilted(0, np.random.default_rng(0))].max(axis=1).mean()
    assert higher > 1.2 * sample.scores[:, 0].mean()
