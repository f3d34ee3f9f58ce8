"""Objectives, the training loop, recipes and the reports that a run gives."""
