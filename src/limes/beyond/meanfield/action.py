"""A group that acts on inputs, outputs and parameters of a model at once."""

from dataclasses import dataclass

import jax
import numpy as np

from limes.beyond.meanfield.representation import Representation, require_closed
from limes.beyond.meanfield.units import Unit
from limes.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Action:
    """Representations rho, rho_hat and M of one group, element by element in the same order.

    A unit is jointly equivariant if unit(rho_g x, M_g z) = rho_hat_g unit(x, z) for all g.

    Attributes:
        inputs: rho on R^p.
        outputs: rho_hat on R^q.
        parameters: M on R^d; its fixed space E^G holds the equivariant architectures.

    Raises:
        InputError: if the three have not the same elements.

    Reference: Maass Martinez & Fontbona 2024 (arXiv 2405.19995).
    """

    inputs: Representation
    outputs: Representation
    parameters: Representation

    def __post_init__(self) -> None:
        spaces = (self.inputs, self.outputs, self.parameters)
        if len({space.order for space in spaces}) != 1:
            raise InputError(
                f"one group acts on inputs, outputs and parameters, not groups of {[s.order for s in spaces]} elements"
            )
        require_closed([space.matrices for space in spaces])

    @property
    def order(self) -> int:
        """Number of elements of the group."""
        return self.inputs.order


def equivariance_error(unit: Unit, action: Action, x: np.ndarray, z: np.ndarray) -> float:
    """The largest |unit(rho_g x, M_g z) - rho_hat_g unit(x, z)| over elements, inputs (n, p) and parameters (m, d).

    Computed in float64.

    Raises:
        InputError: for inputs or parameters of another dimension than the action's.

    Cost: k n m units.

    Example:
        >>> from limes.beyond.meanfield import conjugation, cyclic, sigmoid_unit
        >>> action = Action(cyclic(2), cyclic(2), conjugation(cyclic(2)))
        >>> rng = np.random.default_rng(0)
        >>> equivariance_error(sigmoid_unit, action, rng.normal(size=(9, 2)), rng.normal(size=(9, 4))) < 1e-15
        True
    """
    x, z = np.asarray(x, float), np.asarray(z, float)
    if x.ndim != 2 or z.ndim != 2 or (x.shape[1], z.shape[1]) != (action.inputs.dimension, action.parameters.dimension):
        raise InputError(
            f"inputs {x.shape} and parameters {z.shape} do not fit an action on {action.inputs.dimension} and "
            f"{action.parameters.dimension} dimensions"
        )
    with jax.enable_x64(True):
        pairs = jax.jit(jax.vmap(jax.vmap(unit, (None, 0)), (0, None)))
        plain = np.asarray(pairs(x, z))
        error = 0.0
        for rho, rho_hat, m in zip(
            action.inputs.matrices, action.outputs.matrices, action.parameters.matrices, strict=True
        ):
            error = max(error, float(np.abs(np.asarray(pairs(x @ rho.T, z @ m.T)) - plain @ rho_hat.T).max()))
    return error
