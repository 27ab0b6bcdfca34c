"""Shallow networks as laws of particles, under the action of a group.

The mean of a unit over particles, trained by a Wasserstein gradient flow; data augmentation, feature averaging and
equivariant architectures; invariant laws, and distances between laws. Maass Martinez & Fontbona 2024 (arXiv
2405.19995).
"""

from limes.beyond.meanfield.action import Action, equivariance_error
from limes.beyond.meanfield.flow import Flow, Scheme, squared_error, train
from limes.beyond.meanfield.growth import Growth, grow
from limes.beyond.meanfield.representation import (
    Representation,
    conjugation,
    cyclic,
    generate,
    on_matrices,
    quarter_turns,
    rotations,
    sign,
    together,
    trivial,
)
from limes.beyond.meanfield.shallow import averaged, outputs
from limes.beyond.meanfield.sources import Rows, Source, Teacher
from limes.beyond.meanfield.transport import (
    coupled_distance,
    distance_to_fixed,
    has_simplex,
    relative_squared_distance,
    squared_wasserstein,
)
from limes.beyond.meanfield.units import Unit, neuron_unit, radial_unit, sigmoid_unit, two_layer_unit

__all__ = [
    "Action",
    "Flow",
    "Growth",
    "Representation",
    "Rows",
    "Scheme",
    "Source",
    "Teacher",
    "Unit",
    "averaged",
    "conjugation",
    "coupled_distance",
    "cyclic",
    "distance_to_fixed",
    "equivariance_error",
    "generate",
    "grow",
    "has_simplex",
    "neuron_unit",
    "on_matrices",
    "outputs",
    "quarter_turns",
    "radial_unit",
    "relative_squared_distance",
    "rotations",
    "sigmoid_unit",
    "sign",
    "squared_error",
    "squared_wasserstein",
    "together",
    "train",
    "trivial",
    "two_layer_unit",
]
