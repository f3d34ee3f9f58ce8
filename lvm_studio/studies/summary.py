"""What a study found: candidates with mean and spread over seeds, and a table of all runs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lvm_studio.studies.plan import label
from lvm_studio.studies.reports import RunLine, RunState
from lvm_studio.studies.space import Scalar, settings_key
from lvm_studio.studies.spec import StudySpec


@dataclass(frozen=True)
class CandidateSummary:
    """One candidate over its seeds; `error` is the standard error, NaN of a single seed."""

    settings: Mapping[str, Scalar]
    seeds: int
    failed: int
    mean: float
    error: float

    @property
    def label(self) -> str:
        """Its settings in words."""
        return label(self.settings)


def summarise(study: StudySpec, lines: Iterable[RunLine]) -> list[CandidateSummary]:
    """One summary for each candidate with a run that ended, best first, failed ones last."""
    groups: dict[str, list[RunLine]] = {}
    for line in lines:
        if line.state.ended:
            groups.setdefault(settings_key(line.settings), []).append(line)
    found = [_summary(study.objective, group) for group in groups.values()]
    sign = -1.0 if study.maximise else 1.0
    return sorted(found, key=lambda c: sign * c.mean if math.isfinite(c.mean) else math.inf)


def _summary(objective: str, group: Sequence[RunLine]) -> CandidateSummary:
    finished = [line for line in group if line.state is RunState.FINISHED]
    values = np.array([line.figures.get(objective, math.nan) for line in finished])
    n = len(values)
    mean = float(values.mean()) if n else math.nan
    error = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
    return CandidateSummary(group[0].settings, n, len(group) - n, mean, error)


def results_csv(lines: Sequence[RunLine]) -> str:
    """All runs as a table: settings, seed, state, then every figure that any of them has."""
    names = list(dict.fromkeys(name for line in lines for name in line.settings))
    figures = list(dict.fromkeys(name for line in lines for name in line.figures))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", *names, "seed", "state", *figures, "sentence"])
    for line in lines:
        values = [line.figures.get(name, "") for name in figures]
        settings = [line.settings.get(name, "") for name in names]
        writer.writerow([line.key, *settings, line.seed, line.state, *values, line.sentence])
    return out.getvalue()
