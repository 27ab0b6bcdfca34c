"""Certified radii against the radii of attacks: how much of what an attack leaves standing can be proved.

    python benchmarks/certified_radius.py [--data DIR] [--store DIR [--finished]]

fits kernel ridge regression on the NTK to pairs of classes and certifies test points in the l-inf norm, pixel box
respected: digits of scikit-learn (240 rows of 8 x 8, fully connected and convolutional nets), and with --data MNIST
0 v 1 with all training rows and CIFAR-10 airplane v automobile. Radii of the methods are means over the test points
that are classified right; the ratio is that of the best certificate to the smallest distance at which an attack
succeeded. A certificate above that distance would be an error of the proof: they are counted.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

import common
import limes as lm
from limes.nets import cnn, mlp

METHODS = ("interval", "norm", "joint")


@dataclass(frozen=True)
class Case:
    """Rows of two classes, a net and a ridge."""

    name: str
    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    net: lm.nets.Net
    words: str
    ridge: float

    @property
    def title(self) -> str:
        """One line."""
        return f"{self.name}, {len(self.x)} rows of {self.x[0].size} numbers, {self.words}, ridge {self.ridge:g}"


def _dense(depth: int, w_std: float) -> tuple[lm.nets.Net, str]:
    """A fully connected net and its words in a title."""
    return mlp(depth, w_std=w_std), f"depth {depth}, w_std {w_std:.3g}"


def digits(quick: bool) -> Iterator[Case]:
    """Pairs of digits, depths and ridges."""
    x, y = load_digits(return_X_y=True)
    n_test = 5 if quick else 10
    for pair in ((0, 1), (3, 8)):
        rows = np.random.default_rng(0).permutation(np.flatnonzero(np.isin(y, pair)))
        train, test = rows[:240], rows[240 : 240 + n_test]
        name = f"digits {pair[0]} v {pair[1]}"
        nets = [(2, 1.0)] if quick else [(2, 1.0), (2, 2**0.5), (3, 2**0.5), (4, 2**0.5), (5, 2**0.5)]
        for depth, w_std in nets:
            for ridge in (1.0,) if quick or depth > 2 else (0.1, 1.0, 10.0):
                yield Case(name, x[train] / 16, y[train], x[test] / 16, y[test], *_dense(depth, w_std), ridge)
        grids = [x[part].reshape(-1, 8, 8, 1) / 16 for part in (train, test)]
        for depth in () if quick else (1, 2):
            net = cnn(depth, "flatten")
            yield Case(name, grids[0], y[train], grids[1], y[test], net, f"cnn-{depth}, w_std 1.41", 1.0)


def images(data: Path, quick: bool) -> Iterator[Case]:
    """MNIST 0 v 1 with all rows, CIFAR-10 airplane v automobile."""
    for source, most in (("mnist", 500 if quick else None), ("cifar10", 300 if quick else 2000)):
        found = lm.data.load(source, str(data))
        assert found.x_test is not None
        assert found.y_test is not None
        n_test = 3 if quick else 6
        parts = []
        for x, y, count in ((found.x, found.y, most), (found.x_test, found.y_test, n_test)):
            rows = np.flatnonzero(np.isin(y, found.classes[:2]))[:count]
            parts += [x[rows].reshape(len(rows), -1).astype(np.float64), y[rows]]
        name = {"mnist": "MNIST 0 v 1", "cifar10": "CIFAR-10 airplane v automobile"}[source]
        for depth, w_std, ridge in ((2, 1.0, 1.0), (2, 1.0, 0.1), (3, 2**0.5, 1.0)):
            yield Case(name, *parts, *_dense(depth, w_std), ridge)


def measure(case: Case) -> common.Row:
    """Radii of all methods and of the attack."""
    clf = lm.NTKClassifier(case.net, ridge=case.ridge, targets="one_hot")
    clf.fit(case.x, case.y)
    right = clf.predict(case.x_test) == case.y_test
    x, y = case.x_test[right], case.y_test[right]
    attacked = lm.attacks.minimal(clf, x, y, bounds=(0, 1)).radius
    lm.certify.radius(clf, x[:1], bounds=(0, 1))  # compiles
    radii, seconds = {}, {}
    for method in METHODS:
        start = time.perf_counter()
        radii[method] = lm.certify.radius(clf, x, bounds=(0, 1), methods=(method,)).radius
        seconds[method] = (time.perf_counter() - start) / len(x)
    best = np.max(list(radii.values()), axis=0)
    accuracy: dict[str, Any] = {"mean radius, attack": float(f"{attacked.mean():.4g}")}
    accuracy |= {f"mean radius, {name}": float(f"{value.mean():.4g}") for name, value in radii.items()}
    accuracy |= {
        "joint / norm": round(float(radii["joint"].mean() / max(radii["norm"].mean(), 1e-12)), 1),
        "certificates above an attack": int(np.sum(best > attacked)),
        "accuracy": round(float(right.mean()), 4),
    }
    detail = {f"seconds a point, {name}": round(value, 3) for name, value in seconds.items()}
    detail |= {"test points": len(x), "load": common.load(), "machine": common.machine()}
    return common.Row(
        case.title, round(float(best.mean() / attacked.mean()), 3), "certified / attacked radius", accuracy, detail
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all cases and write the results."""
    parser = common.parser(__doc__ or "")
    parser.add_argument("--data", type=Path, help="folder with mnist/ and cifar-10-batches-py/")
    parser.add_argument("--store", type=Path, help="folder for finished cases: the same command continues")
    parser.add_argument("--only", default="", help="cases whose title begins so (default: all)")
    parser.add_argument("--finished", action="store_true", help="report what --store holds, and measure nothing")
    options = parser.parse_args(arguments)
    cases = list(digits(options.quick))
    if options.data is not None:
        cases += images(options.data, options.quick)
    cases = [case for case in cases if case.title.startswith(options.only)]
    if options.finished:
        cases = [case for case in cases if options.store and common.place(options.store, case.title).exists()]
    rows = []
    for number, case in enumerate(cases):
        print(f"{number + 1} of {len(cases)}: {case.title}", flush=True)
        found = common.kept(options.store, case.title, lambda case=case: asdict(measure(case)))
        rows.append(common.Row(**found))
    common.report("certified_radius", (__doc__ or "").splitlines()[0], rows, options)


if __name__ == "__main__":
    main()
