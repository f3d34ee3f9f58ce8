"""The shell scripts say what is missing and what to do about it."""

import os
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"


def run_function(call: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Call one function of common.sh where only the commands in ``path`` are found."""
    script = f'. "{PACKAGING / "common.sh"}"; is_root() {{ return 1; }}; {call}'
    return subprocess.run(
        ["/bin/sh", "-c", script, str(PACKAGING / "run.sh")],
        env={"PATH": str(path), "LVM_STUDIO_VENV": str(path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the few commands that every system has."""
    for name in ("cat", "dirname", "id", "uname", "rm"):
        for folder in os.environ["PATH"].split(os.pathsep):
            if (Path(folder) / name).exists():
                (tmp_path / name).symlink_to(Path(folder) / name)
                break
    return tmp_path


def stub(path: Path, line: str) -> None:
    """A command that does one line, in place of what may be there."""
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("script", ["run.sh", "test.sh", "common.sh"])
def test_scripts_are_posix_sh(script: str) -> None:
    subprocess.run(["/bin/sh", "-n", PACKAGING / script], check=True)


def test_missing_packages_are_named_with_the_command_that_installs_them(tools: Path) -> None:
    stub(tools / "apt-get", "exit 0")
    done = run_function("system_packages 'Qt is missing' libegl1 libgl1", tools)
    assert done.returncode == 1
    assert "Qt is missing" in done.stderr
    assert "sudo apt-get install -y libegl1 libgl1" in done.stderr


def test_without_apt_the_debian_names_are_given(tools: Path) -> None:
    done = run_function("system_packages 'Qt is missing' libegl1", tools)
    assert done.returncode == 1
    assert "equivalent of these Debian packages: libegl1" in done.stderr


def test_a_missing_python_is_one_sentence(tools: Path) -> None:
    done = run_function("make_venv", tools)
    assert done.returncode == 1
    assert "Python 3.11 or newer is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_python_is_too_old_a_newer_one_is_named(tools: Path) -> None:
    stub(tools / "uname", "echo Linux")
    stub(tools / "apt-get", "exit 0")
    stub(tools / "python3", "exit 1")
    done = run_function("make_venv", tools)
    assert done.returncode == 1
    assert "sudo apt-get install -y python3.11 python3.11-venv" in done.stderr


def test_what_the_tests_have_installed_is_not_installed_again_to_run(tools: Path) -> None:
    (tools / "venv" / "bin").mkdir(parents=True)
    stub(tools / "venv" / "bin" / "python", f'echo "$@" >>"{tools / "asked"}"')
    for extras in ("[test]", "", "[test]"):
        assert run_function(f"install_project '{extras}'", tools).returncode == 0
    asked = (tools / "asked").read_text().splitlines()
    assert len(asked) == 1
    assert asked[0].endswith("[test]")


def test_a_folder_that_is_no_environment_is_left_alone(tools: Path) -> None:
    (tools / "venv").mkdir()
    (tools / "venv" / "letter.txt").write_text("mine")
    stub(tools / "python3", "exit 0")
    done = run_function("make_venv", tools)
    assert done.returncode == 1
    assert "is no virtual environment" in done.stderr
    assert (tools / "venv" / "letter.txt").exists()
