"""Slow, plain references in NumPy that share no code with the library."""
