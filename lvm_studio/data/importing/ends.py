"""Names of columns that say that a time is the end of its interval."""

from __future__ import annotations

import re

_END = re.compile(r"\b(end|ended|ending|to|fin|ende|bis|fine|einde|tot|hasta|until)\b")


def says_end(name: str) -> bool:
    """Whether a column's name says so, in one of the languages of the known columns.

    >>> [name for name in ("Bis", "period_end", "Von", "Zeit", "Trend") if says_end(name)]
    ['Bis', 'period_end']
    """
    return bool(_END.search(name.lower().replace("_", " ")))
