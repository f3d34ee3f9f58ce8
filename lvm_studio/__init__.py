"""LVM Studio: explore deep latent variable models of electricity use."""

__version__ = "0.1.0"
