"""Ctrl+C: a training keeps what it has learned, everything else ends in a word."""

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


def test_any_other_verb_says_that_it_was_interrupted(
    lvm: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "run", interrupted)
    said = lvm("doctor", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err == "lvm-studio: Interrupted.\n"
