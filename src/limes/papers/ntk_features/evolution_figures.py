"""The figures of claims 9 and 10: how a kernel moves, where it goes, and how robust it is when frozen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.papers.ntk_features.evolution_cases import EVOLUTION
from limes.papers.paper import Drawing, Found
from limes.papers.plots import axes
from limes.report import style

_TRAININGS = ("clean", "adversarial")
_PROBES = ("fixed", "moving")
_BY_EPOCH = ("steps", "top10", "top20", "rank", "radius", "angle", "top_radius", "top_angle")
_ACCURACIES = ("clean", "robust")
Numbers = Mapping[str, Any]


def evolution_curves(found: Found) -> dict[str, Any]:
    """Means over seeds, by data set, training and probe; of the polar curves the first seed's."""
    numbers: dict[str, Any] = {"evolution": {}}
    for quantity, runs in found.items():
        kind, _, name = quantity.partition("-")
        if kind == "evolution":
            each = list(runs.values())
            numbers["evolution"][name] = {training: _curves([run[training] for run in each]) for training in _TRAININGS}
    return numbers


def _curves(runs: Sequence[Numbers]) -> dict[str, Any]:
    entry: dict[str, Any] = {name: float(np.mean([run[name] for run in runs])) for name in (*_ACCURACIES, "loss")}
    for probe in _PROBES:
        entry[probe] = {name: _mean([run[probe][name] for run in runs]) for name in _BY_EPOCH}
        entry[probe] |= {f"first_{name}": np.asarray(runs[0][probe][name]).tolist() for name in ("radius", "angle")}
    later = [run["frozen"] for run in runs]
    entry["frozen"] = {"epochs": later[0]["epochs"]} | {n: _mean([run[n] for run in later]) for n in _ACCURACIES}
    entry["hardened"] = {n: float(np.mean([run["adversarial"][n] for run in later])) for n in _ACCURACIES}
    return entry


def evolution_figures(numbers: Numbers) -> dict[str, Drawing]:
    """Three drawings for each data set."""
    made = {}
    for name, entry in numbers.get("evolution", {}).items():
        case = EVOLUTION["full"][name]
        title = f"{case.words}, ε = {case.problem.eps}"
        made[f"velocity-{name}"] = _velocity(title, entry)
        made[f"polar-{name}"] = _polar(title, entry)
        made[f"frozen-{name}"] = _frozen(title, entry)
    return made


def _velocity(title: str, entry: Numbers) -> Drawing:
    figure = style.new_figure(style.WIDTH, 4.6)
    upper, lower = (style.add_axes(figure, (0.145, foot, 0.83, 0.345)) for foot in (0.525, 0.105))
    for training, probe, look in _lines():
        curve = entry[training][probe]
        upper.plot(np.arange(1, len(curve["steps"]) + 1), curve["steps"], label=f"{training}, {probe} images", **look)
        lower.plot(np.arange(len(curve["top20"])), curve["top20"], **look)
    style.log_y(upper)
    upper.set_xlim(lower.get_xlim())
    upper.tick_params(labelbottom=False)
    upper.set_ylabel("kernel distance")
    lower.set_ylabel("mass of the top 20")
    lower.set_xlabel("epoch")
    style.legend_above(upper)
    told = []
    for training, probe, _ in _lines():
        steps, top = (entry[training][probe][name] for name in ("steps", "top20"))
        told.append(
            f"{training} training on {probe} images: distance {steps[0]:.3g} over the first epoch, {steps[-1]:.3g} "
            f"over the last, top 20 at the end {top[-1]:.4f}"
        )
    return Drawing(
        figure,
        "If adversarial training becomes lazy earlier, its lines fall below those of standard (clean) training in the "
        "upper panel; if its kernel is more concentrated, they lie higher in the lower one. Distance from the kernel "
        "an epoch earlier, and share of the 20 largest eigenvalues in the sum of squares; moving images are the "
        f"adversarial ones of each epoch's network; {title}, mean over seeds.",
        f"Two panels against the epoch. {_sentence(told)}.",
    )


def _polar(title: str, entry: Numbers) -> Drawing:
    figure, ax = axes(3.6, (0.13, 0.145, 0.845, 0.68))
    for training, probe, look in _lines():
        radius, angle = (np.asarray(entry[training][probe][f"first_{name}"]) for name in ("radius", "angle"))
        ax.plot(radius * np.cos(angle), radius * np.sin(angle), label=f"{training}, {probe} images", **look)
    ax.set_xlabel("distance from the first kernel × cos of the angle to it")
    ax.set_ylabel("distance × sin of the angle")
    style.legend_above(ax)
    told = [
        f"{training} training on {probe} images: angle {entry[training][probe]['angle'][-1]:.2f} at the end"
        for training, probe, _ in _lines()
    ]
    return Drawing(
        figure,
        "Where marks, one an epoch, lie close together the kernel hardly moves; where a path bends up, it turns away "
        "from the first kernel. Polar coordinates: distance from the first kernel in units of that of the last, and "
        f"angle to the first; {title}, first seed.",
        f"Curves from the origin to radius 1. {_sentence(told)} (radians, mean over seeds).",
    )


def _frozen(title: str, entry: Numbers) -> Drawing:
    figure, ax = axes(3.4, (0.115, 0.155, 0.86, 0.65))
    for i, training in enumerate(_TRAININGS):
        curve = entry[training]["frozen"]
        for name, line in (("clean", "--"), ("robust", "-")):
            words = "clean" if name == "clean" else "PGD"
            look = style.look(i)
            places = np.arange(len(curve["epochs"]))
            ax.plot(places, curve[name], line, label=f"{training} training: {words}", **look)
    epochs = entry["clean"]["frozen"]["epochs"]
    ax.set_xticks(np.arange(len(epochs)), [str(epoch) for epoch in epochs])
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("epoch at which the kernel was frozen")
    ax.set_ylabel("accuracy")
    style.legend_above(ax)
    told = [
        f"last kernel of {training} training: clean {entry[training]['frozen']['clean'][-1]:.2f}, under PGD "
        f"{entry[training]['frozen']['robust'][-1]:.2f}, after an adversarial second training "
        f"{entry[training]['hardened']['robust']:.2f}"
        for training in _TRAININGS
    ]
    first = entry["clean"]["frozen"]["robust"][0]
    return Drawing(
        figure,
        "If the solid line of adversarial training rises above that of standard (clean) training, the kernel keeps the "
        "robustness: networks learn here from the frozen kernel alone, without attacks. By the epoch that the kernel "
        f"is from; {title}, mean over seeds.",
        f"Accuracy against the epoch. At first both kernels are one: under PGD {first:.2f}. {_sentence(told)}.",
    )


def _lines() -> list[tuple[str, str, dict[str, Any]]]:
    """Training, probe and look of each line: colour by training, line by probe."""
    looks = []
    for i, training in enumerate(_TRAININGS):
        for probe, line in zip(_PROBES, ("-", ":"), strict=True):
            look = style.look(i, markersize=3)
            looks.append((training, probe, look | {"linestyle": line}))
    return looks


def _sentence(told: Sequence[str]) -> str:
    words = "; ".join(told)
    return words[0].upper() + words[1:]


def _mean(values: Sequence[Any]) -> list[float]:
    return np.mean(values, axis=0).tolist()
