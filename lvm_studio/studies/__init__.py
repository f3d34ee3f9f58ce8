"""Studies: a recipe over a space of settings and over seeds, on this machine or on a cluster."""
