"""What a verb says at its end: its result, or in one line what was wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

import typer

from lvm_studio.headless import words

EXIT_WRONG = 2


def emit(result: dict[str, Any], as_json: bool, lines: Iterable[str] | None = None) -> None:
    """Print a result: one JSON object, or else these lines, or a line for each of its values."""
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    for line in words.lines(result) if lines is None else lines:
        typer.echo(line)


def usage_message(error: Exception) -> str:
    """What the parser has to say of a command it does not understand; anything else goes on.

    Typer carries a Click of its own, or uses the installed one, by version. So its exceptions
    are known by what they can do, not by where they come from.
    """
    say = getattr(error, "format_message", None)
    if say is None:
        raise error
    said = str(say()).replace("Value error, ", "").rstrip(".")
    return said if said.endswith("?") else f"{said}."


def fail(sentence: str) -> NoReturn:
    """Say in one line what was wrong and end with code 2."""
    typer.echo(f"lvm-studio: {' '.join(sentence.split())}", err=True)
    sys.exit(EXIT_WRONG)
