"""The linear head: a bilinear form that is recovered from data, and never sees its own fold."""

import numpy as np
import pytest
import torch

from lvm_studio.data.calendar import ContextEncoder, week_start
from lvm_studio.models.linear_head import LinearHead
from lvm_studio.models.specs import LinearHeadSpec
from lvm_studio.training.linear_head import FOLDS, HouseholdWeeks, fit_head, fold_of

SPEC = LinearHeadSpec(rank=3, anchors=12, penalty=1e-3, strangers=0.0)


def made_up(households=12, weeks=30, seed=0):
    """Mean load and slope on the cold differ by household; one of them does as its label says."""
    rng = np.random.default_rng(seed)
    labels = rng.normal(size=(households, 2)).astype(np.float32) * 3
    starts = week_start("2013-W01") + np.arange(weeks) * np.timedelta64(7, "D")
    temperature = 11 + 8 * np.cos(np.arange(weeks) / weeks * 6.28)[:, None] + np.zeros((1, 336))
    context = ContextEncoder().contexts(temperature, starts, "UTC", "")
    cold = np.maximum(15 - temperature, 0)
    own = 1 + 0.1 * labels[:, :1] + rng.normal(size=(households, 1)) * 0.2
    power = own[:, None] + 0.02 * own[:, None] * cold[None]
    complete = np.ones((households, weeks), dtype=bool)
    return HouseholdWeeks(power.astype(np.float32), complete, labels, context)


@pytest.fixture(scope="module")
def fitted():
    data = made_up()
    head = LinearHead(SPEC, labels=2)
    head.fill_folds(fit_head(head, data), fold_of(len(data.context)))
    return head.eval(), data


def test_a_bilinear_truth_is_recovered(fitted):
    head, data = fitted
    scores, known = head.scores(torch.from_numpy(data.labels))
    context = torch.from_numpy(data.context[7]).expand(len(scores), -1, -1)
    torch.testing.assert_close(known, torch.ones_like(known))
    truth = torch.from_numpy(data.power_kw[:, 7])
    assert (head(scores, context) - truth).abs().max() < 0.05


def test_one_week_for_all_and_a_week_each_give_the_same_curves(fitted):
    head, data = fitted
    scores = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    shared = torch.from_numpy(data.context[3]).expand(4, -1, -1)
    torch.testing.assert_close(head(scores, shared), head(scores, shared.clone()))


def test_scores_of_training_households_have_unit_spread(fitted):
    head, data = fitted
    scores, _ = head.scores(torch.from_numpy(data.labels))
    torch.testing.assert_close(scores.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    assert (scores.std(0, correction=0)[0] - 1).abs() < 1e-3


def test_far_from_all_anchors_a_household_is_its_label_alone(fitted):
    head, _ = fitted
    _, known = head.scores(torch.full((1, 2), 1e3))
    assert float(known) == 0.0


def test_while_training_a_week_is_decoded_by_what_was_fitted_without_it():
    data = made_up()
    changed = made_up()
    changed.power_kw[:, 7] += 5.0  # week 7 alone
    curves = []
    for each in (data, changed):
        head = LinearHead(SPEC, labels=2)
        head.fill_folds(fit_head(head, each), fold_of(len(data.context)))
        # the same scores read by the loadings of the fold of week 7
        head.train()
        told = torch.zeros(1, 3)
        curves.append(head(told, torch.from_numpy(data.context[7:8]), torch.tensor([7])))
    torch.testing.assert_close(curves[0], curves[1], atol=0.05, rtol=0)
    assert int(fold_of(30)[7]) == 7 % FOLDS


def test_strangers_are_met_in_training_only():
    data = made_up()
    head = LinearHead(SPEC.model_copy(update={"strangers": 0.5}), labels=2)
    fit_head(head, data)
    labels = torch.from_numpy(data.labels).repeat(50, 1)
    torch.manual_seed(0)
    _, known = head.train().scores(labels)
    assert 0.4 < float((known == 0).float().mean()) < 0.6
    assert float(head.eval().scores(labels)[1].min()) > 0.99


def test_where_households_share_labels_strangers_score_as_sensibly_as_they():
    data = made_up()
    data.labels[:] = data.labels[[0, 1, 2] * 4]  # three kinds leave two directions
    head = LinearHead(SPEC.model_copy(update={"rank": 8}), labels=2)
    fit_head(head, data)
    kinds = torch.from_numpy(data.labels[:3])
    known, _ = head.eval().scores(kinds)
    strangers = head.household_features(kinds, torch.zeros(3, 12)) @ head.to_scores
    assert strangers.abs().max() < 10 * known.abs().max()


def test_more_households_than_anchors():
    head = LinearHead(SPEC.model_copy(update={"anchors": 5}), labels=2)
    fit_head(head, made_up())
    assert torch.isfinite(head.loadings).all()


@pytest.mark.parametrize(("seasons", "follows"), [((1.0, 0.5, 0.3), False), ((1.0,) * 5, True)])
def test_a_swing_that_comes_five_times_a_year_takes_five_harmonics(seasons, follows):
    data = made_up(weeks=52)
    swing = np.sin(5 * 2 * np.pi * np.arange(52) / 52).astype(np.float32)
    data.power_kw[:] += 0.3 * swing[None, :, None]
    head = LinearHead(SPEC.model_copy(update={"seasons": seasons}), labels=2)
    fit_head(head, data)
    curve = head.eval()(torch.zeros(52, 3), torch.from_numpy(data.context)).mean(1)
    explained = np.corrcoef(curve.numpy() - data.power_kw.mean((0, 2)) + 0.3 * swing, swing)[0, 1]
    assert (explained > 0.9) == follows
