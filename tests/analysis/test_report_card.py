"""Report cards of generators that are known to be right, and of those that are spoiled."""

import json
from dataclasses import replace

import known_street
import numpy as np
import pytest

from lvm_studio.analysis.judging.fidelity import fit_rivals
from lvm_studio.analysis.report_card.card import CARD_KEY, ReportCard, stored_card
from lvm_studio.analysis.report_card.catalogue import BANDS, BY_KEY
from lvm_studio.analysis.report_card.drawing import _protocols, draw_up
from lvm_studio.analysis.report_card.job import CardJob
from lvm_studio.analysis.report_card.spec import CardProgress, CardSpec
from lvm_studio.analysis.report_card.verdicts import Verdict
from lvm_studio.data.calendar import ContextEncoder
from lvm_studio.data.errors import DataError
from lvm_studio.data.labels import LabelEncoder
from lvm_studio.data.simulated import SMALL_STREET, simulate_street
from lvm_studio.models.specs import CompVAESpec, VAESpec
from lvm_studio.models.trained import TrainedModel, build_module

SPEC = CardSpec(seed=1, repeats=6, samples=40, splits=4, pairs=6, k_low=4, k_high=12)
TINY = CardSpec(seed=1, repeats=1, samples=10, splits=2, pairs=1, k_low=4, k_high=12)
AGAINST_RIVALS = ("energy", "crps")


def finish(steps):
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


@pytest.fixture(scope="module")
def truth():
    return known_street.trial()


@pytest.fixture(scope="module", autouse=True)
def rivals_once(truth):
    """The rivals do not hang on the predictor: fit them once for all cards of the street."""
    fitted = {}

    def once(records, households, weeks, *, seed):
        if seed not in fitted:
            fitted[seed] = fit_rivals(records, households, weeks, seed=seed)
        return fitted[seed]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lvm_studio.analysis.report_card.drawing.fit_rivals", once)
        yield


@pytest.fixture(scope="module")
def perfect(truth):
    return finish(draw_up(truth, SPEC))


def spoiled(truth, change):
    return finish(draw_up(known_street.spoiled(truth, change), SPEC))[0]


def test_a_perfect_generator_is_as_good_as_real(perfect):
    card, _ = perfect
    for finding in card.findings:
        if not finding.key.startswith(AGAINST_RIVALS):
            by_chance = finding.group == BANDS and "two standard errors" in finding.words
            assert finding.verdict in (Verdict.AS_REAL, Verdict.GOOD) or by_chance, finding
    distributions = ("peak", "sustained", "flexibility", "temperature", "roughness", "same_labels")
    assert {card.finding(key).verdict for key in distributions} == {Verdict.AS_REAL}


def test_the_true_slope_of_heating_is_found(perfect):
    temperature = perfect[0].finding("temperature")
    assert temperature.value == pytest.approx(known_street.HEATING_W, rel=0.1)
    assert temperature.real == pytest.approx(known_street.HEATING_W, rel=0.2)


def test_too_high_a_generator_is_told_so(truth):
    card = spoiled(truth, lambda curves, k, call: 1.3 * curves)
    for key in ("peak", "sustained", "flexibility", "admd"):
        finding = card.finding(key)
        assert finding.verdict is Verdict.SHORT
        assert "too high" in finding.words
    assert "too strong" in card.finding("temperature").words
    assert "÷ ridge" in card.finding("energy_ridge").title
    assert "above ridge" in card.finding("energy_ridge").words


def test_noise_without_memory_is_too_rough(truth):
    rng = np.random.default_rng(0)
    card = spoiled(
        truth, lambda curves, k, call: curves + 0.2 * np.sqrt(k) * rng.normal(size=curves.shape)
    )
    assert card.finding("roughness").verdict is Verdict.SHORT
    assert "too rough" in card.finding("roughness").words
    assert "too short" in card.finding("lag1").words


def test_bands_of_a_generator_without_spread_are_too_narrow(truth):
    card = spoiled(
        truth, lambda curves, k, call: curves.mean(axis=0) + 0.2 * (curves - curves.mean(axis=0))
    )
    for key in ("cover50", "cover90", "peak80"):
        assert card.finding(key).verdict is Verdict.SHORT
        assert "too narrow" in card.finding(key).words


def test_a_late_generator_is_late(truth):
    card = spoiled(truth, lambda curves, k, call: np.roll(curves, 8, axis=1))
    hour = card.finding("peak_hour")
    assert hour.verdict is Verdict.SHORT
    assert hour.distance == pytest.approx(4.0, abs=0.5)
    assert "later" in hour.words


def test_a_generator_that_copies_training_weeks_is_caught(truth):
    def copy(curves, k, call):
        households, week = call
        source = truth.train_weeks[week % len(truth.train_weeks)]
        return np.repeat(truth.records.power_kw[households, source].sum(0)[None], len(curves), 0)

    card = spoiled(truth, copy)
    for key in ("near_sums", "near_households"):
        assert card.finding(key).value == 1.0
        assert card.finding(key).verdict is Verdict.SHORT


def test_progress_rises_to_its_end_and_tells_time_left(perfect):
    _, said = perfect
    assert all(isinstance(report, CardProgress) for report in said)
    shares = [report.share for report in said]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.02)
    assert said[-1].seconds_left is not None


def test_the_same_seed_gives_the_same_card(truth):
    first, again = (finish(draw_up(truth, TINY))[0] for _ in range(2))
    assert replace(again, seconds=0.0) == replace(first, seconds=0.0)


def test_figures_say_sample_size_seed_and_how(perfect):
    card, _ = perfect
    keys = {"peak", "sustained", "flexibility", "admd", "autocorrelation", "peak_hour", "weather"}
    assert {figure.key for figure in card.figures} == keys
    for figure in card.figures:
        assert "144 sums" in figure.note or figure.key == "admd"
        assert "seed 1" in figure.note
        assert {series.role for series in figure.series} == {"real", "generated"}
        assert figure.band is not None


def test_a_card_goes_through_json(perfect):
    card, _ = perfect
    text = card.to_json()
    json.loads(text, parse_constant=pytest.fail)  # no NaN, no Infinity
    assert ReportCard.from_json(text) == card
    assert stored_card({"provenance": {CARD_KEY: text}}) == card
    assert stored_card({"provenance": {CARD_KEY: "of another version"}}) is None
    assert stored_card({"provenance": {}}) is None
    with pytest.raises(DataError, match="model: Field required"):
        ReportCard.from_json("{}")


def test_every_finding_is_defined_and_has_a_reason(perfect):
    for finding in perfect[0].findings:
        assert BY_KEY[finding.key].definition == finding.definition
        assert finding.reason
        assert finding.words.endswith(".")
        assert finding.floor is not None


def test_too_little_to_judge_by_is_one_sentence(truth):
    with pytest.raises(DataError, match="1 held-out weeks; a report card needs two"):
        replace(truth, heldout_weeks=truth.heldout_weeks[:1])
    few = replace(truth, households=truth.households[:3])
    with pytest.raises(DataError, match="needs 4 households that can be judged; there are 3"):
        finish(draw_up(few, SPEC))


def test_without_cold_days_the_answer_to_cold_cannot_be_told(truth):
    warm = replace(truth.records, temperature_c=np.full((24, 336), 20.0, dtype=np.float32))
    card, _ = finish(draw_up(replace(truth, records=warm), TINY))
    finding = card.finding("temperature")
    assert finding.verdict is Verdict.UNTOLD
    assert (finding.value, finding.distance) == (None, None)
    assert ReportCard.from_json(card.to_json()) == card


def test_a_generator_of_other_weeks_is_too_unlike_the_week_before(truth):
    rng = np.random.default_rng(0)
    card = spoiled(truth, lambda curves, k, call: np.roll(curves, rng.integers(48), axis=1))
    weekly = card.finding("lag336")
    assert weekly.verdict is Verdict.SHORT
    assert "too low" in weekly.words


def test_weeks_that_do_not_follow_each_other_tell_nothing_of_it(truth):
    scattered = tuple(f"2013-W{week:02d}" for week in range(1, 48, 2))
    card, _ = finish(
        draw_up(replace(truth, records=replace(truth.records, week_ids=scattered)), TINY)
    )
    weekly = card.finding("lag336")
    assert weekly.verdict is Verdict.UNTOLD
    assert (weekly.value, weekly.distance) == (None, None)
    assert "no two weeks follow" in weekly.definition


@pytest.mark.parametrize(("count", "told"), [(0, False), (7, False), (8, True)])
def test_fewer_new_households_than_a_small_sum_judge_no_rival(truth, count, told):
    trial = replace(truth, new_households=truth.households[:count])
    assert ("new" in [one.key for one in _protocols(trial, TINY)]) == told


# the job on a set of households


@pytest.fixture(scope="module")
def street():
    return simulate_street(SMALL_STREET)


def tree_of(street, spec):
    labels, context = LabelEncoder.fit(street), ContextEncoder()
    module = build_module(spec, labels=len(labels.names), context=len(context.names))
    return TrainedModel("untrained", spec, module, labels, context).to_tree()


def test_the_job_judges_an_untrained_model_as_it_deserves(street):
    few = CardSpec(repeats=1, samples=20, splits=2, pairs=2)
    card, said = finish(CardJob(tree_of(street, CompVAESpec()), street, few).run())
    assert card.model == "untrained"
    assert card.weeks == street.split.heldout_weeks
    assert card.finding("energy_ridge").verdict is Verdict.SHORT
    assert card.finding("bits_z").value is not None
    assert len(card.scores) == 3
    assert len(said) > 20


def test_a_plain_vae_has_no_card(street):
    with pytest.raises(DataError, match="sees no households; only a CompVAE"):
        finish(CardJob(tree_of(street, VAESpec()), street, CardSpec()).run())
