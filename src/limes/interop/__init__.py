"""Bridges to other libraries: `limes.interop.torch`, `limes.interop.flax`, `limes.interop.equinox`.

A bridge imports its library when it is used, so that importing this room needs none of them.
"""

from limes.interop import equinox, flax, torch

__all__ = ["equinox", "flax", "torch"]
