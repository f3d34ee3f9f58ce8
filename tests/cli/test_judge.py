"""`lvm-studio judge`: scores, and the report card as a page and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up_card import card
from typed import Said

from lvm_studio.analysis.judging.report import METRICS, FidelityReport
from lvm_studio.analysis.report_card.card import ReportCard
from lvm_studio.analysis.report_card.spec import CardProgress
from lvm_studio.data.jobs import Reports
from lvm_studio.data.tree import Tree
from lvm_studio.storage.start import SHIPPED_MODEL

Lvm = Callable[..., Said]


class QuickJob:
    """Makes the made-up card; remembers what was asked."""

    asked: list[object]
    judged: list[str]

    def __init__(self, model: Tree, households: object, spec: object) -> None:
        self.judged.append(str(model["name"]))
        self.asked.append(spec)

    def run(self) -> Reports:
        yield CardProgress("scores", 1.0, 2.0, 3.0)
        return card()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[QuickJob]:
    QuickJob.asked, QuickJob.judged = [], []
    monkeypatch.setattr("lvm_studio.headless.judge.CardJob", QuickJob)
    return QuickJob


def test_judge_writes_the_card_and_prints_its_verdicts(
    lvm: Lvm, quick: type[QuickJob], tmp_path: Path
) -> None:
    out = tmp_path / "card.html"
    said = lvm("judge", "--seed", 3, "--card", out)
    assert said.code == 0
    assert "falls short: Peak. Peaks 20.0 % too high." in said.out
    assert card().summary() in said.out
    assert "<svg" in out.read_text(encoding="utf-8")
    assert quick.judged == [SHIPPED_MODEL]  # as the workspace calls it, not its file
    assert quick.asked[0].seed == 3  # type: ignore[attr-defined]
    assert quick.asked[0].repeats == 50  # type: ignore[attr-defined]
    assert "scores: 50 %, about 3 s left" in said.err


def test_json_holds_everything(lvm: Lvm, quick: type[QuickJob], tmp_path: Path) -> None:
    said = lvm("judge", "--card", tmp_path / "card.html", "--json")
    assert ReportCard.from_json(json.dumps(said.object["card"])) == card()
    assert said.object["out"] == str(tmp_path / "card.html")


def test_a_card_that_cannot_be_written_is_told_before_it_is_made(
    lvm: Lvm, quick: type[QuickJob], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Never(QuickJob):
        def run(self) -> Reports:
            raise AssertionError("made for nothing")

    monkeypatch.setattr("lvm_studio.headless.judge.CardJob", Never)
    said = lvm("judge", "--card", tmp_path / "nowhere" / "card.html")
    assert said.code == 2
    assert "There is no folder" in said.err


def test_an_unknown_standard_error_is_null(lvm: Lvm, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_week(*_: object, repeats: int, **__: object) -> FidelityReport:
        assert repeats == 50
        scores = np.ones((1, len(METRICS), 1, 2))
        return FidelityReport(("m",), ("2013-W02",), scores, np.full((1, 2), 30), 100, 0)

    monkeypatch.setattr("lvm_studio.analysis.judging.fidelity.heldout_table", one_week)
    said = lvm("judge", "--json")
    assert said.object["rows"][0]["crps"] == {"mean": 1.0, "standard_error": None}


def test_a_simulated_street_is_judged_by_its_law(lvm: Lvm, tmp_path: Path) -> None:
    from lvm_studio.headless.progress import Progress
    from lvm_studio.headless.train import Wishes
    from lvm_studio.headless.train import run as train

    street, trained = tmp_path / "street.h5", tmp_path / "trained.h5"
    lvm("simulate", "--out", street, "--households", 30, "--weeks", 12)
    sizes = ("batch=4", "k_max=8", "model.day_hidden=8", "model.part_hidden=8")
    train(Wishes("street", 2, None, 0, "cpu", sizes), trained, street, Progress())
    said = lvm("judge", trained, "--repeats", 1, "--json")
    assert said.code == 0, said.err
    found = said.object
    assert found["simulated"] is True
    assert [row["predictor"] for row in found["rows"]][1:] == ["ridge", "the true law"]
    assert found["rows"][-1]["energy_score_over_truth"]["mean"] == 1.0
    assert "judged by its exact law" in found["table"]
    week = ("--week", "2015-W03", "--samples", 2, "--seed", 0, "--out", tmp_path / "c.csv")
    composed = lvm("compose", trained, "--households", "SIM00001*3", *week, "--json")
    assert composed.object["simulated"] is True
