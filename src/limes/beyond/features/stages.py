"""From a start that knows nothing to the teacher's directions: a first step, a fit, and annealed descent.

1. One gradient step on W from f = 0, so long that only the gradient is left. Without the affine part of f* its leading
   term at w is H w with H = sum_i a*_i w*_i w*_i' / (2 pi), in the span of the teacher's neurons.
2. The coefficients by ridge regression, which brings the loss to where neurons know what they have to do.
3. Descent on both layers with weight decay that falls.

Step 1 as in Damian, Lee & Soltanolkotabi 2022 (arXiv 2206.15144), the whole as in Zhou & Ge 2024 (arXiv 2406.01766),
both known here in outline only: rates, penalties and the exact removal of the affine part, which stands for a term
alpha + beta.x that is always at its best, are choices made here.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.features.descent import Descent, Learned, learn
from limes.beyond.features.fixed import fit_coefficients
from limes.beyond.features.network import TwoLayer, require_teacher
from limes.beyond.population import population_loss
from limes.core.errors import InputError
from limes.core.progress import Progress


@dataclass(frozen=True, eq=False)
class ThreeStages:
    """What the stages leave.

    Attributes:
        stepped: weights after the first step, brought to length 1, with the coefficients of the start.
        fitted: with the coefficients of the second stage; balanced.
        learned: the third.
    """

    stepped: TwoLayer
    fitted: TwoLayer
    learned: Learned


def first_step(teacher: TwoLayer, start: TwoLayer, *, remove_affine: bool = True) -> TwoLayer:
    """Weights after one long gradient step on the population loss, brought to length 1.

    The step has the rate eta and the weight decay 1 / eta, so that -eta times the gradient of E (f - f*)^2 is left.

    Args:
        teacher: a single network.
        start: leading axes are networks of their own; with coefficients that are not 0.
        remove_affine: whether the best affine function is taken from f - f* first. Otherwise the linear part of f*
            moves all neurons to one direction.

    Raises:
        InputError: for several teachers, another dimension, coefficients that do not pair with weights, or neurons
            with a gradient of 0.

    Example:
        >>> from limes.beyond.features import orthonormal_teacher, random_start, share_in_span
        >>> teacher, start = orthonormal_teacher(20, 2), random_start(20, 10, symmetric=True)
        >>> found = first_step(teacher, start)
        >>> [round(float(share_in_span(n.weights[0], teacher.weights)), 2) for n in (start, found)]
        [0.07, 0.98]
    """
    require_teacher(teacher, start)

    def loss(weights: jax.Array) -> jax.Array:
        return jnp.sum(population_loss(start.coef, weights, *teacher, remove_affine=remove_affine))

    with jax.enable_x64(True):
        gradient = np.asarray(jax.grad(loss)(jnp.asarray(start.weights, jnp.float64)))
    lengths = np.linalg.norm(gradient, axis=-1, keepdims=True)
    if not np.all(lengths > 0):
        raise InputError("a neuron has no gradient: start with coefficients that are not 0")
    return start._replace(weights=-gradient / lengths)


def three_stages(
    teacher: TwoLayer,
    start: TwoLayer,
    descent: Descent,
    *,
    penalty: float = 1e-2,
    records: int = 1,
    progress: Progress | None = None,
) -> ThreeStages:
    """All three stages, with the affine part removed in each.

    Args:
        teacher: a single network.
        start: a symmetric one, so that f = 0: ``random_start(..., symmetric=True)``.
        descent: of the third stage.
        penalty: lambda of the second.
        records: as `learn`.
        progress: told of every step of the third.

    Raises:
        InputError: as `first_step`, `fit_coefficients` and `learn`.
        NumericalError: if the descent diverges.

    Cost: that of the third stage.

    Example:
        >>> from limes.beyond.features import orthonormal_teacher, random_start
        >>> teacher, start = orthonormal_teacher(6, 2), random_start(6, 12, size=0.1, symmetric=True)
        >>> found = three_stages(teacher, start, Descent((5e-2, 5e-3), steps=2000))
        >>> bool(found.learned.losses[0] < 0.2), bool(found.learned.loss < 2e-3)
        (True, True)
    """
    stepped = first_step(teacher, start)
    fitted = fit_coefficients(teacher, stepped.weights, penalty, remove_affine=True).balanced()
    descent = replace(descent, remove_affine=True)
    return ThreeStages(stepped, fitted, learn(teacher, fitted, descent, records=records, progress=progress))
