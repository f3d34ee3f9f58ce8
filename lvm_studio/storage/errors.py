"""What went wrong with a file, as one sentence for the person who opened it."""

from __future__ import annotations

from lvm_studio.data.errors import DataError


class StorageError(DataError):
    """A file cannot be read or written; the message says which, why and what to do."""
