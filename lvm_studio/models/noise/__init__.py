"""Observation models of vectors: one small class each, behind one protocol (chapters 6 and 7)."""
