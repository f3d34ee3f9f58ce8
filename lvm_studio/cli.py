"""The verbs of the studio without a window: the same functions, for scripts.

With ``--json`` a verb prints one object on standard output; progress goes to standard error.
It ends with 0, or with 2 and one line that says what was wrong and what to do.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lvm_studio import __version__
from lvm_studio.analysis.chapters.base import ChapterSpec
from lvm_studio.analysis.report_card.spec import CardSpec
from lvm_studio.data.errors import DataError
from lvm_studio.data.simulated import StreetSpec
from lvm_studio.headless import (
    anomalies,
    compose,
    doctor,
    export,
    importing,
    judge,
    reproduce,
    simulate,
    study,
    train,
    train_flow,
    tune,
)
from lvm_studio.headless.options import (
    CriterionChoice,
    CurvesOut,
    DeviceChoice,
    Households,
    Json,
    MethodChoice,
    Samples,
    Seed,
    Temperature,
    TunedChoice,
    Week,
    WorkspaceFile,
    WorkspaceOut,
)
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.telling import emit, fail, usage_message

app = typer.Typer(
    name="lvm-studio",
    help="Compose households, tune towards extremes, train and question latent variable models.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        typer.echo(f"lvm-studio {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the verb."""


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="CSV or Parquet file, or a folder of them.")
    ],
    out: WorkspaceOut,
    name: Annotated[str, typer.Option(help="Name of the data set; the file's if empty.")] = "",
    temperature: Annotated[Path | None, typer.Option(help="CSV of time, °C.")] = None,
    profile: Annotated[
        str, typer.Option(help="Whose data these are, if not recognised: low-carbon-london, …")
    ] = "",
    rejected: Annotated[
        Path | None, typer.Option(help="CSV to write with every rejected row and its reason.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Correct the guessed mapping: unit=kWh."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read meter readings into a workspace; rejected rows are counted with their reasons."""
    wishes = importing.ImportWishes(source, name, temperature, profile, rejected, tuple(set_ or ()))
    emit(importing.run(wishes, out, Progress()), as_json)


@app.command("simulate")
def simulate_(
    out: WorkspaceOut,
    households: Annotated[int, typer.Option(help="How many households.")] = 500,
    weeks: Annotated[int, typer.Option(help="How many weeks.")] = 250,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Invent a street whose law is known; its readings are marked as simulated."""
    emit(simulate.run(StreetSpec(households, weeks, seed), out), as_json)


@app.command("train")
def train_(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="households, street, vae, sines, …")
    ],
    out: WorkspaceOut,
    workspace: Annotated[
        Path | None,
        typer.Option(help="Workspace with the data; if not given, --out's own or the shipped."),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    device: Annotated[DeviceChoice, typer.Option(help="Where to compute.")] = DeviceChoice.AUTO,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting: batch=128."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a model by a recipe; Ctrl+C keeps what has been learned so far."""
    wishes = train.Wishes(recipe, steps, minutes, seed, device.value, tuple(set_ or ()))
    emit(train.run(wishes, out, workspace, Progress()), as_json)


@app.command("train-flow")
def train_flow_(
    out: Annotated[Path, typer.Option(help="File to write the flow to.")],
    workspace: Annotated[
        Path | None,
        typer.Option(help="Workspace with data and model; the shipped ones if not given."),
    ] = None,
    criterion: Annotated[CriterionChoice, typer.Option(help="What extreme means.")] = (
        CriterionChoice.PEAK
    ),
    streets: Annotated[int, typer.Option(min=2, help="Random streets it learns from.")] = 128,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time of the fit itself.")] = 300.0,
    judged: Annotated[int, typer.Option(min=0, help="Fresh streets that judge it.")] = 4,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit one flow for all compositions and weeks of a model: a drop needs no new training."""
    wishes = train_flow.Wishes(workspace, criterion.value, streets, seconds, judged, seed)
    emit(train_flow.run(wishes, out, Progress()), as_json)


@app.command("compose")
def compose_(
    workspace: WorkspaceFile,
    households: Households,
    week: Week,
    out: CurvesOut,
    temperature: Temperature = None,
    samples: Samples = 200,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw the weeks that these households could ask from the grid."""
    street = compose.StreetWishes(workspace, households, week, temperature, samples, seed)
    emit(compose.run(street, out), as_json)


@app.command("tune")
def tune_(
    workspace: WorkspaceFile,
    households: Households,
    week: Week,
    criterion: Annotated[
        str,
        typer.Option(
            help="What extreme means: peak, log-peak, sustained:4h, flexibility, energy:17-20, "
            "ramp:1h, a sum such as peak+0.5*flexibility; @mean at the end leaves the noise out."
        ),
    ],
    out: CurvesOut,
    lam: Annotated[float | None, typer.Option(help="λ, per standard deviation of f.")] = None,
    kl: Annotated[float | None, typer.Option(help="Target KL to the base law, in nats.")] = None,
    one_in: Annotated[
        float | None, typer.Option("--one-in", help='"1 week in N": a KL of log N.')
    ] = None,
    target: Annotated[float | None, typer.Option(help="Target E f, in its unit.")] = None,
    quantile: Annotated[
        str | None, typer.Option(metavar="SHARE:LEVEL", help="Target quantile of f: 0.5:25.")
    ] = None,
    tuned: Annotated[
        TunedChoice,
        typer.Option(
            help="Which latents: the households' sum (w), the week (z), both, or the noise too."
        ),
    ] = TunedChoice.BOTH,
    second: Annotated[
        str | None, typer.Option(help="A second criterion, with a λ of its own.")
    ] = None,
    degrees: Annotated[
        float | None,
        typer.Option(help="Direction of both λ: 0 the first alone, 90 the second alone; else 45."),
    ] = None,
    method: Annotated[MethodChoice, typer.Option(help="Who answers.")] = MethodChoice.AUTO,
    certify: Annotated[
        bool, typer.Option(help="Compare log Z with SMC from two seeds; takes seconds more.")
    ] = True,
    temperature: Temperature = None,
    samples: Samples = 200,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw extreme but realistic weeks of these households."""
    street = compose.StreetWishes(workspace, households, week, temperature, samples, seed)
    goal = tune.goal_of(lam=lam, kl=kl, one_in=one_in, target=target, quantile=quantile)
    other = tune.second_of(second, degrees)
    wishes = tune.Wishes(criterion, goal, method.value, certify, tuned.value, other)
    emit(tune.run(street, wishes, out, Progress()), as_json)


@app.command("export")
def export_(
    workspace: WorkspaceFile,
    out: Annotated[
        Path, typer.Option(help="Curves (.csv, .parquet) or figure (.svg, .png, .pdf).")
    ],
    as_json: Json = False,
) -> None:
    """Write the base curves of the street that a workspace shows, or the figure of their fan."""
    emit(export.run(workspace, out), as_json)


@app.command("judge")
def judge_(
    workspace: Annotated[
        Path | None, typer.Argument(metavar="[W.h5]", help="A workspace; the shipped one if none.")
    ] = None,
    seed: Seed = 0,
    repeats: Annotated[int, typer.Option(min=1, help="Sums drawn in each held-out week.")] = 50,
    card: Annotated[
        Path | None,
        typer.Option(metavar="OUT.html", help="Judge everything, and write the report card."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score the model on held-out weeks, against ridge regression, bootstraps and reality."""
    if card is None:
        result = judge.run(workspace, seed, repeats, Progress())
        lines = [result["table"]]
    else:
        spec = CardSpec(seed=seed, repeats=repeats)
        result = judge.run_card(workspace, spec, card, Progress())
        lines = [*result["verdicts"], result["summary"], f"out: {result['out']}"]
    emit(result, as_json, lines)


@app.command("anomalies")
def anomalies_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A workspace, or a table (CSV, Parquet).")
    ],
    dataset: Annotated[str, typer.Option(help="Household set; the one in use if empty.")] = "",
    condition: Annotated[
        str,
        typer.Option(
            metavar="COLUMN,…",
            help="What the model is told: columns of the table; of weeks temperature, season, "
            "'own energy', and columns of the metadata.",
        ),
    ] = "",
    known: Annotated[
        Path | None,
        typer.Option(metavar="TABLE", help="More columns known of households, by their names."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model of the workspace; trains one if empty.")] = "",
    keep: Annotated[
        Path | None,
        typer.Option(help="Workspace to add the model to; a new one also gets the data."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the whole ranked table.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows that are told.")] = 20,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 1500,
    percentile: Annotated[
        float, typer.Option(min=50.0, max=100.0, help="Of clean scores: the thresholds.")
    ] = 98.0,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Rank weeks of households, or rows of a table, by typed anomaly scores (8.4)."""
    told = tuple(name.strip() for name in condition.split(",") if name.strip())
    wishes = anomalies.Wishes(
        file, dataset, told, known, model, keep, csv, top, steps, percentile, seed
    )
    emit(anomalies.run(wishes, Progress()), as_json)


@app.command("reproduce")
def reproduce_(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="anomalies, boltzmann, composition or sigma.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the page.")],
    full: Annotated[
        bool, typer.Option("--full", help="The setting of the thesis; hours, not minutes.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions, for spreads.")] = 3,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Make a chapter of the thesis again: a page of figures, tables and their numbers."""
    spec = ChapterSpec(reduced=not full, seeds=seeds, seed=seed)
    emit(reproduce.run(name, spec, out, Progress()), as_json)


@app.command("study")
def study_(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A shipped study or a .toml file; lists them if none."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes here; one a core if not given.")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A dask scheduler, such as tcp://host:8786.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the results.")
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Workspace with the data; the shipped data if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a recipe over a space of settings and seeds; what is finished is not repeated."""
    if name is None:
        emit(study.listed(), as_json)
        return
    wishes = study.StudyWishes(name, workers, scheduler, out, workspace)
    result = study.run(wishes, Progress())
    emit(result, as_json, study.table(result))


@app.command("doctor")
def doctor_(as_json: Json = False) -> None:
    """Print versions, devices and libraries, and what is missing."""
    emit(doctor.run(), as_json)


@app.command("gui")
def gui(
    workspace: Annotated[Path | None, typer.Argument(help="A workspace file to open.")] = None,
) -> None:
    """Open the studio."""
    if doctor.screen() == "none" and "QT_QPA_PLATFORM" not in os.environ:
        raise DataError(
            "There is no screen to open the studio on: neither DISPLAY nor WAYLAND_DISPLAY is set; "
            "set one, or make the journey without a window: lvm-studio tour FOLDER."
        )
    from lvm_studio.studio.app import main as open_window

    raise typer.Exit(open_window([str(workspace)] if workspace else []))


@app.command("tour")
def tour(
    folder: Annotated[Path, typer.Argument(help="Folder for curves, figures and a screenshot.")],
    as_json: Json = False,
) -> None:
    """Make the newcomer's journey without anybody at the window, and keep what it shows."""
    from lvm_studio.studio.tour import take_tour

    emit(take_tour(folder, Progress().done), as_json)


def main() -> None:
    """Run the verb of the command line; every failure is one line and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        sys.exit(app(standalone_mode=False))
    except DataError as error:
        fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        fail("Interrupted.")
    except MemoryError:
        fail("Not enough memory; ask for fewer samples or close other programs.")
    except Exception as error:  # noqa: BLE001 (who typed the command must get a sentence)
        fail(f"{usage_message(error)} See lvm-studio --help.")
