"""Gradients of kernel expansions in the inputs for every layer: against differences, and in float32 at the centres."""

import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.kernels.expansion import expand
from limes.nets.layer import Layer

pytestmark = pytest.mark.usefixtures("quick_compilation")

D, R, HEAD = nets.Dense(1.2, 0.2), nets.Relu(), nets.Flatten()
C = nets.Conv((3,), w_std=1.2, b_std=0.2)
ACTIVATIONS = [  # several to a net, since most of the time goes into compiling it
    (nets.Sin(), nets.Cos(), nets.Rbf(0.5)),
    (nets.Exp(0.5, 0.5), nets.Gaussian(1.0, -0.5), nets.Polynomial((0.2, 1.0, 0.1))),
    (nets.Sign(), nets.RectifiedMonomial(0)),
    (nets.RectifiedMonomial(2), nets.Hermite(2)),
    (nets.Monomial(2), nets.Elementwise(jnp.tanh, 16)),
    (nets.ShiftedRelu(0.6), nets.ShiftedRelu(-0.2, clip=1.0)),
]
ON_POSITIONS = [
    nets.serial(nets.ConvLocal((3,), w_std=1.2, b_std=0.2), R, C, HEAD, D),
    nets.serial(C, R, nets.AvgPool((2,)), C, R, nets.GlobalAvgPool(), D),
    nets.serial(C, R, nets.SumPool((2,)), nets.GlobalSumPool(), D),
    nets.serial(C, R, nets.SelfAttention(), R, HEAD, D),
    nets.serial(C, nets.LayerNorm(0.1), R, nets.Dropout(0.7), C, R, HEAD, D),
    nets.serial(nets.Recurrent(nets.Erf(), w_std=1.1, b_std=0.2), D),
    nets.serial(nets.Recurrent(w_std=1.1, b_std=0.2, readout="mean_shared"), D),
]
CASES = {}
for chosen in ACTIVATIONS:
    stack = nets.serial(D, *(layer for activation in chosen for layer in (activation, D)))
    CASES[", ".join(activation.name for activation in chosen)] = (stack, (6,))
CASES |= {", ".join(layer.name for layer in net.layers): (net, (4, 2)) for net in ON_POSITIONS}
ELSEWHERE = {"dense", "conv", "relu", "leaky_relu", "abs", "erf", "gelu", "residual", "flatten", "global_avg_pool"}


def _names(spec):
    return {layer["layer"] for layer in spec}


def test_every_layer_has_a_case():
    """Those of ELSEWHERE are in test_input_gradients.py."""
    here = set().union(*(_names(net.to_spec()) for net, _ in CASES.values()))
    own = {name for name, layer in Layer.registry.items() if layer.__module__.startswith("limes.nets.")}
    assert here | ELSEWHERE >= own


@pytest.mark.parametrize("name", CASES)
def test_differences_and_float32_at_the_centres(name):
    """One function is compiled for each precision; float32 is compared on the points that it sees."""
    net, shape = CASES[name]
    rng = np.random.default_rng(0)
    centres, coef, v = rng.standard_normal((3, *shape)), rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    x, direction, h = rng.standard_normal((2, *shape)), rng.standard_normal((2, *shape)), 1e-5

    def both(centres, coef, x, v):
        return expand(net, "ntk", centres, coef).scores_and_vjp(x, lambda scores: v)

    gradient = both(centres, coef, x, v)[1]
    ahead, behind = (both(centres, coef, x + s * h * direction, v)[0] for s in (1, -1))
    size = np.abs(gradient).max() * np.abs(direction).sum()
    slope = np.sum(v * (ahead - behind)) / (2 * h)
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6, atol=1e-7 * size)
    single = [a.astype(np.float32) for a in (centres, coef, centres[:2], v)]
    for blunt, exact in zip(both(*single), both(*(a.astype(np.float64) for a in single)), strict=True):
        assert blunt.dtype == np.float32
        assert np.isfinite(exact).all()
        np.testing.assert_allclose(blunt, exact, rtol=0, atol=2e-5 * np.abs(exact).max())
