"""Measurements: features of kernel machines, finite networks while they are trained, bounds from their norms."""

from limes.measure.agreement import Agreement, agreement
from limes.measure.basis import FeatureBasis, feature_basis, spread_ranks
from limes.measure.bound_course import BoundCourse, bound_course
from limes.measure.bound_data import DataNorms, data_norms
from limes.measure.bound_layers import net_layers, tree_layers, weight_layers
from limes.measure.bound_training import BoundTraining
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
from limes.measure.norm_bounds import NormBounds, norm_bounds, rows_needed
from limes.measure.patterns import activation_pattern, hamming_distance
from limes.measure.singles import Singles, singles

__all__ = [
    "Agreement",
    "Barrier",
    "BoundCourse",
    "BoundTraining",
    "Cumulative",
    "DataNorms",
    "Evolution",
    "FeatureBasis",
    "Features",
    "NormBounds",
    "Singles",
    "activation_pattern",
    "agreement",
    "alignment",
    "barrier",
    "bound_course",
    "cumulative",
    "data_norms",
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
    "net_layers",
    "norm_bounds",
    "polar",
    "relative_change",
    "rows_needed",
    "singles",
    "softmax_distance",
    "spawn",
    "spread_ranks",
    "top_mass",
    "tree_layers",
    "weight_distance",
    "weight_layers",
]
