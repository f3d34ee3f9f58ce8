"""A street that never was: how simulated households live, and the exact law of what they use."""
