"""Ctrl+C and what else ends a verb: a training keeps what it has learned, others say a word."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from typed import Said

from lvm_studio.headless import doctor, train
from lvm_studio.headless.interrupts import asking_to_stop
from lvm_studio.headless.progress import Progress
from lvm_studio.storage.workspace import load


class Impatient(Progress):
    """Somebody who presses Ctrl+C as soon as a step is told."""

    def say(self, sentence: str) -> None:
        if sentence.startswith("step "):
            signal.raise_signal(signal.SIGINT)


def test_a_training_that_is_interrupted_keeps_what_it_has_learned(tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    wishes = train.Wishes("sinusoid", 500, None, 0, "cpu", ())
    told = train.run(wishes, out, None, Impatient())
    assert told["steps"] == 1
    assert list(load(out).models) == ["sinusoid"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_whoever_interrupts_twice_means_it() -> None:
    with asking_to_stop() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (KeyboardInterrupt(), "Interrupted."),
        (MemoryError(), "Not enough memory; "),
        (OSError(28, "No space left on device"), "The system refused something ([Errno 28] No "),
    ],
)
def test_whatever_ends_a_verb_is_one_line_and_code_2(
    lvm: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    what: BaseException,
    sentence: str,
) -> None:
    def ended() -> None:
        raise what

    monkeypatch.setattr(doctor, "run", ended)
    said = lvm("doctor", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"lvm-studio: {sentence}")
    assert len(said.err.splitlines()) == 1
