"""Bridges to other libraries, each an extra of its own: `limes.interop.torch`.

A bridge imports its library when it is used, so that importing this room needs none of them.
"""

from limes.interop import torch

__all__ = ["torch"]
