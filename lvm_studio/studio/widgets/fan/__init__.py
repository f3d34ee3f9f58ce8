"""The fan of possible weeks."""
