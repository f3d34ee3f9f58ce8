"""`lvm-studio reproduce`: a chapter becomes a page in a folder."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from typed import Said

from lvm_studio.analysis.chapters.base import ChapterProgress, ChapterSpec
from lvm_studio.analysis.pages import Page, Section

Lvm = Callable[..., Said]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ChapterSpec]:
    """A chapter of one sentence, and what it was asked for."""
    specs: list[ChapterSpec] = []

    def chapter(spec: ChapterSpec) -> Generator[ChapterProgress, None, Page]:
        specs.append(spec)
        yield ChapterProgress(0, 1, "Thinking")
        return Page("Short", "Nothing was measured.", (Section("Why", ("For a test.",)),))

    def named(name: str) -> Callable[[ChapterSpec], Generator[ChapterProgress, None, Page]]:
        assert name == "short"
        return chapter

    monkeypatch.setattr("lvm_studio.headless.reproduce.chapter_named", named)
    return specs


def test_reproduce_writes_the_page(lvm: Lvm, asked: list[ChapterSpec], tmp_path: Path) -> None:
    said = lvm("reproduce", "short", "--out", tmp_path / "page", "--seeds", 2, "--seed", 5)
    assert said.code == 0
    assert asked == [ChapterSpec(reduced=True, seeds=2, seed=5)]
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "Nothing was measured." in page
    assert "reduced setting" in page
    assert "0 of 1: Thinking" in said.err
    assert str(tmp_path / "page" / "index.html") in said.out


def test_full_is_asked_for(lvm: Lvm, asked: list[ChapterSpec], tmp_path: Path) -> None:
    said = lvm("reproduce", "short", "--out", tmp_path, "--full", "--json")
    assert not asked[0].reduced
    assert said.object["seeds"] == [0, 1, 2]


def test_trouble_is_told_before_the_work(
    lvm: Lvm, asked: list[ChapterSpec], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("taken")
    said = lvm("reproduce", "short", "--out", tmp_path / "file")
    assert said.code == 2
    assert "cannot be made: File exists." in said.err
    (tmp_path / "page" / "index.html").mkdir(parents=True)
    said = lvm("reproduce", "short", "--out", tmp_path / "page")
    assert said.code == 2
    assert "index.html is a folder" in said.err
    assert not asked


def test_an_unknown_chapter_is_one_line(lvm: Lvm, tmp_path: Path) -> None:
    said = lvm("reproduce", "gardening", "--out", tmp_path)
    assert said.code == 2
    assert "No chapter is named 'gardening'" in said.err
