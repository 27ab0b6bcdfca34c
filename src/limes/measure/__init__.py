"""Measurements: features of kernel machines, finite networks while they are trained, bounds from their norms."""

from limes.measure.agreement import Agreement, agreement
from limes.measure.basis import FeatureBasis, feature_basis, spread_ranks
from limes.measure.bias_kernel import BiasKernel, active_fraction, bias_kernel, bias_net, sampled_bias_kernel, unit_rows
from limes.measure.bias_region import in_region, region_bound, region_minimum
from limes.measure.bias_training import BiasTraining, lazy_losses, train_with_bias
from limes.measure.bound_course import BoundCourse, bound_course
from limes.measure.bound_data import DataNorms, data_norms
from limes.measure.bound_layers import net_layers, tree_layers, weight_layers
from limes.measure.bound_training import BoundTraining
from limes.measure.connectivity import Barrier, barrier, error_on, spawn
from limes.measure.cumulative import Cumulative, cumulative
from limes.measure.eigenvalue_bounds import EigenvalueBound, matrix_bounds, separation, worst_case_bound
from limes.measure.evolution import Evolution, evolution
from limes.measure.features import Features, features
from limes.measure.functions import disagreement, function_distance, softmax_distance, weight_distance
from limes.measure.hermite_bound import hermite_bound, hermite_weights, power_floors
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
from limes.measure.rademacher import ball_term, confidence_term, localised_term, term_without_sparsity
from limes.measure.singles import Singles, singles
from limes.measure.spectrum import KernelSpectrum, kernel_spectrum

__all__ = [
    "Agreement",
    "Barrier",
    "BiasKernel",
    "BiasTraining",
    "BoundCourse",
    "BoundTraining",
    "Cumulative",
    "DataNorms",
    "EigenvalueBound",
    "Evolution",
    "FeatureBasis",
    "Features",
    "KernelSpectrum",
    "NormBounds",
    "Singles",
    "activation_pattern",
    "active_fraction",
    "agreement",
    "alignment",
    "ball_term",
    "barrier",
    "bias_kernel",
    "bias_net",
    "bound_course",
    "confidence_term",
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
    "hermite_bound",
    "hermite_weights",
    "in_region",
    "kernel_distance",
    "kernel_spectrum",
    "lazy_losses",
    "localised_term",
    "matrix_bounds",
    "net_layers",
    "norm_bounds",
    "polar",
    "power_floors",
    "region_bound",
    "region_minimum",
    "relative_change",
    "rows_needed",
    "sampled_bias_kernel",
    "separation",
    "singles",
    "softmax_distance",
    "spawn",
    "spread_ranks",
    "term_without_sparsity",
    "top_mass",
    "train_with_bias",
    "tree_layers",
    "unit_rows",
    "weight_distance",
    "weight_layers",
    "worst_case_bound",
]
