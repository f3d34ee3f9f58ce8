"""How far a search for anomalies is: free of torch, for whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """`share` of 1, and in words what is being done."""

    share: float
    sentence: str
