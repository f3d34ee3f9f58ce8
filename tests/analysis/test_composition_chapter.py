"""The page of chapter 9, made in seconds: everything is there, nothing is any good."""

from dataclasses import replace

import pytest
from html_balance import Balance

from lvm_studio.analysis.chapters.base import ChapterProgress, ChapterSpec
from lvm_studio.analysis.chapters.composition import Setting, make
from lvm_studio.analysis.judging.truth import TruthSpec
from lvm_studio.analysis.pages import write_page
from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.data.households import HouseholdSet
from lvm_studio.data.london import load_london
from lvm_studio.data.shipped import model_path
from lvm_studio.data.simulated import StreetSpec
from lvm_studio.models.trained import TrainedModel
from lvm_studio.storage.hdf5 import read_tree

INSTANT = Setting(
    artificial_steps={"sines": 1},
    households_steps=1,
    lesion_steps=1,
    street_steps=1,
    street=StreetSpec(30, 12),
    lesion_street=StreetSpec(30, 12),
    street_lesion_steps=1,
    card=CardSpec(repeats=1, samples=10, splits=2, pairs=1, k_low=3, k_high=4),
    truth=TruthSpec(repeats=1, samples=10, streets=2, k_range=(4, 6), weeks=2),
    households={
        "model.head.anchors": 2,
        "model.fitted_prior.steps": 2,
        "model.fitted_prior.sums": 128,
    },
)


def thirty_of(london: HouseholdSet) -> HouseholdSet:
    """24 of its training households and 6 of the held-out ones, in all weeks."""
    trained, heldout = london.split.train_households[:24], london.split.heldout_households[:6]
    rows = london.indices((*trained, *heldout))
    return replace(
        london,
        household_ids=tuple(london.household_ids[row] for row in rows),
        power_w=london.power_w[rows],
        metadata={name: column[rows] for name, column in london.metadata.items()},
        split=replace(london.split, train_households=trained, heldout_households=heldout),
    )


@pytest.mark.slow
def test_the_page_holds_the_chapter(tmp_path):
    anchors = TrainedModel.from_tree(read_tree(model_path("anchors.h5")))
    london = thirty_of(load_london())
    steps = make(ChapterSpec(seeds=1), INSTANT, london, {"anchors": anchors})
    while True:
        try:
            said = next(steps)
        except StopIteration as end:
            page = end.value
            break
        assert isinstance(said, ChapterProgress)
        assert 0 <= said.done <= said.total
    assert [section.title for section in page.sections] == [
        "Sums of sines",
        "Colour anchors",
        "Households: generated against held-out weeks",
        "Information, with and without the weather",
        "Inference one after the other, and all at once",
        "A simulated street, whose law is known",
        "A simulated street, told the temperature or nothing",
        "Little data",
        "Setting",
    ]
    names = {figure.name for figure in page.figures}
    assert {"sines-growing", "anchors-growing", "card-peak", "card-admd", "ranks"} <= names
    parsed = Balance()
    parsed.feed(write_page(page, tmp_path).read_text(encoding="utf-8"))
    assert parsed.open == []
    text = " ".join(parsed.text)
    for words in (
        "the true law",
        "ridge",
        "neither temperature nor season",
        "simulated",
        "shipped",
    ):
        assert words in text
    assert (tmp_path / "data" / "ranks.csv").is_file()
