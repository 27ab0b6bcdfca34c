"""Two-layer networks with thresholds, trained exactly at the cost of their active neurons.

`shallow` has the network, `train` the training, `engine` a step of it, `lists` the candidates of each neuron, `loops`
what is compiled, and `choice` what a step costs.
"""

from limes.finite.inactive.shallow import ShallowNet
from limes.finite.inactive.train import ShallowRun, stable_rate, tangent_kernel, train_shallow

__all__ = ["ShallowNet", "ShallowRun", "stable_rate", "tangent_kernel", "train_shallow"]
