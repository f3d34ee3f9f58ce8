"""Deep latent variable models: networks, observation models, VAE and CompVAE, the street they compose."""
