"""Readings come in: the import assistant, and a street that is simulated."""
