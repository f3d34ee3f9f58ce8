"""What went wrong, in one sentence that a user can act on."""


class TuningError(ValueError):
    """A tuning that cannot be done as asked; the message says what, where and what to do."""
