"""What networks do that no fixed kernel does, in models small enough to measure it exactly."""

from limes.beyond import population, posterior, tensor

__all__ = ["population", "posterior", "tensor"]
