"""Measurements: the features of kernel machines, and how finite networks change while they are trained."""

from limes.measure.agreement import Agreement, agreement
from limes.measure.basis import FeatureBasis, feature_basis, spread_ranks
from limes.measure.connectivity import Barrier, barrier, error_on, spawn
from limes.measure.cumulative import Cumulative, cumulative
from limes.measure.evolution import Evolution, evolution
from limes.measure.features import Features, features
from limes.measure.functions import disagreement, function_distance, softmax_distance, weight_distance
from limes.measure.kernels import (
    alignment,
    effective_rank,
    eigenvalues,
    kernel_distance,
    polar,
    relative_change,
    top_mass,
)
from limes.measure.patterns import activation_pattern, hamming_distance
from limes.measure.singles import Singles, singles

__all__ = [
    "Agreement",
    "Barrier",
    "Cumulative",
    "Evolution",
    "FeatureBasis",
    "Features",
    "Singles",
    "activation_pattern",
    "agreement",
    "alignment",
    "barrier",
    "cumulative",
    "disagreement",
    "effective_rank",
    "eigenvalues",
    "error_on",
    "evolution",
    "feature_basis",
    "features",
    "function_distance",
    "hamming_distance",
    "kernel_distance",
    "polar",
    "relative_change",
    "singles",
    "softmax_distance",
    "spawn",
    "spread_ranks",
    "top_mass",
    "weight_distance",
]
