"""The adversarial regularisation kernel: how fast an inner gradient-flow attack moves a network's outputs.

Linearised in its input, a network under the attack dx/ds = (df/dx)^T eta (f - y) has the residual exp(Theta_x eta s)
r_0 with Theta_x(x) = (df/dx)(df/dx)^T, summed over input coordinates (Fu & Wang 2024, arXiv 2310.06112). Over random
weights its mean at infinite width is a number times the identity of the outputs; that number is what `ark` computes. It
equals the trace of d^2 K_nngp(x, x') / dx dx' at x' = x, where automatic differentiation is singular: hence the
recursion.

Derivation. Let u be a unit of variance v(x) and d_a its derivative in input coordinate a. Carried from layer to layer
are v, A = sum_a E[(d_a u)^2], and s = sum_a (d_a v)^2.

- Weights and biases are drawn afresh: A goes as the covariance does, without the biases. Branches of a residual block
  are uncorrelated: A adds.
- Activation z = phi(u): E[(d_a z)^2] = E[phi'(u)^2 (d_a u)^2]. The pair (u, d_a u) is Gaussian with covariance
  c = d_a v / 2, so given u, d_a u has mean c u / v and variance E[(d_a u)^2] - c^2 / v. With q(v) = E[phi'(u)^2], and
  E[phi'(u)^2 u^2] = 2 v^2 q' + v q (derivative of a Gaussian mean in its variance), the terms in 1/v cancel:

      A' = q(v) A + q'(v) s / 2.

- A starts at 1, the mean over channels x_j of sum_a (d x_j / dx_a)^2.

Variances depend on x only through the mean squares v0 = mean_c x_c^2 of the input's channels (of each position, for
convolutions), so the channels of one position give s = t^2, t the derivative of v along dv0 = 2 sqrt(v0 / channels).
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from limes.core import precision
from limes.core.errors import InputError, NetError
from limes.core.types import Array
from limes.kernels.state import Cov, State, input_state
from limes.nets import Abs, Activation, Conv, Dense, Flatten, Layer, LeakyRelu, Net, Relu, Residual

_KINKED = (Abs, LeakyRelu, Relu)  # piecewise linear through 0: E[phi'(u)^2] does not depend on the variance
_ENTRIES = 1 << 20  # numbers of one layer held at once


def ark(net: Net, x: Array) -> np.ndarray:
    """The adversarial regularisation kernel of one output at infinite width, at each input.

    This is the mean over random networks. A single network, however wide, scatters round it by about sqrt(2 / d) of its
    value for inputs of d coordinates, because its gradient in x stays random. For a ReLU net of L hidden layers with
    equal w_std it is w_std^2 (w_std^2 / 2)^L, whatever x and the biases.

    Args:
        net: fully connected, or convolutional under a flatten head; residual blocks included.
        x: (n, features...), float32 or float64; the computation runs in float64.

    Returns:
        (n,) in the dtype of x, in units of 1 / (units of x)^2.

    Raises:
        NetError: for a layer without a rule here (global average pooling), or inputs that do not fit the net.
        InputError: for NaN, infinity, or a single example without a batch axis.
        DtypeError: for integer input.

    Cost: O(depth) an input for fully connected nets, O(p depth) for rectifiers and O(p^2 depth) for other activations
    in a convolutional net of p positions.

    Reference: Fu & Wang 2024, arXiv 2310.06112; the recursion is derived in the header of this file.

    Example:
        >>> from limes import nets
        >>> ark(nets.mlp(depth=2, w_std=2.0), np.eye(3)).tolist()  # 4 (4 / 2)^1
        [8.0, 8.0, 8.0]
    """
    inner = tuple(_inner(net.layers))
    if unknown := sorted({layer.name for layer in inner if not isinstance(layer, Activation | Conv | Dense | Flatten)}):
        raise NetError(
            f"the adversarial regularisation kernel has no infinite-width rule for {', '.join(unknown)}: average "
            "limes.robust.empirical_ark over random finite networks instead, or use a flatten head"
        )
    dtype = precision.float_dtype(x)
    _check_batch(x)
    if not len(x):
        return np.zeros(0, dtype)
    smooth = any(isinstance(layer, Activation) and not isinstance(layer, _KINKED) for layer in inner)
    with precision.scope(np.float64):
        values = _all(net, smooth and net.needs_positions, net.prepare(jnp.asarray(x, np.float64)))
        return np.asarray(values).astype(dtype)


def empirical_ark(apply: Callable[[Any, jax.Array], jax.Array], params: Any, x: Array) -> np.ndarray:
    """(df/dx)(df/dx)^T of a finite network at each input.

    Args:
        apply: a JAX function (params, (n, features...)) -> (n, c) that treats examples one by one.
        params: its weights, a pytree.
        x: (n, features...), float32 or float64; computed in float64 where x or a weight is.

    Returns:
        (n, c, c), in units of 1 / (units of x)^2.

    Raises:
        InputError: for NaN, infinity, a single example without a batch axis, or outputs that are not (n, c).
        DtypeError: for integer input.

    Cost: c backward passes an example, and c times the bytes of x for the Jacobian; one compilation for each function
    and shape.

    Example:
        >>> weights = np.array([[1.0, 0.0], [2.0, 2.0]])
        >>> empirical_ark(lambda w, x: x @ w, weights, np.ones((1, 2))).tolist()
        [[[5.0, 4.0], [4.0, 4.0]]]
    """
    floats = [w for w in jax.tree.leaves(params) if np.dtype(getattr(w, "dtype", object)) in precision.SUPPORTED]
    precision.float_dtype(x)
    dtype = precision.float_dtype(x, *floats)
    _check_batch(x)
    with precision.scope(dtype):
        batch = jnp.asarray(x, dtype)
        shape = jax.eval_shape(apply, params, batch).shape
        if len(shape) != 2 or shape[0] != len(x):
            raise InputError(f"apply(params, x) must return (n, c) for a batch of n={len(x)}, not {shape}")
        return np.asarray(_finite(apply, params, batch))


@functools.partial(jax.jit, static_argnums=(0,))
def _finite(apply, params, x):
    jacobian = jax.vmap(jax.jacrev(lambda one: apply(params, one[None])[0]))(x)
    flat = jacobian.reshape(*jacobian.shape[:2], -1)
    return jnp.einsum("nad,nbd->nab", flat, flat, precision="highest")


@functools.partial(jax.jit, static_argnums=(0, 1))
def _all(net: Net, by_position: bool, x: jax.Array) -> jax.Array:
    """The values of a batch in float64, a bounded number of examples at a time."""
    size = x[0].size // x.shape[-1] if by_position else x[0].size
    return jax.lax.map(functools.partial(_one, net, by_position), x, batch_size=max(1, _ENTRIES // size**2))


def _one(net: Net, by_position: bool, x: jax.Array) -> jax.Array:
    """The value at one example.

    The recursion is linear in A and s. With smooth activations s is one square for each input position, so that
    positions are taken one by one and added up; without them s is not used.
    """
    start = input_state(x[None], x[None], net.layout, with_ntk=True)
    v0 = start.left.nngp
    slope = 2.0 * jnp.sqrt(v0 / x.shape[-1])

    def share(inputs: jax.Array) -> jax.Array:
        state, _ = _walk(net.layers, replace(start, left=Cov(v0, inputs)), inputs * slope)
        if state.n_positions:
            raise NetError("the net ends with positions: add Flatten(), and a dense read-out")
        return _a(state)[0]

    if not by_position:
        return share(jnp.ones_like(v0))

    def of_position(i: jax.Array) -> jax.Array:
        return share(jnp.zeros(v0.size, v0.dtype).at[i].set(1.0).reshape(v0.shape))

    return jnp.sum(jax.lax.map(of_position, jnp.arange(v0.size), batch_size=max(1, _ENTRIES // v0.size)))


def _walk(layers: tuple[Layer, ...], state: State, t: jax.Array) -> tuple[State, jax.Array]:
    """Carry v and A, held where a kernel recursion has variances and NTK of x1, and t through the layers."""
    for layer in layers:
        state, t = _step(layer, state, t)
    return state, t


def _step(layer: Layer, state: State, t: jax.Array) -> tuple[State, jax.Array]:
    """One layer: the layer's own kernel rule, linearised, and the extra term of activations.

    The rule maps the NTK to a linear function of it plus what the layer's own weights contribute; the derivative along
    the NTK is the first part alone.
    """
    after = layer.propagate(state)
    v, a = state.left.nngp, _a(state)
    if isinstance(layer, Residual):
        (body, t_body), (short, t_short) = (_walk(part, state, t) for part in (layer.body, layer.shortcut))
        a, t = _a(body) + _a(short), t_body + t_short
    else:

        def rule(v: jax.Array, a: jax.Array) -> tuple[jax.Array, jax.Array]:
            left = layer.propagate(replace(state, left=Cov(v, a))).left
            return left.nngp, jnp.asarray(left.ntk)

        a = jax.jvp(lambda a: rule(v, a)[1], (a,), (a,))[1]
        if isinstance(layer, Activation) and not isinstance(layer, _KINKED):
            q_slope = jax.jvp(lambda v: layer.dual_self(v)[1], (v,), (jnp.ones_like(v),))[1]
            a = a + 0.5 * q_slope * t**2
        t = jax.jvp(lambda v: rule(v, jnp.zeros_like(v))[0], (v,), (t,))[1]
    return replace(after, left=Cov(after.left.nngp, a)), t


def _a(state: State) -> jax.Array:
    assert state.left.ntk is not None
    return state.left.ntk


def _inner(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    """All layers, with residual blocks replaced by those of their branches."""
    for layer in layers:
        yield from _inner(layer.body + layer.shortcut) if isinstance(layer, Residual) else (layer,)


def _check_batch(x: Array) -> None:
    if x.ndim < 2:
        raise InputError(f"a batch has shape (n, features...), not {x.shape}: write x[None] for one example")
    precision.require_finite(x)
