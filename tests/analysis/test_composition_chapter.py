"""The page of chapter 9, made in seconds: everything is there, nothing is any good."""

import pytest
from html_balance import Balance

from lvm_studio.analysis.chapters.base import ChapterProgress, ChapterSpec
from lvm_studio.analysis.chapters.composition import Setting, make
from lvm_studio.analysis.judging.truth import TruthSpec
from lvm_studio.analysis.pages import write_page
from lvm_studio.analysis.report_card.spec import CardSpec
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
    card=CardSpec(repeats=1, samples=10, splits=2, pairs=1, k_low=3, k_high=4),
    truth=TruthSpec(repeats=1, samples=10, streets=2, k_range=(4, 6), weeks=2),
    households={"model.head.anchors": 2, "model.fitted_prior.steps": 2},
)


@pytest.mark.slow
def test_the_page_holds_the_chapter(tmp_path):
    anchors = TrainedModel.from_tree(read_tree(model_path("anchors.h5")))
    steps = make(ChapterSpec(seeds=1), INSTANT, load_london(), {"anchors": anchors})
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
