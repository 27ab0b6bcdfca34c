"""What networks do that no fixed kernel does, in models small enough to measure it exactly."""

from limes.beyond import tails, tensor

__all__ = ["tails", "tensor"]
