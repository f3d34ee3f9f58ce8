"""Benchmarks run on demand: ``python -m pytest tests/benchmarks -q -s``.

Figures go to ``artefacts/benchmarks.json`` with the machine they were taken on. What is asserted
are ratios within one run and the promises to the person at the window; machines differ, so a
figure is to be compared with its neighbours in the same file.
"""

import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from figures import Record

ARTEFACTS = Path(os.environ.get("LVM_STUDIO_ARTEFACTS", "artefacts"))


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person running the benchmarks is touched, or makes them slower."""
    monkeypatch.setenv("LVM_STUDIO_STATE", str(tmp_path))


@pytest.fixture(scope="session")
def record() -> Iterator[Record]:
    """Note a figure: ``record("drop_ms", p50=3.0, p95=4.0)``."""
    figures: dict[str, dict[str, float]] = {}

    def note(name: str, **values: float) -> None:
        figures[name] = {key: round(float(value), 4) for key, value in values.items()}
        print(f"\n{name}: {figures[name]}")  # noqa: T201 (seen with -s)

    yield note
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / "benchmarks.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    machine = {"system": platform.platform(), "cores": os.cpu_count()}
    path.write_text(json.dumps({**known, "machine": machine, **figures}, indent=2))
