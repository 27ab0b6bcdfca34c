"""What networks do that no fixed kernel does, and what the limit explains, in models that can be measured exactly."""

from limes.beyond import features, meanfield, population, posterior, tails, td, tensor

__all__ = ["features", "meanfield", "population", "posterior", "tails", "td", "tensor"]
