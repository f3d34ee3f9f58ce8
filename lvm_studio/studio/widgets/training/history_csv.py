"""The curves of runs as one table of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lvm_studio.studio.widgets.training.training_terms import SPLITS, TERMS, RunHistory, Split

if TYPE_CHECKING:
    import polars as pl


def history_csv(runs: Sequence[RunHistory]) -> str:
    """All reports of these runs, one a row: run, split, step, seconds, then the terms.

    ELBO and its terms are in nats per observation, σ in its own unit; nothing is smoothed, and a
    value that is not a number is "NaN".
    """
    import polars as pl  # writes a million rows while csv would write thirty thousand

    tables = [_table(run, split) for run in runs for split in SPLITS if len(run.split(split).step)]
    head = ["run", "split", "step", "seconds", *(term.name for term in TERMS)]
    if not tables:
        return ",".join(head) + "\n"
    return pl.concat(tables).write_csv()


def _table(run: RunHistory, split: Split) -> pl.DataFrame:
    import polars as pl

    history = run.split(split)
    columns: dict[str, Any] = {
        "step": history.step.astype(np.int64),
        "seconds": history.seconds.round(3),
        **{term.name: history.term(term.name) for term in TERMS},
    }
    names = [pl.lit(run.name).alias("run"), pl.lit(str(split)).alias("split")]
    return pl.DataFrame(columns).select(*names, pl.all())
