"""Architectures: layers with their finite form and kernel rule, their composition, and nets by name."""

from limes.nets.activation import Activation
from limes.nets.conv import Conv, ConvLocal
from limes.nets.dense import Dense
from limes.nets.dropout import Dropout
from limes.nets.elementwise import Elementwise
from limes.nets.erf import Erf
from limes.nets.exponentials import Exp, Gaussian
from limes.nets.flatten import Flatten
from limes.nets.gelu import Gelu
from limes.nets.global_pool import GlobalAvgPool, GlobalSumPool
from limes.nets.layer import Layer
from limes.nets.layer_norm import LayerNorm
from limes.nets.net import Net, serial
from limes.nets.polynomials import Hermite, Monomial, Polynomial
from limes.nets.pool import AvgPool, SumPool
from limes.nets.rectified_monomial import RectifiedMonomial
from limes.nets.rectifiers import Abs, LeakyRelu, Relu
from limes.nets.recurrent import Recurrent
from limes.nets.residual import Residual
from limes.nets.self_attention import SelfAttention
from limes.nets.shifted_relu import ShiftedRelu
from limes.nets.sign import Sign
from limes.nets.sinusoids import Cos, Rbf, Sin
from limes.nets.spec import from_spec
from limes.nets.standard import standard
from limes.nets.zoo import cnn, mlp, myrtle, resnet

__all__ = [
    "Abs",
    "Activation",
    "AvgPool",
    "Conv",
    "ConvLocal",
    "Cos",
    "Dense",
    "Dropout",
    "Elementwise",
    "Erf",
    "Exp",
    "Flatten",
    "Gaussian",
    "Gelu",
    "GlobalAvgPool",
    "GlobalSumPool",
    "Hermite",
    "Layer",
    "LayerNorm",
    "LeakyRelu",
    "Monomial",
    "Net",
    "Polynomial",
    "Rbf",
    "RectifiedMonomial",
    "Recurrent",
    "Relu",
    "Residual",
    "SelfAttention",
    "ShiftedRelu",
    "Sign",
    "Sin",
    "SumPool",
    "cnn",
    "from_spec",
    "mlp",
    "myrtle",
    "resnet",
    "serial",
    "standard",
]
