"""Measurements on predictors and kernels: the features of a kernel machine, how useful and how robust each is."""

from limes.measure.agreement import Agreement, agreement
from limes.measure.basis import FeatureBasis, feature_basis, spread_ranks
from limes.measure.cumulative import Cumulative, cumulative
from limes.measure.features import Features, features
from limes.measure.singles import Singles, singles

__all__ = [
    "Agreement",
    "Cumulative",
    "FeatureBasis",
    "Features",
    "Singles",
    "agreement",
    "cumulative",
    "feature_basis",
    "features",
    "singles",
    "spread_ranks",
]
