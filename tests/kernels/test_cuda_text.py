"""The loops for GPUs, run on the processor: the text of the kernel by a C++ compiler, the rest by NumPy."""

import numpy as np
import pytest

from limes import nets
from limes.kernels.loops.cuda import source
from oracles.cuda_on_cpu import COMPILER, sums

R, D = nets.Relu(), nets.Dense(1.3, 0.1)


def _conv(kernel=(3, 3), **fields):
    return nets.Conv(kernel, w_std=1.4, b_std=0.2, **fields)


CASES = {
    "image-gap": ((9, 4, 3), nets.serial(_conv(), R, _conv((2, 3)), nets.LeakyRelu(0.3), nets.GlobalAvgPool(), D)),
    "image-valid-sum": ((4, 5, 2), nets.serial(_conv((2, 3), padding="VALID"), nets.Erf(), nets.GlobalSumPool(), D)),
    "image-flatten": ((5, 4, 1), nets.serial(_conv(), R, _conv(padding="VALID"), nets.Abs(), nets.Flatten(), D)),
    "series-gap": ((9, 2), nets.serial(_conv((4,)), R, D, nets.Erf(), nets.GlobalAvgPool(), D)),
}


@pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")
@pytest.mark.parametrize("name", CASES)
def test_text_of_the_gpu_kernel_gives_what_jax_gives(name, tmp_path):
    shape, net = CASES[name]
    program = net.program(shape)
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((n, *shape)) for n in (2, 3))
    y[0] = 0
    pairs, own = sums(program, "float64", *(a.reshape(len(a), *program.sizes, shape[-1]) for a in (x, y)), 2, tmp_path)
    whole = net.kernel(np.concatenate([x, y]), tile=5)
    nngp = (whole.nngp - D.b_std**2) / D.w_std**2  # before the read-out
    ntk = (whole.ntk - whole.nngp) / D.w_std**2
    for found, expected in zip(pairs, (nngp, ntk), strict=True):
        np.testing.assert_allclose(found, expected[:2, 2:], rtol=0, atol=1e-12 * np.abs(expected).max())
    for found, expected in zip(own, (nngp, ntk), strict=True):
        np.testing.assert_allclose(found, np.diagonal(expected)[:2], rtol=0, atol=1e-12 * np.abs(expected).max())


def test_programs_that_move_positions_have_no_gpu_form():
    assert nets.cnn(3, "gap").program((6, 6, 3)).in_place
    for layers in ((nets.AvgPool((2, 2)), _conv()), (_conv(strides=(2, 2)),)):
        assert not nets.serial(_conv(), R, *layers, R, nets.GlobalAvgPool()).program((6, 6, 3)).in_place


def test_text_is_written_with_all_numbers_fixed():
    text = source(nets.cnn(2, "flatten").program((5, 4, 3)), np.dtype(np.float32), 3)
    assert "#define REAL float" in text
    assert "window<false, 3, 3, 1, 1, 5, 4>" in text
    assert "activation<1, 1>" in text
