"""Report cards and searches for anomalies, each one at a time in a process of its own."""
