"""Boltzmann tuning: criteria, reweighted pools, the λ-flow and the solvers for λ."""
