"""Claims 1, 2, 3, 8 and 11: the motion of the kernel."""

from typing import Any

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.deep_vs_kernel.making import REPLICATION, Runs, by_place, make
from limes.papers.paper import Found
from limes.papers.reading import slope

_SOURCE = "Fort et al. 2020, section 3 (kernel distance and velocity)"
_EARLY = 0.1  # of the training
_MLP = "fully connected network in the standard parametrisation, full kernel of all outputs on fixed test images"


def motion_claims(found: Found, size: Size) -> list[Claim]:
    """Those whose quantities were measured."""
    made: list[Claim] = []
    for quantity, build in (
        ("soundness", _soundness),
        ("motion", _motion),
        ("widths", _widths),
        ("cone", _cone),
        ("rates", _rates),
    ):
        if runs := found.get(quantity):
            made += build(runs, size)
    return made


def _soundness(runs: Runs, size: Size) -> list[Claim]:
    exact = Expected.at_most(1e-10)
    full, traced = (np.mean([run[name] for run in runs.values()], axis=0) for name in ("full", "traced"))
    told = "; ".join(f"{a:.4f} and {b:.4f}" for a, b in zip(full, traced, strict=True))
    return [
        make(
            runs,
            size,
            "1a",
            "The kernel distance of a kernel to itself is 0",
            _SOURCE,
            "distance",
            exact,
            lambda r: r["self"],
            over="largest",
        ),
        make(
            runs,
            size,
            "1b",
            "The kernel distance does not see the scale of either kernel",
            _SOURCE,
            "difference made by factors 3.7 and 0.02",
            exact,
            lambda r: max(r["scale"], r["formula"]),
            over="largest",
            note=f"Full and traced kernels are not the same measure: distances from the start {told}. The trace over "
            "outputs keeps the smaller part of the motion, so that the kernel of all outputs is used below.",
        ),
    ]


def _motion(runs: Runs, size: Size) -> list[Claim]:
    def at(run: dict[str, Any], share: float) -> int:
        return int(np.argmin(np.abs(np.asarray(run["epochs"]) - share * run["epochs"][-1])))

    def last(run: dict[str, Any]) -> float:
        third = at(run, 2 / 3)
        return float(np.mean(run["velocity"][third:]))

    return [
        make(
            runs,
            size,
            "2a",
            "Most of the kernel's motion is over after a tenth of the training",
            _SOURCE,
            f"distance from the first kernel at a tenth of the training over that at the end; {_MLP}",
            Expected.at_least(0.42, refuted_below=0.3),
            lambda r: r["from_start"][at(r, _EARLY)] / r["from_start"][-1],
            headline=True,
            note="Expected: 0.42 to 0.96 in a public reproduction with a small network.",
        ),
        make(
            runs,
            size,
            "2b",
            "The kernel's velocity falls many times over",
            _SOURCE,
            f"velocity in the first 0.4 epochs over its mean in the last third; {_MLP}",
            Expected.at_least(12.0, refuted_below=5.0),
            lambda r: r["velocity"][0] / last(r),
            note=f"Expected: 12 to 686 in a public reproduction with a small network, 3.6 in {REPLICATION} with a "
            "convolutional one.",
        ),
        make(
            runs,
            size,
            "2c",
            "The kernel never comes to rest",
            _SOURCE,
            f"distance between the kernels at two thirds of the training and at its end, over that from start to end; "
            f"{_MLP}",
            Expected.at_least(1e-3, refuted_below=1e-5),
            lambda r: r["to_end"][at(r, 2 / 3)] / r["from_start"][-1],
            note=f"Constancy of the velocity is not claimed. Mean velocity in the last third: {_last(runs, last)} a "
            "unit of epochs.",
        ),
    ]


def _last(runs: Runs, last: Any) -> str:
    return f"{np.mean([last(run) for run in runs.values()]):.2g}"


def _widths(runs: Runs, size: Size) -> list[Claim]:
    one = next(iter(runs.values()))["widths"]
    words = ", ".join(map(str, one))
    return [
        make(
            runs,
            size,
            "3",
            "In the NTK parametrisation there is less to see the wider the network is",
            "limit of infinite width (Jacot et al. 2018); section 'Traps' of the description",
            f"slope of log kernel distance from start to end in log width (widths {words})",
            Expected.at_most(-0.5, refuted_above=0.0),
            lambda r: slope(r["widths"], r["moved"]),
            note=f"Distances: {by_place(runs, 'widths', 'moved', 5)}. A kernel that moves by 1/sqrt(width) turns by an "
            "angle of that size, of which the distance is half the square: slope -1.",
        ),
    ]


def _cone(runs: Runs, size: Size) -> list[Claim]:
    source = "Zhou et al. 2025, arXiv 2505.13900 (cone effect, after a reading note)"
    horizon = "for the same number of epochs with the same batches"
    return [
        make(
            runs,
            size,
            "8a",
            "A tiny change of the weights grows early in training, and not later",
            source,
            f"growth of the change {horizon}: the largest of those made in the first epoch over that of the last one",
            Expected.at_least(2.0, refuted_below=1.0),
            lambda r: max(g for t, g in zip(r["times"], r["growth"], strict=True) if t <= 1) / r["growth"][-1],
            note=f"Growth by the epoch of the change: {by_place(runs, 'times', 'growth', 2)}. Length of the change: "
            "1e-3 of the weights.",
        ),
        make(
            runs,
            size,
            "8b",
            "After an early change the kernels of the two networks part, after a late one they stay together",
            source,
            "kernel distance between the two in the end, changed at the last moment over at the first",
            Expected.at_most(0.2, refuted_above=1.0),
            lambda r: r["kernel"][-1] / r["kernel"][0],
        ),
    ]


def _rates(runs: Runs, size: Size) -> list[Claim]:
    def ratio(run: dict[str, Any]) -> float:
        velocity, rates = run["velocity"], run["rates"]
        return (velocity[-1] / velocity[0]) / (rates[-1] / rates[0])

    words = ", ".join(f"{rate:g}" for rate in next(iter(runs.values()))["rates"])
    return [
        make(
            runs,
            size,
            "11",
            "Velocity is nearly proportional to the learning rate",
            f"{REPLICATION}: trap 5",
            f"ratio of velocities over ratio of rates, at half the first training loss (rates {words})",
            Expected.about(1.0, 0.3, refuted_below=0.3),
            ratio,
            note=f"Velocities: {by_place(runs, 'rates', 'velocity', 4)}; the loss has halved at epochs "
            f"{by_place(runs, 'rates', 'epochs', 2)}.",
        ),
    ]
