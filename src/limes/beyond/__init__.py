"""What networks do that no fixed kernel does, in models small enough to measure it exactly."""

from limes.beyond import td, tensor

__all__ = ["td", "tensor"]
