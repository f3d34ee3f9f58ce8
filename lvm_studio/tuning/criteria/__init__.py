"""What extreme means: criteria, how hard they are, and whether their law exists."""
