"""The wheel alone is a working studio: it carries the code, the data and the models."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.parametrize("folder", ["resources", "models"])
def test_the_wheel_carries_every_shipped_file(wheel: zipfile.ZipFile, folder: str) -> None:
    shipped = {
        f"lvm_studio/_shipped/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert shipped
    assert shipped <= set(wheel.namelist())


def test_the_wheel_carries_every_module(wheel: zipfile.ZipFile) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lvm_studio").rglob("*.py")}
    assert modules <= set(wheel.namelist())


def test_the_wheel_installs_the_console_script(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    assert b"lvm-studio = lvm_studio.cli:main" in wheel.read(entry_points)


def test_the_wheel_alone_is_a_studio_with_data_and_model(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path)
    code = (
        "import lvm_studio; from lvm_studio.storage.start import starting_workspace;"
        "w = starting_workspace(); print(lvm_studio.__file__, len(w.datasets), len(w.models))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    where, datasets, models = done.stdout.split()
    assert Path(where).is_relative_to(tmp_path)
    assert (datasets, models) == ("1", "1")
