"""The sections of the page on anomalies, from made-up findings."""

import numpy as np

from lvm_studio.analysis.anomalies.evidence import (
    CVAE,
    ENVELOPE,
    FOREST,
    VAE,
    SyntheticEvidence,
    SyntheticSpec,
)
from lvm_studio.analysis.anomalies.evidence_digits import LOSSES, DigitEvidence
from lvm_studio.analysis.anomalies.evidence_faults import WAYS, FaultEvidence
from lvm_studio.analysis.anomalies.roc import GRID, Roc
from lvm_studio.analysis.chapters.anomalies_figures import (
    digits_section,
    faults_section,
    graphs_section,
    model_section,
    synthetic_section,
)
from lvm_studio.data.vectors.planted_faults import FAULTS


def test_every_figure_of_the_chapter_is_drawn_with_its_numbers() -> None:
    roc = Roc(np.sqrt(GRID), 0.7)
    curves = {(n, k): (roc, roc) for n in (VAE, CVAE, FOREST, ENVELOPE) for k in "AB"}
    hard = {name: np.linspace(0.6, 0.9, len(LOSSES)) for name in (VAE, CVAE)}
    digits = DigitEvidence({VAE: roc, CVAE: roc}, hard, 0.9)
    share = np.array([0.95, 0.97])
    faults = FaultEvidence(
        {(way, kind): share for way in WAYS for kind in FAULTS}, dict.fromkeys(FAULTS, share), 9
    )
    sections = (
        graphs_section(),
        model_section(),
        digits_section([digits, digits]),
        synthetic_section(SyntheticEvidence(SyntheticSpec(), curves)),
        faults_section(faults),
    )
    names = [figure.name for section in sections for figure in section.figures]
    assert names == ["figure-4-1", "figure-8-5", "figure-8-6", "figure-8-7", "faults"]
    ranked, typed = sections[-1].tables
    assert [row[0] for row in ranked.rows] == [row[0] for row in typed.rows] == list(FAULTS)
    wrong_unit = typed.rows[list(FAULTS).index("wrong unit")]
    assert wrong_unit[-2:] == (1 - share.mean(), share.std(ddof=1))
