"""What went wrong, in one sentence that a user can act on."""

from __future__ import annotations

from lvm_studio.data.errors import DataError


class TuningError(DataError):
    """A tuning that cannot be done as asked; the message says what, where and what to do."""
