"""The street on the composition page: its fan, its tuned law, who makes the peak, as answers."""
