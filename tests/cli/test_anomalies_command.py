"""`lvm-studio anomalies`: one JSON object, the ranking as CSV, a sentence for bad input."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from lvm_studio.cli import app


def table(path: Path) -> Path:
    rng = np.random.default_rng(0)
    k = rng.normal(size=300)
    x = np.stack([k, -k, 2 * k], axis=1) + 0.1 * rng.normal(size=(300, 3))
    x[7, 1] += 5.0
    np.savetxt(path, np.c_[x, k], delimiter=",", header="one,two,three,cause", comments="")
    return path


def test_a_table_is_ranked(tmp_path: Path) -> None:
    file, ranked = table(tmp_path / "t.csv"), tmp_path / "ranked.csv"
    words = ["anomalies", str(file), "--condition", "cause", "--steps", "100", "--top", "2"]
    result = CliRunner().invoke(app, [*words, "--csv", str(ranked), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["rows"] == 300
    assert len(told["ranked"]) == 2
    assert told["ranked"][0]["type"] == "A"
    assert "two" in told["ranked"][0]["guilty"]
    assert len(ranked.read_text().splitlines()) == 301
