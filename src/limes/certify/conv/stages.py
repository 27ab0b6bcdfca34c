"""A convolutional net as stages: linear maps of position-wise covariances, with a rectifier between any two.

As long as no layer mixes unequal positions, all that a net needs of two images is the covariance of their units at each
position. Its linear layers, one after another up to the next activation, are one stage:

    S' = weight M S + bias,      T' = own M S + own_bias + weight M T,

M a sparse matrix of window means with non-negative entries, S the covariances, T the NTK. Before the first stage S_i is
x_i z_i, one number for each coordinate of the input, and T is 0. Flattening is a window over all positions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from limes.kernels.program import POINT
from limes.nets import Conv, Dense, Flatten, Net
from limes.nets.rectifiers import Rectifier
from limes.nets.weights import as_step
from limes.nets.windows import output_size, pads


@dataclass(frozen=True, eq=False)
class Stage:
    """The linear layers up to an activation or to the end of the net.

    Attributes:
        mean: (positions', positions) the matrix M.
        weight, own: factors of M S in the covariance and in the NTK.
        bias, own_bias: (positions',) what is added.
        slope: of the rectifier that follows, on its negative side; None at the end of the net.
    """

    mean: sparse.csr_array
    weight: float
    own: float
    bias: np.ndarray
    own_bias: np.ndarray
    slope: float | None = None


def known(net: Net) -> bool:
    """Whether a net that acts on positions consists of stages: convolutions, dense layers, flatten and rectifiers."""
    for layer in net.layers:
        if isinstance(layer, Conv | Dense):
            if as_step(layer).weight == 0:
                return False
        elif not isinstance(layer, Flatten | Rectifier):
            return False
    return net.layout == "position"


def stages(net: Net, shape: Sequence[int]) -> list[Stage]:
    """The stages of a net that is `known`, for inputs (*positions, channels)."""
    *sizes, channels = shape
    sizes = tuple(sizes)
    eye = sparse.eye_array(math.prod(sizes), format="csr")
    mean = sparse.csr_array(sparse.kron(eye, np.full((1, channels), 1 / channels), format="csr"))
    found, open_stage = [], _start(mean)
    for layer in net.layers:
        if isinstance(layer, Rectifier):
            found.append(replace(open_stage, slope=layer.slope))
            open_stage = _start(sparse.eye_array(math.prod(sizes), format="csr"))  # pyright: ignore[reportArgumentType]
            continue
        if isinstance(layer, Flatten):
            open_stage = _averaged(open_stage, sparse.csr_array(np.full((1, math.prod(sizes)), 1 / math.prod(sizes))))
            sizes = ()
            continue
        assert isinstance(layer, Conv | Dense), "known() lets no other layer through"
        if isinstance(layer, Conv):
            matrix, sizes = _windows(layer, sizes)
            open_stage = _averaged(open_stage, matrix)
        window = math.prod(layer.kernel) if isinstance(layer, Conv) else 1
        step = as_step(layer, replace(POINT, size=(window, 1)))
        open_stage = _weighted(open_stage, step.weight, step.bias, step.own, step.own_bias)
    return [*found, open_stage]


def _start(mean: sparse.csr_array) -> Stage:
    zero = np.zeros(mean.shape[0])  # pyright: ignore[reportOptionalSubscript]
    return Stage(mean, 1.0, 0.0, zero, zero)


def _averaged(stage: Stage, matrix: sparse.csr_array) -> Stage:
    mean = sparse.csr_array(matrix @ stage.mean)
    mean.sum_duplicates()
    return replace(stage, mean=mean, bias=matrix @ stage.bias, own_bias=matrix @ stage.own_bias)


def _weighted(stage: Stage, weight: float, bias: float, own: float, own_bias: float) -> Stage:
    """Followed by S'' = weight S' + bias, T'' = own S' + own_bias + weight T'."""
    return Stage(
        stage.mean,
        weight * stage.weight,
        own * stage.weight + weight * stage.own,
        weight * stage.bias + bias,
        own * stage.bias + own_bias + weight * stage.own_bias,
    )


def _windows(layer: Conv, sizes: tuple[int, ...]) -> tuple[sparse.csr_array, tuple[int, ...]]:
    """Means over the windows of a convolution, padding counted, and the positions after it."""
    assert layer.strides is not None
    matrix, after = sparse.csr_array(np.ones((1, 1))), []
    for size, window, stride in zip(sizes, layer.kernel, layer.strides, strict=True):
        count = output_size(size, window, stride, layer.padding)
        start = pads(size, window, stride, layer.padding)[0]
        rows = np.repeat(np.arange(count), window)
        columns = (np.arange(count)[:, None] * stride + np.arange(window) - start).ravel()
        if layer.padding == "CIRCULAR":
            columns = columns % size
        inside = (columns >= 0) & (columns < size)
        entries = np.full(int(inside.sum()), 1 / window)
        axis = sparse.csr_array((entries, (rows[inside], columns[inside])), shape=(count, size))
        axis.sum_duplicates()
        matrix = sparse.csr_array(sparse.kron(matrix, axis, format="csr"))
        after.append(count)
    return matrix, tuple(after)
