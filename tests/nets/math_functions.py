"""A function that specifications name by its path."""


def cube(x):
    """x^3."""
    return x**3
