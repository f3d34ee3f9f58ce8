"""Somebody's readings into a household set: dialects, columns, clocks, grids, rejected rows."""
