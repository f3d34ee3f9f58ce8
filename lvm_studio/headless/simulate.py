"""A simulated street into a workspace."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lvm_studio.data.quality import quality_summary
from lvm_studio.data.simulated import StreetSpec, simulate_street
from lvm_studio.data.units import WEEK_SPAN
from lvm_studio.headless.places import check_workspace
from lvm_studio.headless.workspaces import keep_households

_WEEKS_PER_YEAR = 365.25 / WEEK_SPAN.astype("timedelta64[D]").astype(int)


def run(spec: StreetSpec, out: Path) -> dict[str, Any]:
    """Simulate a street into the workspace `out`, which keeps what it holds."""
    check_workspace(out)
    began = time.perf_counter()
    street = simulate_street(spec)
    seconds = time.perf_counter() - began
    name = keep_households(out, street)
    years = spec.households * spec.weeks / _WEEKS_PER_YEAR
    return {
        "name": name,
        "simulated": True,
        "households": spec.households,
        "weeks": spec.weeks,
        "seed": spec.seed,
        "household_years_per_minute": float(60 * years / seconds),
        "quality": quality_summary(street).sentences(),
        "out": str(out),
    }
