"""Training runs, studies and runs of the laboratory, seen from the window."""
