"""The λ strip and the pictures beside it."""
