"""What networks do that no fixed kernel does, in models small enough to measure it exactly."""

from limes.beyond import meanfield, tensor

__all__ = ["meanfield", "tensor"]
