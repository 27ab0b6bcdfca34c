"""Finite networks, as functions of JAX: their neural tangent kernel at the weights they have."""

from limes.finite.empirical import empirical_ntk
from limes.finite.operator import NTKOperator, TopEigenvalues, Trace, ntk_operator
from limes.finite.plan import Plan, plan

__all__ = ["NTKOperator", "Plan", "TopEigenvalues", "Trace", "empirical_ntk", "ntk_operator", "plan"]
