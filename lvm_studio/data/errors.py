"""The one exception of the data floor."""

from __future__ import annotations


class DataError(ValueError):
    """Data that cannot be used, said in one sentence a user can act on."""

    @property
    def sentence(self) -> str:
        """What is wrong, where, and what to do."""
        return str(self)
