"""Arguments and choices that several verbs of the command line share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

WorkspaceFile = Annotated[Path, typer.Argument(metavar="W.h5", help="A workspace file.")]
WorkspaceOut = Annotated[
    Path, typer.Option(help="Workspace file to write; one that is there keeps what it holds.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Households = Annotated[
    str, typer.Option(help="Who is composed: ID[*n],… such as MAC000002*3,MAC000003.")
]
Week = Annotated[str, typer.Option(help="ISO week, such as 2013-W05.")]
Temperature = Annotated[
    Path | None,
    typer.Option(help="CSV of °C that replaces the week's: time,temperature or 7 or 336 values."),
]
Samples = Annotated[int, typer.Option(min=1, max=100_000, help="Weeks to draw.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the common random numbers.")]
CurvesOut = Annotated[Path, typer.Option(help="Curves file, .csv or .parquet, in watts.")]


class DeviceChoice(StrEnum):
    """Where a run computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class CriterionChoice(StrEnum):
    """What extreme means."""

    PEAK = "peak"
    SUSTAINED = "sustained"
    FLEXIBILITY = "flexibility"


class MethodChoice(StrEnum):
    """Who answers a tuning."""

    AUTO = "auto"
    POOL = "pool"
    SMC = "smc"
    FLOW = "flow"
    REJECTION = "rejection"
    REWEIGHTING = "reweighting"
    LANGEVIN = "langevin"


class TunedChoice(StrEnum):
    """Which latents are tuned."""

    BOTH = "both"
    W = "w"
    Z = "z"
    NOISE = "noise too"
