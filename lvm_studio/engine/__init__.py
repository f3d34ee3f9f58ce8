"""Running jobs elsewhere: the worker process and what passes between it and its owner."""
