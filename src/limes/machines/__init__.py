"""What learns from a kernel: scikit-learn estimators, one a file, and the predictors that attacks take."""

from limes.machines.classifier import NTKClassifier
from limes.machines.predictor import KernelPredictor
from limes.machines.regressor import NTKRegressor
from limes.machines.store import load

__all__ = ["KernelPredictor", "NTKClassifier", "NTKRegressor", "load"]
