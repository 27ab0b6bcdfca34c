"""PyTorch: limes predictors as torch modules, torch modules as limes predictors. Needs ``limes[torch]``."""

from limes.interop.torch.as_module import as_module
from limes.interop.torch.layers import layers
from limes.interop.torch.ntk import empirical_ntk
from limes.interop.torch.predictor import TorchPredictor, predictor
from limes.interop.torch.state import read_state

__all__ = ["TorchPredictor", "as_module", "empirical_ntk", "layers", "predictor", "read_state"]
