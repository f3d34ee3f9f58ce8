"""The verb `study`: what it is told, and what it says when that does not fit."""

import pytest

from lvm_studio.data.errors import DataError
from lvm_studio.headless.study import StudyWishes, listed, table
from lvm_studio.studies.cluster import LocalCores, Scheduler


def test_where_it_computes() -> None:
    assert StudyWishes("x", workers=3).place() == LocalCores(workers=3)
    assert StudyWishes("x", scheduler="tcp://a:1").place() == Scheduler(address="tcp://a:1")
    assert isinstance(StudyWishes("x").place(), LocalCores)
    with pytest.raises(DataError, match="give one of them"):
        StudyWishes("x", workers=2, scheduler="tcp://a:1").place()


def test_the_shipped_studies_are_listed_with_what_they_ask() -> None:
    found = listed()
    assert {"sigma-bell", "households-small", "latent-size"} <= set(found)
    assert "60 runs" in found["sigma-bell"]


def test_a_table_for_people() -> None:
    row = {"settings": {"model.latent_z": 2}, "mean": 1.5, "standard_error": 0.25, "seeds": 2}
    lines = table(
        {
            "study": "small",
            "runs": 3,
            "finished": 2,
            "of_earlier_sessions": 1,
            "failed": ["latent_z = 3, seed 0: No."],
            "candidates": [row],
            "seconds": 12.0,
            "workers": 2,
            "out": "folder",
        }
    )
    assert lines == [
        "small: 2 of 3 runs finished, 1 of them in earlier sessions, 12 s, workers: 2",
        "  latent_z = 2: 1.5 ± 0.25 (n = 2)",
        "failed: latent_z = 3, seed 0: No.",
        "out: folder",
    ]
