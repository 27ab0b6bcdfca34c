"""What networks do that no fixed kernel does, in models small enough to measure it exactly."""

from limes.beyond import features, population, tensor

__all__ = ["features", "population", "tensor"]
