"""Typed anomalies (8.4): one number far off, or a small change of many that belong together."""
