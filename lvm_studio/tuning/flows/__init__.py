"""Normalising flows that follow λ, one criterion or several, one street or all."""
