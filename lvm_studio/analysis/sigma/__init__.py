"""Chapters 6 and 7: noises, hyperspheres, and probabilistic PCA as their closed form."""
