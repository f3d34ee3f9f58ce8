"""One sentence for whatever went wrong; the traceback stays in the log and in "Details"."""

from __future__ import annotations

from lvm_studio.data.errors import DataError


def details_of(error: BaseException) -> str:
    """Return what stands behind an error, for who wants to know; '' for nothing."""
    return repr(error.__cause__) if error.__cause__ else ""


def sentence_of(error: BaseException) -> str:
    """Return what to tell the user about an exception.

    >>> sentence_of(DataError("The week is unknown; choose another."))
    'The week is unknown; choose another.'
    >>> sentence_of(MemoryError())
    'Not enough memory for this; take fewer samples or close other programs.'
    """
    match error:
        case DataError():
            return str(error)
        case MemoryError():
            return "Not enough memory for this; take fewer samples or close other programs."
        case OSError():
            reason = error.strerror or str(error)
            where = f" ({error.filename})" if error.filename else ""
            return f"The file or folder{where} could not be used: {reason}."
        case _:
            what = str(error).strip().partition("\n")[0] or type(error).__name__
            return f"Something unexpected happened: {what.rstrip('.')}."
