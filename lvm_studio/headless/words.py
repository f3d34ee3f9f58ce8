"""The result of a verb as a person reads it: a line for each value, rows below their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Parts of keys that are written in another way than they are typed.
_WRITTEN = {
    "elbo": "ELBO",
    "ess": "ESS",
    "khat": "k̂",
    "kl": "KL",
    "kw": "kW",
    "kwh": "kWh",
    "lam": "λ",
    "sigma": "σ",
}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that tell a result.

    >>> told = {"peak_kw": 3.14159, "updates": [{"lam": 1.0, "ok": True}], "notes": []}
    >>> list(lines(told))
    ['peak kW: 3.142', 'updates:', '  λ 1, ok yes', 'notes: none']
    """
    for key, value in result.items():
        name = _named(key)
        if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield f"{name}:"
            yield from (f"  {words(row)}" for row in value)
        else:
            yield f"{name}: {words(value)}"


def words(value: object) -> str:
    """One value in words; sentences follow each other, other things are listed.

    >>> words(["A reading is missing.", "All is well."]), words((17283.4, None)), words({})
    ('A reading is missing. All is well.', '17,283, –', 'none')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        case None | "":
            return "–"
        case Mapping():
            pairs = (f"{_named(key)} {words(inner)}" for key, inner in value.items())
            return ", ".join(pairs) or "none"
        case list() | tuple():
            return _listed([words(inner) for inner in value])
    return str(value)


def _named(key: str) -> str:
    """A key in words.

    >>> _named("reference_log_z"), _named("heldout_kl_w")
    ('reference log Z', 'heldout KL w')
    """
    return " ".join(_WRITTEN.get(part, part) for part in key.replace("log_z", "log_Z").split("_"))


def _listed(said: list[str]) -> str:
    sentences = bool(said) and all(one.endswith(".") for one in said)
    return (" " if sentences else ", ").join(said) or "none"
