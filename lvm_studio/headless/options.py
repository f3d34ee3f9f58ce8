"""Arguments and choices of the command line: those of several verbs first, then verb by verb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lvm_studio.data.importing.profiles import PROFILES
from lvm_studio.training.recipes import RECIPES
from lvm_studio.tuning.specs import Method, Tuned

WorkspaceFile = Annotated[Path, typer.Argument(metavar="W.h5", help="A workspace file.")]
WorkspaceOut = Annotated[
    Path, typer.Option(help="Workspace file to write (.h5, .lvms); what it already holds is kept.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Households = Annotated[
    str, typer.Option(help="Household ids, with how many of each: MAC000002*3,MAC000003.")
]
Week = Annotated[str, typer.Option(help="ISO week, such as 2013-W05.")]
Temperature = Annotated[
    Path | None,
    typer.Option(
        help="CSV of temperatures (°C) instead of the week's own: columns time,temperature, or one "
        "named column of 7 daily or 336 half-hourly values."
    ),
]
Samples = Annotated[int, typer.Option(min=1, max=100_000, help="Weeks to draw.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all random numbers.")]
CurvesOut = Annotated[
    Path, typer.Option(help="File to write the curves to, in watts: .csv or .parquet.")
]


# import
ReadingsSource = Annotated[
    Path, typer.Argument(metavar="SRC", help="A CSV or Parquet file, or a folder of them.")
]
ReadingsProfile = Annotated[
    str,
    typer.Option(
        help=f"Where the readings come from, if that is not recognised: {', '.join(PROFILES)}."
    ),
]
RejectedOut = Annotated[
    Path | None,
    typer.Option(help="CSV file to write: every rejected row, and why it was rejected."),
]
ColumnCorrections = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Correct what was guessed of the columns, such as unit=kWh; may be repeated.",
    ),
]

# train
RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help=f"A complete experiment by its name: {', '.join(RECIPES)}.",
    ),
]
TrainingData = Annotated[
    Path | None,
    typer.Option(help="Workspace with the data; by default --out's own, else the shipped data."),
]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute.")]
RecipeSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting of the recipe, such as batch=128; may be repeated.",
    ),
]

# tune
CriterionText = Annotated[
    str,
    typer.Option(
        help="The criterion f, which says what extreme means: peak, log-peak, sustained:4h, "
        "flexibility, energy:17-20, ramp:1h, distance:36=2.5,3 (nearness to 2.5 and 3 kW in "
        "half-hours 36 and 37), or a sum such as peak+0.5*flexibility; @mean at the end leaves "
        "observation noise out."
    ),
]
Lam = Annotated[float | None, typer.Option(help="Tilt λ, per standard deviation of f.")]
Kl = Annotated[float | None, typer.Option(help="Target KL from the base distribution, in nats.")]
OneIn = Annotated[
    float | None, typer.Option("--one-in", help='"1 week in N", which is a KL of log N.')
]
TargetMean = Annotated[float | None, typer.Option(help="Target mean of f, in its unit.")]
TargetQuantile = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE:LEVEL",
        help="Target quantile of f: 0.5:25 has half of the weeks below 25.",
    ),
]
TunedLatents = Annotated[
    Tuned,
    typer.Option(
        help="Which latents are tuned: the sum over households (w), the week (z), both, or the "
        "observation noise as well."
    ),
]
SecondCriterion = Annotated[
    str | None, typer.Option(help="A second criterion, with a λ of its own.")
]
Degrees = Annotated[
    float | None,
    typer.Option(
        help="Direction between two criteria: 0 is the first alone, 90 the second alone; 45 if "
        "not given."
    ),
]
SamplingMethod = Annotated[
    Method,
    typer.Option(help="How the weeks are sampled; auto takes the best, of two criteria kept."),
]
Certify = Annotated[
    bool,
    typer.Option(
        help="Check log Z by a second sampler (SMC, two seeds), and 1 in 1000 by real sums; "
        "takes seconds more."
    ),
]

# train-flow
FlowCriterion = Annotated[
    Literal["peak", "sustained", "flexibility"], typer.Option(help="What extreme means.")
]

# anomalies
Condition = Annotated[
    str,
    typer.Option(
        metavar="COLUMN,…",
        help="What the model is told of each row: columns of the table; for weeks temperature, "
        "season, 'own energy' and columns of the metadata.",
    ),
]
KnownTable = Annotated[
    Path | None,
    typer.Option(
        metavar="TABLE",
        help="Table with more columns about the households, named by their ids.",
    ),
]
KeepIn = Annotated[
    Path | None,
    typer.Option(help="Workspace to add the model to; a new one also gets the data."),
]
Percentile = Annotated[
    float,
    typer.Option(
        min=50.0,
        max=100.0,
        help="Percentile of the scores of clean rows that is the threshold.",
    ),
]

# study
StudyName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME", help="A shipped study, or a .toml or .json file; lists them if none."
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Processes on this machine; by default one per core."),
]
SchedulerAddress = Annotated[
    str,
    typer.Option(metavar="ADDRESS", help="Address of a dask scheduler instead: tcp://host:8786."),
]
StudyOut = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder to keep the results in; by default one of the studio's own, by the study's "
        "name.",
    ),
]
