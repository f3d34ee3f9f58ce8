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
    options,
    reproduce,
    simulate,
    study,
    train,
    train_flow,
    tune,
)
from lvm_studio.headless.progress import Progress
from lvm_studio.headless.telling import emit, fail, usage_message

INTERRUPTED = 130
"""What some versions of Typer make of Ctrl+C; others raise `typer.Abort`."""

app = typer.Typer(
    name="lvm-studio",
    help="Compose households, tune towards extremes, train and judge latent variable models. "
    "Without a command, the window opens.",
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
    source: options.ReadingsSource,
    out: options.WorkspaceOut,
    name: Annotated[str, typer.Option(help="Name of the data set; by default the file's.")] = "",
    temperature: Annotated[
        Path | None, typer.Option(help="CSV of outdoor temperatures: time, °C.")
    ] = None,
    profile: options.ReadingsProfile = "",
    rejected: options.RejectedOut = None,
    set_: options.ColumnCorrections = None,
    as_json: options.Json = False,
) -> None:
    """Read meter readings into a workspace.

    Layout, columns and units are guessed, told, and can be corrected. Rows that cannot be used
    are counted, with the reasons.
    """
    wishes = importing.ImportWishes(source, name, temperature, profile, rejected, tuple(set_ or ()))
    emit(importing.run(wishes, out, Progress()), as_json)


@app.command("simulate")
def simulate_(
    out: options.WorkspaceOut,
    households: Annotated[int, typer.Option(help="Households to simulate.")] = 500,
    weeks: Annotated[int, typer.Option(help="Weeks to simulate.")] = 250,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Simulate a street of households whose distribution is known.

    Models trained on it can be judged against the truth. Its readings are marked as simulated.
    """
    emit(simulate.run(StreetSpec(households, weeks, seed), out), as_json)


@app.command("train")
def train_(
    recipe: options.RecipeName,
    out: options.WorkspaceOut,
    workspace: options.TrainingData = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random numbers.")] = None,
    device: options.Device = "auto",
    set_: options.RecipeSettings = None,
    as_json: options.Json = False,
) -> None:
    """Train a model by a recipe.

    Ctrl+C stops early and keeps what has been learned so far.
    """
    wishes = train.Wishes(recipe, steps, minutes, seed, device, tuple(set_ or ()))
    emit(train.run(wishes, out, workspace, Progress()), as_json)


@app.command("train-flow")
def train_flow_(
    out: Annotated[Path, typer.Option(help="File to write the flow to (.h5).")],
    workspace: Annotated[
        Path | None,
        typer.Option(help="Workspace with data and model; by default the shipped ones."),
    ] = None,
    criterion: options.FlowCriterion = "peak",
    streets: Annotated[
        int, typer.Option(min=2, max=10_000, help="Random streets that the flow learns from.")
    ] = 128,
    seconds: Annotated[
        float, typer.Option(min=0.1, help="Duration of the fit itself, in seconds.")
    ] = 300.0,
    judged: Annotated[
        int, typer.Option(min=0, help="Other streets that it is then tested on.")
    ] = 4,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Fit one flow for all compositions and weeks of a model.

    A normalising flow draws tuned weeks at any λ; this one needs no new fit when households or
    the week change. Experimental: the window fits a flow for each street instead.
    """
    wishes = train_flow.Wishes(workspace, criterion, streets, seconds, judged, seed)
    emit(train_flow.run(wishes, out, Progress()), as_json)


@app.command("compose")
def compose_(
    workspace: options.WorkspaceFile,
    households: options.Households,
    week: options.Week,
    out: options.CurvesOut,
    temperature: options.Temperature = None,
    samples: options.Samples = 200,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Draw the weeks that these households could ask from the grid."""
    street = compose.StreetWishes(workspace, households, week, temperature, samples, seed)
    emit(compose.run(street, out), as_json)


@app.command("tune")
def tune_(
    workspace: options.WorkspaceFile,
    households: options.Households,
    week: options.Week,
    criterion: options.CriterionText,
    out: options.CurvesOut,
    lam: options.Lam = None,
    kl: options.Kl = None,
    one_in: options.OneIn = None,
    target: options.TargetMean = None,
    quantile: options.TargetQuantile = None,
    tuned: options.TunedLatents = "both",
    second: options.SecondCriterion = None,
    degrees: options.Degrees = None,
    method: options.SamplingMethod = "auto",
    certify: options.Certify = True,
    temperature: options.Temperature = None,
    samples: options.Samples = 200,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Draw extreme but realistic weeks of these households.

    How extreme is said by exactly one of --lam, --kl, --one-in, --target and --quantile. A value
    of the first three below 0 goes the other way, to less of f: --one-in -100.
    """
    street = compose.StreetWishes(workspace, households, week, temperature, samples, seed)
    goal = tune.goal_of(lam=lam, kl=kl, one_in=one_in, target=target, quantile=quantile)
    other = tune.second_of(second, degrees)
    wishes = tune.Wishes(criterion, goal, method, certify, tuned, other)
    emit(tune.run(street, wishes, out, Progress()), as_json)


@app.command("export")
def export_(
    workspace: options.WorkspaceFile,
    out: Annotated[
        Path, typer.Option(help="Curves (.csv, .parquet) or figure (.svg, .png, .pdf).")
    ],
    as_json: options.Json = False,
) -> None:
    """Write the curves of a workspace's street, or their figure.

    These are weeks of the base distribution; `tune` draws extreme ones.
    """
    emit(export.run(workspace, out), as_json)


@app.command("judge")
def judge_(
    workspace: Annotated[
        Path | None,
        typer.Argument(metavar="W.h5", help="A workspace; by default the shipped one."),
    ] = None,
    seed: options.Seed = 0,
    repeats: Annotated[
        int,
        typer.Option(min=1, max=10_000, help="Random sums of households in each held-out week."),
    ] = 50,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.html", help="Judge everything, and write a report card to this file."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Score a model on weeks that it was not trained on.

    Its scores stand beside those of ridge regression and of bootstraps of real weeks.
    """
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
    dataset: Annotated[str, typer.Option(help="Household set; by default the one in use.")] = "",
    condition: options.Condition = "",
    known: options.KnownTable = None,
    model: Annotated[
        str, typer.Option(help="Model of the workspace; by default one is trained.")
    ] = "",
    keep: options.KeepIn = None,
    csv: Annotated[Path | None, typer.Option(help="CSV file to write: the whole ranking.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows that are printed.")] = 20,
    steps: Annotated[int, typer.Option(min=1, help="Training steps.")] = 1500,
    percentile: options.Percentile = 98.0,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Rank weeks of households, or rows of a table, by anomaly.

    Typed scores (thesis, 8.4) tell what is odd given what is known of a row from what is rare
    altogether.
    """
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
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder to write the page to.")],
    full: Annotated[
        bool, typer.Option("--full", help="In the setting of the thesis: hours, not minutes.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(min=1, help="Repetitions, for the spread of each figure.")
    ] = 3,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Make a chapter of the thesis again, as a page of figures.

    Each figure comes with its numbers as a table; the page states its setting.
    """
    spec = ChapterSpec(reduced=not full, seeds=seeds, seed=seed)
    emit(reproduce.run(name, spec, out, Progress()), as_json)


@app.command("study")
def study_(
    name: options.StudyName = None,
    workers: options.Workers = None,
    scheduler: options.SchedulerAddress = "",
    out: options.StudyOut = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Workspace with the data; by default the shipped data.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Train a recipe over a space of settings and seeds.

    A study that was interrupted goes on: what is finished is not repeated. A file of your own
    names a recipe, settings, axes and seeds, as those in lvm_studio/studies/shipped do.
    """
    if name is None:
        emit(study.listed(), as_json)
        return
    wishes = study.StudyWishes(name, workers, scheduler, out, workspace)
    result = study.run(wishes, Progress())
    emit(result, as_json, study.table(result))


@app.command("doctor")
def doctor_(as_json: options.Json = False) -> None:
    """Print versions, devices and libraries, and what is missing."""
    emit(doctor.run(), as_json)


@app.command("gui")
def gui(
    workspace: Annotated[
        Path | None, typer.Argument(metavar="W.h5", help="A workspace file to open.")
    ] = None,
) -> None:
    """Open the window of the studio."""
    if doctor.screen() == "none" and "QT_QPA_PLATFORM" not in os.environ:
        raise DataError(
            "There is no screen to open the studio on: neither DISPLAY nor WAYLAND_DISPLAY is set; "
            "set one, or make the journey without a window: lvm-studio tour FOLDER."
        )
    from lvm_studio.studio.app import main as open_window

    raise typer.Exit(open_window([str(workspace)] if workspace else []))


@app.command("tour")
def tour(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Folder for curves, figures and a screenshot."),
    ],
    as_json: options.Json = False,
) -> None:
    """Take the tour without a screen, and keep what it shows."""
    from lvm_studio.studio.tour import take_tour

    emit(take_tour(folder, Progress().done), as_json)


def main() -> None:
    """Run the verb of the command line, by default `gui`; a failure is one line and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        code = app(sys.argv[1:] or ["gui"], standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code)
    except DataError as error:
        fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        fail("Interrupted.")
    except MemoryError:
        fail("Not enough memory; ask for fewer samples or close other programs.")
    except OSError as error:  # a full disk behind standard output, a worker that cannot start
        fail(f"The system refused something ({error}); free what it lacks, or ask for less.")
    except Exception as error:  # noqa: BLE001 (who typed the command must get a sentence)
        fail(f"{usage_message(error)} See lvm-studio --help.")
