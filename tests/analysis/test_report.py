import numpy as np
import pytest

from lvm_studio.analysis.judging.report import METRICS, Estimate, FidelityReport
from lvm_studio.data.errors import DataError


def report(seed=0, weeks=8, repeats=5):
    rng = np.random.default_rng(seed)
    week_effect = rng.normal(size=(1, len(METRICS), weeks, 1))
    scores = 3.0 + week_effect + 0.01 * rng.normal(size=(2, len(METRICS), weeks, repeats))
    scores[1] += 0.5
    return FidelityReport(
        predictors=("model", "rival"),
        weeks=tuple(f"2013-W{i + 1:02d}" for i in range(weeks)),
        scores=scores,
        k=np.full((weeks, repeats), 30),
        samples=100,
        seed=seed,
    )


def test_errors_are_those_of_weekly_means():
    r = report()
    weekly = r.scores[0, 0].mean(axis=1)
    estimate = r.estimate("model")
    assert estimate.mean == pytest.approx(weekly.mean())
    assert estimate.se == pytest.approx(weekly.std(ddof=1) / np.sqrt(8))


def test_pairing_by_week_removes_what_weeks_share():
    r = report()
    difference = r.difference("model", "rival")
    assert difference.mean == pytest.approx(-0.5, abs=0.02)
    assert difference.se < 0.1 * r.estimate("model").se


def test_ratio_and_its_error():
    r = report()
    below = 2.0 * r.scores[:1]
    doubled = FidelityReport(
        r.predictors, r.weeks, np.concatenate([r.scores[:1], below]), r.k, 100, 0
    )
    ratio = doubled.ratio("model", "rival")
    assert ratio.mean == pytest.approx(0.5)
    assert ratio.se == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("mean", "se", "text"),
    [
        (0.95512, 0.0571, "0.955 ± 0.057"),
        (19.147, 1.164, "19.1 ± 1.2"),
        (40.31, 0.457, "40.31 ± 0.46"),
        (412.3, 31.0, "412 ± 31"),
        (1.0, 0.0, "1.000 ± 0.000"),
    ],
)
def test_estimates_show_two_digits_of_their_error(mean, se, text):
    assert str(Estimate(mean, se)) == text


def test_rows_hold_every_metric():
    rows = report().rows()
    assert [row.predictor for row in rows] == ["model", "rival"]
    assert all(tuple(row.estimates) == tuple(METRICS) for row in rows)


def test_table_is_markdown_and_says_how_it_was_measured():
    text = report().table()
    lines = text.splitlines()
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|") == len(METRICS) + 2
    assert f"model − rival: {report().difference('model', 'rival')}; ratio 0." in text
    assert "8 weeks, 5 sums each of 30 to 30 households, 100 curves" in text


def test_tree_and_back():
    r = report()
    again = FidelityReport.from_tree(r.to_tree())
    assert again.table() == r.table()
    np.testing.assert_array_equal(again.scores, r.scores)


def test_a_tree_of_other_metrics_is_refused():
    tree = report().to_tree()
    tree["metrics"] = ["energy_score"]
    with pytest.raises(DataError, match="measure again"):
        FidelityReport.from_tree(tree)


def test_scores_must_fit_their_names():
    tree = report().to_tree()
    tree["predictors"] = ["model"]
    with pytest.raises(DataError, match="fidelity/scores has shape"):
        FidelityReport.from_tree(tree)


def test_one_week_has_no_known_error():
    assert np.isnan(report(weeks=1).estimate("model").se)


def test_an_unknown_predictor_is_named():
    with pytest.raises(DataError, match="'ghost' was not judged; there are model, rival"):
        report().estimate("ghost")
