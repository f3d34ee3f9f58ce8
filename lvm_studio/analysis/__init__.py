"""Judging: fidelity on held-out weeks, and what the latent space holds."""
