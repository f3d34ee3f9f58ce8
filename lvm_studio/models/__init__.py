"""Deep latent variable models: networks, observation models, VAE, CompVAE, the composed street."""
