"""The verbs without a window: plain arguments in, a plain dictionary of results out."""
