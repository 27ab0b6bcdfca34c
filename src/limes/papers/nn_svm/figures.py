"""The figures: certified radii beside attacks, gaps and interval radii over widths, bounds along training."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.nn_svm.certificate_claims import NAMES
from limes.papers.nn_svm.certificates import COLUMNS
from limes.papers.paper import Drawing
from limes.papers.plots import axes, line
from limes.report import style

Numbers = Mapping[str, Any]
_METHODS = {
    "published": "published",
    "interval": "interval",
    "norm": "norm",
    "joint": "joint",
    "attack": "attack (upper bound)",
}
_PENALTIES = {
    "published": "published",
    "last": "last layer",
    "last, symmetric": "last layer, f₀ = 0",
    "last, centred": "last layer, from its start",
    "all, centred": "all weights, from their start",
}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    made = {f"radii-{table[-2:]}": _radii(radii, NAMES[table]) for table, radii in numbers["radii"].items()}
    if "mnist" in numbers:
        made["radii-mnist"] = _mnist(numbers["mnist"])
    made["gaps"] = _gaps(numbers["gaps"])
    made["intervals"] = _intervals(numbers["intervals"])
    made["bound"] = _bound(numbers["bound"])
    return made


def _bars(models: Sequence[str], columns: Mapping[str, tuple[Sequence[float], Sequence[float | None]]]) -> Any:
    """Bars by model, a colour for each column, on a logarithmic axis."""
    figure, ax = axes(3.6, (0.15, 0.27, 0.82, 0.69))
    wide = 0.8 / len(columns)
    for i, (name, (values, errors)) in enumerate(columns.items()):
        places = [k + (i - (len(columns) - 1) / 2) * wide for k in range(len(models))]
        colour = style.MUTED if name.startswith("attack") else style.SERIES[i]
        shown = [0.0 if e is None else e for e in errors]
        ax.bar(places, values, wide, color=colour, label=name, yerr=shown, error_kw={"linewidth": 0.8})
    ax.set_yscale("log")
    ax.set_xticks(range(len(models)), models, rotation=30, ha="right", rotation_mode="anchor")
    ax.set_ylabel("mean l-inf radius")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=3)
    return figure


def _radii(numbers: Numbers, name: str) -> Drawing:
    columns = {
        _METHODS[c]: ([e["mean"] for e in numbers[c]], [e["standard_error"] for e in numbers[c]]) for c in COLUMNS
    }
    told = "; ".join(
        f"{model}: " + ", ".join(f"{method} {values[i]:.2g}" for method, (values, _) in columns.items())
        for i, model in enumerate(numbers["models"])
    )
    return Drawing(
        _bars(numbers["models"], columns),
        "The truth lies between the highest certificate and the attack: the nearer they are, the more is proved. "
        "Compare models by their attacks and not by one certificate, which may be short for one and close for another. "
        f"Digits {name}, means over test points, bars of one standard error; KRR is kernel ridge regression by its "
        "ridge, SVM a support vector machine by its C.",
        f"Bars of mean radii on a logarithmic axis. {told}.",
    )


def _mnist(numbers: Numbers) -> Drawing:
    models = list(numbers)
    names = {"paper": "published, in the paper", "published": "published, here", "norm": "norm", "attack": "attack"}
    columns = {label: ([row[key] for row in numbers.values()], [None] * len(models)) for key, label in names.items()}
    told = "; ".join(
        f"{model}: " + ", ".join(f"{label} {values[i]:.2g}" for label, (values, _) in columns.items())
        for i, model in enumerate(models)
    )
    return Drawing(
        _bars(models, columns),
        "The first two bars of a model should be equal: then the paper's table 3 is met. How far the attack lies above "
        "the published certificate is what that leaves open; where the norm bound lies higher, it closes part of it. "
        "MNIST 0 against 1 with all 12,665 training images.",
        f"Bars of mean radii on a logarithmic axis. {told}.",
    )


def _gaps(numbers: Numbers) -> Drawing:
    lines = {_PENALTIES[name]: (line["widths"], line["gap"]) for name, line in numbers.items()}
    told = "; ".join(f"{name} from {gap[0]['mean']:.2g} to {gap[-1]['mean']:.2g}" for name, (_, gap) in lines.items())
    return Drawing(
        _over_widths(lines, "largest |f − g|"),
        "A penalty under which the line falls with the width makes wide networks follow the kernel machine; under one "
        "whose line levels off they go elsewhere, however wide. Lines by the weights that are penalised and the point "
        "from which; hinge loss, lambda T = 2, geometric means over seeds with bars of one standard error.",
        f"Gap against width on logarithmic axes. {told}.",
    )


def _intervals(numbers: Numbers) -> Drawing:
    lines = {name: (numbers["widths"], numbers[key]) for key, name in (("linf", "l-inf radius"), ("l2", "l2 radius"))}
    told = "; ".join(f"{name} from {r[0]['mean']:.2g} to {r[-1]['mean']:.2g}" for name, (_, r) in lines.items())
    return Drawing(
        _over_widths(lines, "mean certified radius"),
        "If lines fall with the width, it is the interval bounds that get worse, since wide networks are all alike: a "
        "small radius is then no sign of a weak network. Digits 0 against 1, two layers, geometric means over seeds "
        "with bars of one standard error.",
        f"Radius against width on logarithmic axes. {told}.",
    )


def _over_widths(lines: Mapping[str, tuple[Sequence[int], Sequence[Numbers]]], label: str) -> Any:
    from matplotlib.ticker import NullFormatter

    figure, ax = axes(3.8, (0.15, 0.36, 0.8, 0.61))
    for i, (name, (widths, entries)) in enumerate(lines.items()):
        line(ax, i, widths, entries, name)
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    style.log_y(ax)
    places = sorted({width for widths, _ in lines.values() for width in widths})
    ax.set_xticks(places, [f"{width:,}" for width in places], rotation=20)
    ax.set_xlabel("width")
    ax.set_ylabel(label)
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.25), ncols=2)
    return figure


def _bound(numbers: Numbers) -> Drawing:
    figure, ax = axes(3.2, (0.13, 0.15, 0.83, 0.8))
    names = {
        "published 0.05": "published form, not a bound",
        "honest 0.05": "honest bound",
        "ramp": "test ramp loss",
        "error": "test error",
    }
    for i, (key, name) in enumerate(names.items()):
        ax.plot(numbers["step"][1:], numbers[key][1:], label=name, **style.dashed(i))
    ax.set_xlabel("step")
    ax.set_ylabel("bound, loss or error")
    ax.set_ylim(bottom=0)
    style.legend(ax)
    told = "; ".join(f"{name} from {numbers[key][1]:.2f} to {numbers[key][-1]:.2f}" for key, name in names.items())
    return Drawing(
        figure,
        "A bound has to stay above the test ramp loss, and says something only below 1. Where the published form lies "
        "below that loss it is seen to be none; where it does not, it is still not proved. Along training, delta 0.05: "
        "odd against even digits, 1000 training rows, two layers.",
        f"Values against the step. {told}.",
    )
