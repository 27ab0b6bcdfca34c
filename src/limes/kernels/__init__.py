"""The analytic kernel engine: from the covariance of inputs to the kernel of a net, and its gradients."""

from limes.kernels.monte_carlo import MonteCarloKernel, monte_carlo
from limes.kernels.tiles import Kernel, estimate_bytes, kernel

__all__ = ["Kernel", "MonteCarloKernel", "estimate_bytes", "kernel", "monte_carlo"]
