"""Certified radii under attack: random machines of every kind, none of which an attack may break within its radius.

    python benchmarks/certificate_soundness.py [--store DIR]

Each machine has random rows, a random net of its family, norm, box, precision, classes and regularisation. Its inputs
are certified; then projected gradient descent starts from many random points of each certified ball, and a search for
the nearest adversarial input begins outside of it. An attacked point is one input with one start. The ratio is the
least attacked distance over the certified radius: below 1 a proof would be wrong. (Of inputs with a radius of 0
nothing is claimed, and they are not counted.)
"""

import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import common
import limes as lm
from limes.nets import Abs, Conv, Dense, Erf, Flatten, LeakyRelu, Relu, Residual, mlp, serial

MACHINES, INPUTS, STARTS, NETS = 8, 8, 440, 3
QUICK = 2
"""Machines of each family, inputs of each, starts of the attack on each, and nets, which take time to compile."""


class Family(NamedTuple):
    """A name, the shape of an input, and a random net."""

    name: str
    shape: tuple[int, ...]
    net: Callable[[np.random.Generator], Any]


def _plain(rng: np.random.Generator) -> Any:
    return mlp(int(rng.integers(2, 6)), w_std=rng.uniform(0.8, 2.0))


def _mixed(rng: np.random.Generator) -> Any:
    layers: list[Any] = []
    for _ in range(rng.integers(1, 4)):
        activation = (Relu(), LeakyRelu(rng.uniform(0.0, 0.5)), Abs(), Erf())[rng.integers(4)]
        layers += [Dense(rng.uniform(0.8, 2.0), rng.uniform(0.0, 0.5)), activation]
    return serial(*layers, Dense(rng.uniform(0.8, 2.0), rng.uniform(0.0, 0.3)))


def _residual(rng: np.random.Generator) -> Any:
    block = Residual((Relu(), Dense(rng.uniform(0.5, 1.5))))
    return serial(Dense(rng.uniform(0.8, 2.0)), block, Relu(), Dense(1.0))


def _convolutional(rng: np.random.Generator) -> Any:
    layers: list[Any] = []
    for _ in range(rng.integers(1, 3)):
        padding = ("SAME", "VALID", "CIRCULAR")[rng.integers(3)]
        stride = int(rng.integers(1, 3))
        deviations = {"w_std": rng.uniform(0.8, 2.0), "b_std": float(rng.choice([0.0, 0.2]))}
        wide = Conv(kernel=(2, 2), strides=(stride, stride), padding=padding, **deviations)
        layers += [wide, (Relu(), LeakyRelu(0.2), Abs())[rng.integers(3)]]
    return serial(*layers, Flatten(), Dense(1.0))


FAMILIES = (
    Family("relu, depth 2 to 5", (6,), _plain),
    Family("relu, leaky_relu, abs, erf with biases", (5,), _mixed),
    Family("residual", (6,), _residual),
    Family("convolution + flatten", (5, 5, 1), _convolutional),
)


def _machine(number: int, seed: int) -> tuple[Any, np.ndarray, dict[str, Any]]:
    """A fitted machine, inputs, and the ball that they are certified in."""
    family, rng = FAMILIES[number], np.random.default_rng([number, seed])
    shared = np.random.default_rng([number, seed % NETS])  # what programs are compiled for
    net, dtype = family.net(shared), (np.float32, np.float64)[shared.integers(2)]
    classes, sort = int(shared.integers(2, 4)), ("ntk", "nngp")[shared.integers(2)]
    rows = 24
    centres = rng.uniform(size=(classes, *family.shape))
    y = np.arange(rows + INPUTS) % classes
    x = np.clip(centres[y] + 0.25 * rng.standard_normal((len(y), *family.shape)), 0, 1).astype(dtype)
    scale = (None, "standard", "unit")[rng.integers(3)]
    kind = rng.integers(4)
    if kind == 0:
        clf = lm.NTKSVC(net, kind=sort, C=10 ** rng.uniform(-1, 1.5), scale=scale)
    elif kind == 1:
        clf = lm.NTKClassifier(net, kind=sort, time=10 ** rng.uniform(-1, 2), scale=scale)
    else:
        clf = lm.NTKClassifier(net, ridge_rel=10 ** rng.uniform(-3, 0), kind=sort, scale=scale)
    ball = {"norm": ("linf", "l2")[rng.integers(2)], "bounds": (None, (0.0, 1.0))[rng.integers(2)]}
    return clf.fit(x[:rows], y[:rows]), x[rows:], ball


def attack(number: int, seed: int) -> dict[str, Any]:
    """Attack the certified balls of a machine: what was broken, and for each input the certified / attacked radius."""
    start = time.process_time()
    clf, x, ball = _machine(number, seed)
    y = clf.predict(x)
    found = lm.certify.radius(clf, x, shells=8, tolerance=0.05, **ball)
    nearest = lm.attacks.minimal(clf, x, y, key=seed, **ball).radius
    certified, broken = np.flatnonzero(found.radius > 0), 0
    for row in certified:
        same = np.full(STARTS, row)  # from a random start each
        pgd = lm.attacks.PGD(norm=ball["norm"], steps=10)
        broken += int(
            pgd(clf, x[same], y[same], float(found.radius[row]), bounds=ball["bounds"], key=seed).success.sum()
        )
    return {
        "broken": broken,
        "shares": (found.radius[certified] / nearest[certified]).tolist(),  # 0 where no attack succeeded
        "CPU seconds": time.process_time() - start,
    }


def measure(number: int, machines: int, store: Path | None) -> common.Row:
    """Attack a family's machines."""
    name, found = FAMILIES[number].name, []
    for seed in range(machines):
        part = f"{name}, {INPUTS} inputs, {STARTS} starts, {NETS} nets, machine {seed}"
        found.append(common.kept(store, part, functools.partial(attack, number, seed)))
        print(f"{name}: machine {seed + 1} of {machines}", flush=True)
    shares = np.concatenate([one["shares"] for one in found])
    accuracy = {
        "attacked points": len(shares) * STARTS,
        "of certified inputs": len(shares),
        "broken within the radius": sum(one["broken"] for one in found),
        "nearest adversarial input within the radius": int(np.sum(shares > 1)),
        "median certified / attacked radius": round(float(np.median(shares[shares > 0])), 3),
    }
    seconds = sum(one["CPU seconds"] for one in found)
    detail = {"machines": machines, "CPU seconds": round(seconds), "load": common.load()}
    ratio = round(float(1 / shares.max()), 3)
    return common.Row(name, ratio, "least attacked / certified radius", accuracy, detail)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all families and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--store", type=Path, help="folder for finished machines: the same command continues")
    options = parser.parse_args(arguments)
    machines = QUICK if options.quick else MACHINES
    rows = [measure(number, machines, options.store) for number in range(len(FAMILIES))]
    common.report("certificate_soundness", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
