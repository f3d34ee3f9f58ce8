import dataclasses

import numpy as np
import pytest
import torch

from lvm_studio.analysis.judging.fidelity import CompVAEPredictor, fit_rivals, heldout_table, judge
from lvm_studio.analysis.judging.records import WeekRecords, draw_cases, season_of
from lvm_studio.analysis.judging.week_folds import judge_fold
from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.composition import Composition
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.london import load_london
from lvm_studio.models.specs import CompVAESpec, VAESpec
from lvm_studio.models.street import base_noise, compose_street
from lvm_studio.models.trained import TrainedModel, build_module

FEW = {"repeats": 3, "samples": 20}


@pytest.fixture(scope="module")
def london():
    return load_london()


@pytest.fixture(scope="module")
def model(london):
    labels, context = LabelEncoder.fit(london), ContextEncoder()
    module = build_module(CompVAESpec(), labels=len(labels.names), context=len(context.names))
    return TrainedModel("untrained", CompVAESpec(), module, labels, context)


def test_cases_are_sums_of_different_complete_households(linear_world):
    complete = linear_world.complete.copy()
    complete[:10, 4] = False
    records = dataclasses.replace(linear_world, complete=complete)
    cases = draw_cases(records, np.arange(30), np.array([4, 7]), 20, (5, 25), seed=0)
    assert [case.week for case in cases] == [4] * 20 + [7] * 20
    for case in cases:
        assert len(set(case.households)) == case.k
        assert records.complete[case.households, case.week].all()
        measured = records.power_kw[case.households, case.week].sum(0)
        np.testing.assert_allclose(case.x, measured, rtol=1e-5)
    assert max(case.k for case in cases[:20]) <= 20
    assert {case.k for case in cases[20:]} <= set(range(5, 26))


def test_cases_follow_their_seed(linear_world):
    first, again, other = (
        draw_cases(linear_world, np.arange(30), np.array([1]), 3, (5, 25), seed)
        for seed in (1, 1, 2)
    )
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.households, b.households)
    assert any(len(a.households) != len(c.households) for a, c in zip(first, other, strict=True))


def test_a_week_without_households_is_named(linear_world):
    empty = dataclasses.replace(linear_world, complete=np.zeros((30, 24), dtype=np.bool_))
    with pytest.raises(DataError, match="complete in 2013-W03"):
        draw_cases(empty, np.arange(30), np.array([2]), 1, (5, 25), 0)


def test_season_turns_with_the_solstices():
    starts = np.array(["2013-06-17", "2013-12-16", "2013-03-18"], dtype="datetime64[m]")
    np.testing.assert_allclose(season_of(starts), [-1.0, 1.0, 0.0], atol=0.05)


def oracle(spread):
    """Draws around the noiseless law of `linear_world`, with a noise of `spread` x 0.3 kW."""

    def draw(labels, context, households, week, n, generator):
        expected = truth.power_kw[households, week].sum(axis=0)
        noise = torch.randn(n, 336, generator=generator, dtype=torch.float64).numpy()
        return expected + spread * 0.3 * np.sqrt(len(households)) * noise

    truth = oracle.truth
    return draw


def test_the_law_that_made_the_data_wins_and_is_calibrated(linear_world, noisy_world):
    oracle.truth = linear_world
    weeks = np.arange(20, 24)
    cases = draw_cases(noisy_world, np.arange(30), weeks, 6, (5, 25), seed=0)
    rivals = fit_rivals(noisy_world, np.arange(30), np.arange(20), seed=0)
    named = {"truth": oracle(1.0), "too narrow": oracle(0.4), "too wide": oracle(2.0)} | rivals
    report = judge(named, noisy_world, cases, tuple("abcd"), samples=100, seed=0)
    for other in report.predictors[1:]:
        assert report.difference("truth", other).mean < 0
    assert report.estimate("truth", "cover80").mean == pytest.approx(0.8, abs=0.02)
    assert report.estimate("too narrow", "cover80").mean < 0.6
    assert report.estimate("too wide", "cover80").mean > 0.9


def test_table_of_a_model_and_its_rivals(london, model):
    weeks = london.split.heldout_weeks[:2]
    report = heldout_table(model, london, 0, weeks=weeks, **FEW)
    assert report.predictors[:2] == ("untrained", "ridge")
    assert report.weeks == weeks
    assert report.k.shape == (2, 3)
    assert (report.k >= 20).all()
    assert (report.k <= 60).all()
    assert np.isfinite(report.scores).all()
    assert report.difference("ridge", "untrained").mean < 0
    again = heldout_table(model, london, 0, weeks=weeks, **FEW)
    np.testing.assert_array_equal(again.scores, report.scores)


def test_rivals_know_nothing_of_held_out_weeks_not_even_through_labels(london):
    power = london.power_w.copy()
    for week in london.split.heldout_weeks:
        first = london.weeks.starts[london.weeks.index(week)]
        inside = (london.times >= first) & (london.times < first + np.timedelta64(7, "D"))
        power[:, inside] *= 3.0
    perturbed = dataclasses.replace(london, power_w=power)
    week = london.weeks.index(london.split.heldout_weeks[3])
    rows = london.indices(london.split.train_households[:20])

    def draws(households):
        records = WeekRecords.of(households)
        train = households.weeks.indices(households.split.train_weeks)
        rivals = fit_rivals(records, rows, train, seed=0)
        return {
            name: rival(
                records.labels[rows],
                records.context[week],
                rows,
                week,
                5,
                torch.Generator().manual_seed(1),
            )
            for name, rival in rivals.items()
        }

    before, after = draws(london), draws(perturbed)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


def test_an_inner_cut_withholds_its_weeks_from_the_rivals(london, monkeypatch):
    fitted = []

    def remember(records, households, weeks, *, seed):
        fitted.extend(london.weeks.ids[week] for week in weeks)
        return {}

    monkeypatch.setattr("lvm_studio.analysis.judging.fidelity.fit_rivals", remember)
    weeks = london.split.train_weeks[3:5]
    report = heldout_table({"flat": flat}, london, 0, weeks=weeks, **FEW)
    assert set(fitted) == set(london.split.train_weeks) - set(weeks)
    assert report.weeks == weeks


def test_what_a_model_was_not_told_is_not_told_when_it_is_judged(london, model, monkeypatch):
    told = []

    def remember(records, households, weeks, *, seed):
        told.append(records.context)
        return {}

    for module in ("fidelity", "week_folds"):
        monkeypatch.setattr(f"lvm_studio.analysis.judging.{module}.fit_rivals", remember)
    blind = dataclasses.replace(model, context=ContextEncoder(withheld=("temperature",)))
    heldout_table(blind, london, 0, weeks=london.split.heldout_weeks[:1], repeats=1, samples=2)
    judge_fold(blind, london, 0, repeats=1, samples=2)
    temperatures = ContextEncoder.GROUPS["temperature"]
    for context in told:
        assert (context[..., temperatures] == 0).all()
        assert context[..., temperatures.stop :].any()


def flat(labels, context, households, week, n, generator):
    return 0.4 * len(households) + torch.rand(n, 336, generator=generator).numpy()


def test_held_out_households_can_be_judged(london):
    report = heldout_table(
        {"flat": flat},
        london,
        0,
        weeks=london.split.heldout_weeks[:2],
        judged=london.split.heldout_households,
        k_range=(5, 14),
        **FEW,
    )
    assert report.k.max() <= 14


def test_the_predictor_draws_what_the_street_draws(london, model):
    ids = london.split.train_households[:8]
    records = WeekRecords.of(london, model.labels)
    rows, week = london.indices(ids), 3
    street = compose_street(
        model, london, Composition(tuple((i, 1) for i in ids)), records.context[week]
    )
    u, eps = base_noise(3000, street.dim, seed=0)
    shown = street.decode(u).transport(eps).numpy()
    drawn = CompVAEPredictor(model.module)(
        records.labels[rows],
        records.context[week],
        rows,
        week,
        3000,
        torch.Generator().manual_seed(0),
    )
    sem = shown.std() / np.sqrt(3000)
    np.testing.assert_allclose(drawn.mean(0), shown.mean(0), atol=7 * sem)
    np.testing.assert_allclose(drawn.std(0), shown.std(0), rtol=0.12)


def test_a_model_without_households_is_refused(london):
    vae = TrainedModel(
        "plain", VAESpec(), build_module(VAESpec(), labels=0, context=0), None, ContextEncoder()
    )
    with pytest.raises(DataError, match="plain sees no households"):
        heldout_table(vae, london, 0, weeks=london.split.heldout_weeks[:2], **FEW)
