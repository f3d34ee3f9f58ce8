"""Households on the way from the library to the composition: what a drag carries."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QMimeData

HOUSEHOLDS_MIME = "application/x-lvm-households"


def households_to_mime(household_ids: Sequence[str]) -> QMimeData:
    """Pack ids as JSON, and as lines of text for other programs.

    >>> households_from_mime(households_to_mime(["MAC000002", "MAC000003"]))
    ('MAC000002', 'MAC000003')
    """
    mime = QMimeData()
    mime.setData(HOUSEHOLDS_MIME, json.dumps(list(household_ids)).encode())
    mime.setText("\n".join(household_ids))
    return mime


def households_from_mime(mime: QMimeData) -> tuple[str, ...]:
    """Unpack ids; empty when the payload is not ours or is not a JSON list of strings."""
    if not mime.hasFormat(HOUSEHOLDS_MIME):
        return ()
    try:
        ids = json.loads(bytes(mime.data(HOUSEHOLDS_MIME).data()))
    except ValueError:
        return ()
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        return ()
    return tuple(ids)
