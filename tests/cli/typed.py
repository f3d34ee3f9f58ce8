"""Typing a command in this process, as a shell would."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from lvm_studio import cli


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        return json.loads(self.out)


def run_command(words: tuple[object, ...], capture: pytest.CaptureFixture[str]) -> Said:
    """Run ``lvm-studio`` with these words in this process."""
    before, sys.argv = sys.argv, ["lvm-studio", *map(str, words)]
    try:
        with pytest.raises(SystemExit) as ended:
            cli.main()
    finally:
        sys.argv = before
    printed = capture.readouterr()
    return Said(int(ended.value.code or 0), printed.out, printed.err)
