"""Bits of a perfect model: closed forms, and what the simulated street's own law says of Table 9.1.

``python -m pytest tests/analysis/test_street_information.py -m study -s`` prints the figures.
"""

import sys

import numpy as np
import pytest

from lvm_studio.analysis.street_information import optimal_bits, over_the_year
from lvm_studio.data.calendar import week_start


def test_one_factor_in_white_noise_takes_what_ppca_says():
    loading = np.full(30, 0.6)
    found = optimal_bits(np.outer(loading, loading) + 0.1 * np.eye(30), latents=2)
    assert found == pytest.approx(0.5 * np.log2(1 + loading @ loading / 0.1), abs=0.15)


def test_noise_that_remembers_is_no_information():
    gaps = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    assert optimal_bits(0.6**gaps, latents=2) < 0.1


@pytest.mark.study
def test_what_a_perfect_model_gains_from_the_temperature(capsys):
    weeks = [week_start(f"2016-W{week:02d}") for week in (5, 18, 29, 38)]
    found = list(over_the_year(40, weeks, seed=0))
    told, untold, nothing = (
        np.mean([getattr(one, name) for one in found])
        for name in ("everything", "no_temperature", "no_season")
    )
    lines = (
        f"{told:.1f} bits told all, {untold:.1f} without temperature, {nothing:.1f} blind",
        f"ratios by week: {', '.join(f'{one.ratio:.3f}' for one in found)}",
        f"{told / untold:.3f} with ÷ without, {told / nothing:.3f} without season as well",
    )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert 0.75 < told / untold < 1
    assert nothing > untold
