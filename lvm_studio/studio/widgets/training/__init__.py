"""Training curves, lists of runs, forms and studies."""
