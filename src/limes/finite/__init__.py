"""Finite networks, as functions of JAX: their training, their linearisations, and their neural tangent kernel."""

from limes.finite.adversary import Adversary
from limes.finite.empirical import empirical_ntk
from limes.finite.linearise import linearise, since_start
from limes.finite.operator import NTKOperator, TopEigenvalues, Trace, ntk_operator
from limes.finite.outputs import outputs
from limes.finite.plan import Plan, plan
from limes.finite.predictor import FinitePredictor
from limes.finite.pruning import Pruned, prune
from limes.finite.recipe import Recipe
from limes.finite.training import Moment, Run, train
from limes.finite.weight_norm import WeightNormalised, weight_normalised

__all__ = [
    "Adversary",
    "FinitePredictor",
    "Moment",
    "NTKOperator",
    "Plan",
    "Pruned",
    "Recipe",
    "Run",
    "TopEigenvalues",
    "Trace",
    "WeightNormalised",
    "empirical_ntk",
    "linearise",
    "ntk_operator",
    "outputs",
    "plan",
    "prune",
    "since_start",
    "train",
    "weight_normalised",
]
