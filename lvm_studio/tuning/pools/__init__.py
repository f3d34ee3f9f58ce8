"""Weighted draws of a tuned law: base pools, Gaussian climbs, SMC, and what others would use."""
