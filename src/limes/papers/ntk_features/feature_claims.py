"""Claims 4 and 5: which features are robust, on each data set and net that was measured."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from limes.measure.singles import spearman
from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found

_SOURCE = "Tsilivis & Kempe 2022, section 4 and figure of features"
_NETS = {"fc": "one hidden layer", "conv": "two convolutions", "myrtle": "Myrtle-5"}
_DATA = {"digits": "digits 3 and 8, eps 0.1", "cifar10": "CIFAR-10 airplanes and automobiles, eps 8/255"}
_FIRST = 50
Run = Mapping[str, Any]


def feature_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 4a to 5d."""
    make = _Maker(found, size)
    low = Expected.at_most(0.2)
    claims = [
        make(
            "4a",
            "Features of the kernel are robust in the order of their eigenvalues",
            "digits",
            "fc",
            _order,
            _ordered(),
            True,
        ),
        make("4b", "The second feature of digits is useful", "digits", "fc", _feature("clean", 1), _near(0.93)),
        make("4c", "The second feature of digits is robust", "digits", "fc", _feature("robust", 1), _near(0.81)),
        make(
            "4d",
            "Features from the eleventh on are not robust",
            "digits",
            "fc",
            _from(10, np.mean),
            Expected.at_most(0.25),
        ),
        make("4e", "No feature of digits beyond rank 50 is robust", "digits", "fc", _from(51, np.max), low),
        make("4f", "The order is the same for convolutions", "digits", "conv", _order, _ordered()),
        make("4g", "The order is the same for a Myrtle net", "digits", "myrtle", _order, _ordered()),
        make("4h", "The order is the same on CIFAR-10", "cifar10", "fc", _order, _ordered()),
        make("4i", "No feature of CIFAR-10 beyond rank 50 is robust", "cifar10", "fc", _from(51, np.max), low),
        make("4j", "A feature at the top of CIFAR-10 is useful", "cifar10", "fc", _best("clean"), _near(0.68)),
        make("4k", "The same feature of CIFAR-10 is robust", "cifar10", "fc", _best("robust"), _near(0.49)),
        make.agree("4l", "Nets of different kinds agree on which features are robust"),
        make("5a", "The first feature of digits says nothing", "digits", "fc", _first, _chance()),
        make("5b", "The first feature of CIFAR-10 says nothing", "cifar10", "fc", _first, _chance()),
        make("5c", "Centring takes it away: then the first feature is useful", "digits", "fc", _centred, _knows()),
        make("5d", "The same on CIFAR-10", "cifar10", "fc", _centred, _knows()),
    ]
    return [claim for claim in claims if claim is not None]


class _Maker:
    """Makes claims about one net on one data set, or None where that was not measured."""

    def __init__(self, found: Found, size: Size) -> None:
        self.found = found
        self.size: Size = size

    def __call__(
        self,
        number: str,
        statement: str,
        data: str,
        net: str,
        value: tuple[str, Callable[[Run], Any]],
        expected: Expected,
        headline: bool = False,
    ) -> Claim | None:
        runs = self.found.get(f"{data}-{net}", {})
        if not runs:
            return None
        one = next(iter(runs.values()))
        what, compute = value
        rows = f"{one['n_train']} training and {one['n_test']} test rows"
        return Claim(
            number,
            statement,
            _SOURCE,
            f"{what}; {_DATA[data]}, {_NETS[net]}, {rows}, {len(one['ranks'])} features measured",
            expected,
            tuple(float(compute(run)) for run in runs.values()),
            tuple(runs),
            self.size,
            headline,
        )

    def agree(self, number: str, statement: str) -> Claim | None:
        """Mean over pairs of nets of the rank correlation of robust accuracies at equal ranks, digits."""
        by_net = {name: runs for name in _NETS if (runs := self.found.get(f"digits-{name}", {}))}
        seeds = sorted(set.intersection(*(set(runs) for runs in by_net.values())))
        if len(by_net) < 2 or not seeds:
            return None
        names = list(by_net)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        values = [np.mean([_agreement(by_net[a][s], by_net[b][s]) for a, b in pairs]) for s in seeds]
        return Claim(
            number,
            statement,
            "Tsilivis & Kempe 2022, abstract",
            f"rank correlation of robust accuracies at equal ranks, mean over pairs of {', '.join(by_net)}; "
            f"{_DATA['digits']}",
            Expected.at_least(0.5, refuted_below=0.0),
            tuple(float(v) for v in values),
            tuple(seeds),
            self.size,
        )


def _agreement(first: Run, second: Run) -> float:
    common = np.intersect1d(first["ranks"], second["ranks"])
    picked = [r["feature_robust"][np.searchsorted(r["ranks"], common)] for r in (first, second)]
    return spearman(*picked)


def _ordering(run: Run) -> float:
    early = np.asarray(run["ranks"]) < _FIRST
    return spearman(np.asarray(run["ranks"])[early], run["feature_robust"][early])


def _ordered() -> Expected:
    return Expected.at_most(-0.5, refuted_above=0.0)


def _near(value: float) -> Expected:
    return Expected.about(value, 0.06)


def _chance() -> Expected:
    return Expected.about(0.5, 0.05, refuted_above=0.6)


def _knows() -> Expected:
    return Expected.at_least(0.6, refuted_below=0.55)


_order = (
    f"Spearman's correlation of accuracy under FGSM with the rank of the eigenvalue, over the first {_FIRST} features "
    "(most of the later ones are at 0)",
    lambda run: _ordering(run),
)
_first = ("balanced accuracy of the feature of the largest eigenvalue", lambda run: run["feature_balanced"][0])
_centred = ("the same, of the centred kernel", lambda run: run["centred"]["balanced"])


def _feature(kind: str, rank: int) -> tuple[str, Callable[[Run], Any]]:
    words = "clean accuracy" if kind == "clean" else "accuracy under FGSM on its own gradient"
    return f"{words} of feature {rank} (0 is the first)", lambda run: run[f"feature_{kind}"][rank]


def _best(kind: str) -> tuple[str, Callable[[Run], Any]]:
    """The most robust of features 1 to 5. In the notebook it is feature 1; their order changes with the draw."""
    words = "clean accuracy" if kind == "clean" else "accuracy under FGSM on its own gradient"
    return (
        f"{words} of the most robust of features 1 to 5 (feature 1 in the notebook; close eigenvalues change places)",
        lambda run: run[f"feature_{kind}"][1 + int(np.argmax(run["feature_robust"][1:6]))],
    )


def _from(rank: int, over: Callable[[np.ndarray], Any]) -> tuple[str, Callable[[Run], Any]]:
    words = "mean" if over is np.mean else "largest"
    return (
        f"{words} accuracy under FGSM on its own gradient of a feature of rank {rank} or more",
        lambda run: over(run["feature_robust"][np.asarray(run["ranks"]) >= rank]),
    )
