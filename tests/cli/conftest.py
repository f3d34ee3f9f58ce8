"""A way to type a command, and a workspace with a model that is real but barely trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typed import Said, run_command

QUICK = (
    "batch=8",
    "model.head.anchors=2",
    "model.fitted_prior.steps=2",
    "model.fitted_prior.sums=256",
)


@pytest.fixture
def lvm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Type a command: ``lvm("compose", file, "--week", "2013-W05")``."""

    def typed(*words: object) -> Said:
        return run_command(words, capsys)

    return typed


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The London data and a CompVAE of three steps, as the command line writes it."""
    from lvm_studio.headless.progress import Progress
    from lvm_studio.headless.train import Wishes, run

    path = tmp_path_factory.mktemp("cli") / "street.h5"
    run(Wishes("households", 3, None, 0, "cpu", QUICK), path, None, Progress())
    return path
