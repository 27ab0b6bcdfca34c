"""Measurements: the features of kernel machines, and how finite networks change while they are trained."""

from limes.measure.agreement import Agreement, agreement
from limes.measure.basis import FeatureBasis, feature_basis, spread_ranks
from limes.measure.bias_kernel import BiasKernel, active_fraction, bias_kernel, bias_net, sampled_bias_kernel, unit_rows
from limes.measure.bias_region import in_region, region_bound, region_minimum
from limes.measure.bias_training import BiasTraining, lazy_losses, train_with_bias
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
from limes.measure.patterns import activation_pattern, hamming_distance
from limes.measure.rademacher import ball_term, confidence_term, localised_term, term_without_sparsity
from limes.measure.singles import Singles, singles
from limes.measure.spectrum import KernelSpectrum, kernel_spectrum

__all__ = [
    "Agreement",
    "Barrier",
    "BiasKernel",
    "BiasTraining",
    "Cumulative",
    "EigenvalueBound",
    "Evolution",
    "FeatureBasis",
    "Features",
    "KernelSpectrum",
    "Singles",
    "activation_pattern",
    "active_fraction",
    "agreement",
    "alignment",
    "ball_term",
    "barrier",
    "bias_kernel",
    "bias_net",
    "confidence_term",
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
    "hermite_bound",
    "hermite_weights",
    "in_region",
    "kernel_distance",
    "kernel_spectrum",
    "lazy_losses",
    "localised_term",
    "matrix_bounds",
    "polar",
    "power_floors",
    "region_bound",
    "region_minimum",
    "relative_change",
    "sampled_bias_kernel",
    "separation",
    "singles",
    "softmax_distance",
    "spawn",
    "spread_ranks",
    "term_without_sparsity",
    "top_mass",
    "train_with_bias",
    "unit_rows",
    "weight_distance",
    "worst_case_bound",
]
