"""Vectors to learn from: tables, digits, manifolds, weeks of households, and their conditions."""
