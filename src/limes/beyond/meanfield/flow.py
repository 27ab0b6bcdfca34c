"""Particles that follow the Wasserstein gradient flow of a population risk, by stochastic gradient descent.

The model is Phi_mu(x) = int unit(x, z) mu(dz), the risk R(mu) = E l(Phi_mu(x), y) + tau int |z|^2 mu(dz). A particle
at z moves against the gradient of the first variation of R,

    dz = -(E D_z unit(x, z)^T l'(Phi_mu(x), y) + 2 tau z) dt + sqrt(2 beta) dW,

which does not depend on the number of particles: with one step of dt = alpha / N a sample, N T steps of N particles
cover the time alpha T. A particle may have weight 0: it then feels the model and is no part of it. So clouds of
different sizes run in one compiled loop.

What is done with a group G (Maass Martinez & Fontbona 2024, arXiv 2405.19995):

    vanilla       nothing
    augmented     each sample is turned by a random g: (rho_g x, rho_hat_g y)
    orbit         each sample is replaced by its whole orbit
    averaged      the model is replaced by Q_G Phi, see `averaged`
    equivariant   parameters stay in E^G: the start and every step are projected
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from limes.beyond.meanfield.action import Action
from limes.beyond.meanfield.representation import trivial
from limes.beyond.meanfield.shallow import mean_over_group
from limes.beyond.meanfield.sources import Source
from limes.beyond.meanfield.units import Unit
from limes.core.errors import InputError, NumericalError
from limes.core.progress import Progress, Quiet

Scheme = Literal["vanilla", "augmented", "orbit", "averaged", "equivariant"]
_CHUNK = 500  # steps whose samples are drawn together
_NUMBERS = 5_000_000  # of noise that is drawn together, at most


def squared_error(f: Array, y: Array) -> Array:
    """|f - y|^2 of one sample: (q,), (q,) -> ()."""
    return jnp.sum((f - y) ** 2)


@dataclass(frozen=True)
class Flow:
    """How particles move.

    Attributes:
        step: dt, time in a step.
        steps: how many.
        batch: samples in a step.
        penalty: tau, of the penalty tau int |z|^2 mu(dz).
        temperature: beta; each step adds noise of variance 2 beta dt to each coordinate.
        scheme: what is done with the group, see the module.
        invariant_noise: noise in E^G only, for particles that start there.
        loss: l(f, y) of one sample.

    Raises:
        InputError: for values out of range, or an unknown scheme.
    """

    step: float
    steps: int
    batch: int = 20
    penalty: float = 0.0
    temperature: float = 0.0
    scheme: Scheme = "vanilla"
    invariant_noise: bool = False
    loss: Callable[[Array, Array], Array] = squared_error

    def __post_init__(self) -> None:
        if self.scheme not in get_args(Scheme):
            raise InputError(f"scheme must be one of {', '.join(get_args(Scheme))}, not {self.scheme!r}")
        if not (self.step > 0 and self.steps >= 0 and self.batch >= 1):
            raise InputError(
                f"step and batch must be above 0, and steps at least 0, not {self.step}, {self.batch} and {self.steps}"
            )
        if not (self.penalty >= 0 and self.temperature >= 0):
            raise InputError(f"penalty and temperature must be at least 0, not {self.penalty} and {self.temperature}")


def train(
    unit: Unit,
    source: Source,
    particles: np.ndarray,
    flow: Flow,
    *,
    seeds: range | list[int],
    action: Action | None = None,
    weights: np.ndarray | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Let particles flow, for several seeds side by side, in float64.

    Args:
        unit: of the model; a named function, so that it is compiled once.
        source: of the data.
        particles: (s, N, d), where they start, for each seed.
        flow: how they move.
        seeds: of data, elements of the group and noise, s of them. The same seed draws the same samples and noise
            under every scheme, so that differences between schemes are not those between draws. They are drawn in
            chunks, so that what a seed draws also depends on s N d once this exceeds 10,000, and noise always on N d.
        action: of the group; every scheme but vanilla needs it, and so does invariant noise.
        weights: (N,) of the particles in the model, at least 0 with sum 1; None for 1 / N.
        progress: told of the steps.

    Returns:
        (s, N, d), where they are at the end.

    Raises:
        InputError: for shapes that do not belong together, particles that are not finite, weights that are none, or a
            group that is missing.
        NumericalError: if particles diverge.

    Cost: s N batch units and their derivatives a step; k times as many for an orbit or an average.

    Example:
        >>> from limes.beyond.meanfield import Teacher, sigmoid_unit
        >>> rng = np.random.default_rng(0)
        >>> teacher = Teacher(rng.normal(size=(2, 4)), sigmoid_unit, 2)
        >>> end = train(sigmoid_unit, teacher, rng.normal(size=(3, 5, 4)), Flow(1.0, 10), seeds=range(3))
        >>> end.shape
        (3, 5, 4)
    """
    particles = np.asarray(particles, float)
    if particles.ndim != 3 or particles.shape[0] != len(seeds) or 0 in particles.shape:
        raise InputError(f"particles (seeds, N, d) are needed for {len(seeds)} seeds, not {particles.shape}")
    if not np.isfinite(particles).all():
        raise InputError("particles must be finite where they start")
    n, d = particles.shape[1:]
    weights = np.full(n, 1.0 / n) if weights is None else np.asarray(weights, float)
    if weights.shape != (n,) or not (weights >= 0).all() or not np.isclose(weights.sum(), 1.0):
        raise InputError(f"weights are {n} numbers of at least 0 with sum 1")
    if action is None and (flow.scheme != "vanilla" or flow.invariant_noise):
        raise InputError(
            f"scheme {flow.scheme} with invariant_noise={flow.invariant_noise} needs the action of a group"
        )
    if action is not None and action.parameters.dimension != d:
        raise InputError(f"the group acts on {action.parameters.dimension} parameters, particles have {d}")
    progress = progress or Quiet()
    with jax.enable_x64(True):
        source = jax.tree.map(lambda a: jnp.asarray(a, float), source)
        keys = jax.vmap(jax.random.key)(jnp.asarray(list(seeds)))
        p, q = _require_fit(unit, source, action, d)
        group = _matrices(action, p, q, d)
        numbers = jnp.array([flow.step, flow.penalty])
        z = jnp.asarray(particles)
        z = z @ group[2] if flow.scheme == "equivariant" else z
        chunk = int(np.clip(_NUMBERS // particles.size, 1, _CHUNK))
        spread = (2 * flow.temperature * flow.step) ** 0.5
        loop = partial(_loop, unit, flow.loss, flow.scheme)
        progress.start(f"{flow.scheme}, {n} particles", flow.steps)
        for done in range(0, flow.steps, chunk):
            steps = min(chunk, flow.steps - done)
            drawn = _draw(chunk, flow.batch, len(group[0]), source, keys, done)
            noise = spread * _noise((chunk, n, d), keys, done) if spread else jnp.zeros((len(seeds), 1, 1, 1))
            if flow.invariant_noise:
                noise = noise @ group[2]
            z = loop(group, weights, numbers, drawn, noise, z, steps)
            z.block_until_ready()
            progress.step(steps)
        end = np.asarray(z)
    if not np.isfinite(end).all():
        raise NumericalError(f"particles diverged under {flow.scheme}: lower the step, {flow.step}")
    return end


def _require_fit(unit: Unit, source: Source, action: Action | None, d: int) -> tuple[int, int]:
    """p and q of the source, once unit, targets and group are known to have them too."""
    x, y = jax.eval_shape(lambda: source.draw(jax.random.key(0), 1))
    if len(x.shape) != 2 or len(y.shape) != 2:
        raise InputError(f"a source draws inputs (n, p) and targets (n, q), not {x.shape} and {y.shape}")
    p, q = x.shape[1], y.shape[1]
    if action is not None and (action.inputs.dimension, action.outputs.dimension) != (p, q):
        raise InputError(
            f"the group acts on {action.inputs.dimension} inputs and {action.outputs.dimension} outputs, the source "
            f"draws {p} and {q}"
        )
    try:
        said = jax.eval_shape(unit, *(jax.ShapeDtypeStruct((k,), float) for k in (p, d))).shape
    except (TypeError, ValueError) as error:
        raise InputError(f"the unit takes no inputs ({p},) with parameters ({d},): {error}") from error
    if said != (q,):
        raise InputError(f"outputs of the unit have the shape {said}, targets ({q},): give targets of that shape")
    return p, q


def _matrices(action: Action | None, p: int, q: int, d: int) -> tuple[Array, ...]:
    """rho, rho_hat and the projection on E^G; without a group those of the trivial one."""
    if action is None:
        action = Action(*(trivial(1, dimension) for dimension in (p, q, d)))
    spaces = (action.inputs.matrices, action.outputs.matrices, action.parameters.projector)
    return tuple(jnp.asarray(m) for m in spaces)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _draw(chunk: int, batch: int, order: int, source: Source, keys: Array, first: int) -> tuple[Array, Array, Array]:
    """Samples (s, chunk, batch, p) and (s, chunk, batch, q) of the steps from `first` on, and elements of the group."""

    def of_seed(key: Array) -> tuple[Array, Array, Array]:
        of_data, of_group = jax.random.split(jax.random.fold_in(key, 2 * first))
        x, y = source.draw(of_data, chunk * batch)
        g = jax.random.randint(of_group, (chunk, batch), 0, order)
        return x.reshape(chunk, batch, -1), y.reshape(chunk, batch, -1), g

    return jax.vmap(of_seed)(keys)


@partial(jax.jit, static_argnums=0)
def _noise(shape: tuple[int, ...], keys: Array, first: int) -> Array:
    return jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, 2 * first + 1), shape))(keys)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _loop(
    unit: Unit,
    loss: Callable[[Array, Array], Array],
    scheme: Scheme,
    group: tuple[Array, ...],
    weights: Array,
    numbers: Array,
    drawn: tuple[Array, Array, Array],
    noise: Array,
    particles: Array,
    steps: int,
) -> Array:
    step, penalty = numbers
    rho, rho_hat, projector = group
    back = jnp.swapaxes(rho_hat, 1, 2)

    def values(x: Array, z: Array) -> Array:
        one = partial(mean_over_group, unit, rho, back) if scheme == "averaged" else unit
        return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(x, z)

    def turned(x: Array, y: Array, g: Array) -> tuple[Array, Array]:
        if scheme == "augmented":
            return jnp.einsum("bij,bj->bi", rho[g], x), jnp.einsum("bij,bj->bi", rho_hat[g], y)
        if scheme == "orbit":
            x, y = (jnp.einsum("gij,bj->gbi", m, v).reshape(-1, v.shape[1]) for m, v in ((rho, x), (rho_hat, y)))
        return x, y

    def one_step(z: Array, x: Array, y: Array, g: Array, noise: Array) -> Array:
        x, y = turned(x, y, g)
        each, pull = jax.vjp(partial(values, x), z)
        slope = jax.vmap(jax.grad(loss))(jnp.einsum("bnq,n->bq", each, weights), y) / x.shape[0]
        (force,) = pull(jnp.broadcast_to(slope[:, None], each.shape))  # no weights: what one particle feels
        z = z - step * (force + 2 * penalty * z) + noise
        return z @ projector if scheme == "equivariant" else z

    def of_seed(drawn: tuple[Array, Array, Array], noise: Array, z: Array) -> Array:
        x, y, g = drawn

        def at(i: Array, z: Array) -> Array:
            return one_step(z, x[i], y[i], g[i], noise[i % len(noise)])  # a single row of zeros where there is none

        return jax.lax.fori_loop(0, steps, at, z)

    return jax.vmap(of_seed)(drawn, noise, particles)
