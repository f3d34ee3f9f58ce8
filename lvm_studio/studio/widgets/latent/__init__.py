"""The map of the latent space, its sliders, strips and judging."""
