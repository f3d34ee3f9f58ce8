"""What the import assistant shows."""
