"""Models held against held-out weeks, rivals, and the exact law where it is known."""
