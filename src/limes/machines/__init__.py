"""What learns from a kernel: scikit-learn estimators, one a file, and the predictors that attacks take."""

from limes.machines.classifier import NTKClassifier
from limes.machines.gp import NNGPRegressor
from limes.machines.predictor import KernelPredictor
from limes.machines.regressor import NTKRegressor
from limes.machines.rntk import RNTKClassifier
from limes.machines.store import load
from limes.machines.svc import NTKSVC
from limes.machines.training import TrainingGradient

__all__ = [
    "NTKSVC",
    "KernelPredictor",
    "NNGPRegressor",
    "NTKClassifier",
    "NTKRegressor",
    "RNTKClassifier",
    "TrainingGradient",
    "load",
]
