"""Artificial problems with known parts, drawn on the fly."""
