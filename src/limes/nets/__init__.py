"""Architectures: layers with their finite form and kernel rule, their composition, and nets by name."""

from limes.nets.activation import Activation
from limes.nets.conv import Conv
from limes.nets.dense import Dense
from limes.nets.erf import Erf
from limes.nets.gelu import Gelu
from limes.nets.heads import Flatten, GlobalAvgPool
from limes.nets.layer import Layer
from limes.nets.net import Net, serial
from limes.nets.rectifiers import Abs, LeakyRelu, Relu
from limes.nets.residual import Residual
from limes.nets.spec import from_spec
from limes.nets.zoo import cnn, mlp, resnet

__all__ = [
    "Abs",
    "Activation",
    "Conv",
    "Dense",
    "Erf",
    "Flatten",
    "Gelu",
    "GlobalAvgPool",
    "Layer",
    "LeakyRelu",
    "Net",
    "Relu",
    "Residual",
    "cnn",
    "from_spec",
    "mlp",
    "resnet",
    "serial",
]
