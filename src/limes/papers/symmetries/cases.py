"""Students and teachers: three units with a group, and three teachers for each.

Of the swap of two coordinates the numbers are those of the paper's appendix F, as an independent implementation of it
encodes them. Two conventions are not recorded and were read off recorded losses: the loss of a sample is |f - y|^2, and
the penalty is tau |z|^2. For rotations the recorded step 10 is that of |f - y|^2 / 2, here 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from limes.beyond.meanfield import (
    Action,
    Flow,
    Scheme,
    Teacher,
    Unit,
    averaged,
    conjugation,
    cyclic,
    outputs,
    radial_unit,
    rotations,
    sigmoid_unit,
    together,
    train,
    two_layer_unit,
)

START = 0.25
"""Standard deviation of each coordinate of a particle at the start."""
TIME = 20
"""Steps are this many times the particles."""
ANGLES = 32
"""Of the orbit that makes a teacher invariant under rotations."""
PARTICLES = 0.5 * np.array(
    [(-1, 0, 0, 0.5), (0.5, 1, 0, 1), (-0.5, 0.3, 1, 0), (0, -1, -0.5, 1), (0.7, -0.7, 0.5, 0.7)]
)
"""Of the teacher without symmetry."""
INSIDE = 0.5 * np.array([(1, 0), (0.5, 1), (-0.5, 0.3), (0, -1), (0.7, 0.7)])
"""Of the strongly invariant teacher, in coordinates of E^G."""


@dataclass(frozen=True, eq=False)
class Case:
    """A unit, its group, and how it is trained.

    Attributes:
        unit, action: of students and teachers.
        scale: standard deviation of inputs.
        alpha: N times the step.
        penalty, temperature: see `Flow`.
        teachers: particles by name: WI, SI (where there is one) and arbitrary.
    """

    unit: Unit
    action: Action
    scale: float
    alpha: float
    penalty: float
    temperature: float
    teachers: dict[str, np.ndarray]

    @property
    def dimension(self) -> int:
        """Of parameters."""
        return self.action.parameters.dimension

    def source(self, teacher: str) -> Teacher:
        """Data of a teacher."""
        return Teacher(self.teachers[teacher], self.unit, self.action.inputs.dimension, self.scale)

    def flow(self, n: int, scheme: Scheme, inside: bool) -> Flow:
        """Of n particles; `inside` keeps noise in E^G."""
        quiet = self.temperature == 0
        return Flow(
            self.alpha / n,
            TIME * n,
            penalty=self.penalty,
            temperature=self.temperature,
            scheme=scheme,
            invariant_noise=inside and not quiet,
        )

    def trained(
        self, teacher: str, scheme: Scheme, widths: Sequence[int], seeds: Sequence[int], *, inside: bool
    ) -> list[np.ndarray]:
        """Particles (s, n, d) at the end for each n; `inside` lets them start on E^G.

        Clouds run in arrays of one size, the largest, where that is cheaper than to compile once more.
        """
        found = []
        several = scheme in ("averaged", "orbit") and self.action.order > 2
        for n in widths:
            room = n if several or n > 100 else max(w for w in widths if w <= 100)
            start = self.start(seeds, room, inside)
            weights = np.where(np.arange(room) < n, 1.0 / n, 0.0)
            end = train(
                self.unit,
                self.source(teacher),
                start,
                self.flow(n, scheme, inside),
                seeds=list(seeds),
                action=self.action,
                weights=weights,
            )
            found.append(end[:, :n])
        return found

    def start(self, seeds: Sequence[int], n: int, inside: bool) -> np.ndarray:
        """Gaussian particles (s, n, d), projected on E^G where they start `inside`."""
        drawn = [np.random.default_rng([seed, 14]).standard_normal((n, self.dimension)) for seed in seeds]
        start = START * np.stack(drawn)
        return self.action.parameters.project(start) if inside else start

    def inputs(self, n: int = 500) -> np.ndarray:
        """Test inputs (n, p)."""
        return self.scale * np.random.default_rng(14).standard_normal((n, self.action.inputs.dimension))

    def values(self, scheme: Scheme, particles: np.ndarray) -> np.ndarray:
        """What trained models say on the test inputs: (..., n, q)."""
        unit = averaged(self.unit, self.action) if scheme == "averaged" else self.unit
        return outputs(unit, particles, self.inputs())

    def loss(self, teacher: str, scheme: Scheme, particles: np.ndarray) -> np.ndarray:
        """Mean of |f - y|^2 on the test inputs: (...)."""
        right = outputs(self.unit, self.teachers[teacher], self.inputs())
        return ((self.values(scheme, particles) - right) ** 2).sum(-1).mean(-1)


@cache
def swap() -> Case:
    """C_2 swapping two coordinates, sigmoid(z x)."""
    space = cyclic(2)
    action = Action(space, space, conjugation(space))
    return Case(sigmoid_unit, action, 4.0, 50.0, 1e-4, 1e-6, _teachers(action))


@cache
def plane(angles: int = 16) -> Case:
    """SO(2) by a number of angles, z x tanh|z x| / |z x|."""
    space = rotations(angles)
    whole = rotations(ANGLES)
    teachers = _teachers(Action(whole, whole, conjugation(whole)))
    return Case(radial_unit, Action(space, space, conjugation(space)), 2.0, 5.0, 0.0, 0.0, teachers)


@cache
def two_layer() -> Case:
    """C_2 swapping two coordinates, small networks as units."""
    space = cyclic(2)
    action = Action(space, space, together(conjugation(space), conjugation(space)))
    drawn = np.random.default_rng(14).standard_normal((5, 8))
    teachers = {"WI": action.parameters.orbit(drawn), "arbitrary": drawn}
    return Case(two_layer_unit, action, 4.0, 5.0, 0.0, 0.0, teachers)


def case(name: str, angles: int = 16) -> Case:
    """By name: swap, plane or two-layer."""
    return plane(angles) if name == "plane" else {"swap": swap, "two-layer": two_layer}[name]()


def _teachers(action: Action) -> dict[str, np.ndarray]:
    """All with as many particles as the orbit has where that is small: sources of one shape compile once."""
    orbit = action.parameters.orbit(PARTICLES)
    inside = INSIDE @ _basis(action).T
    copies = 2 if action.order == 2 else 1
    return {"WI": orbit, "SI": np.tile(inside, (copies, 1)), "arbitrary": np.tile(PARTICLES, (copies, 1))}


def _basis(action: Action) -> np.ndarray:
    """(4, 2): I and P, or I and J, over sqrt 2; the fixed space of both groups."""
    other = action.inputs.matrices[action.order // (2 if action.order == 2 else 4)]
    basis = np.stack([np.eye(2).ravel(), other.ravel()], axis=1) / np.sqrt(2)
    assert np.allclose(action.parameters.project(basis.T).T, basis)
    return basis
