"""What a latent space holds, how it is mapped, walked through and judged."""
