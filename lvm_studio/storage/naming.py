"""Names for what joins a workspace: nothing there is replaced."""

from __future__ import annotations

from collections.abc import Container


def free_name(name: str, taken: Container[str]) -> str:
    """Return the name, or "name 2", "name 3"… if it is taken.

    >>> free_name("street", {"street", "street 2"})
    'street 3'
    """
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate
