"""What the latent page computes, maps, picks out and hands out."""
