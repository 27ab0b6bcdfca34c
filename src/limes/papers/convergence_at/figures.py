"""The figures: distances to the lazy limit, linearity over widths, regret, weak attacks, and widths that are needed."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.report import style

Numbers = Mapping[str, Any]
Line = tuple[Sequence[float], Sequence[Numbers]]
_BOX = (0.19, 0.16, 0.77, 0.79)
_NORMS = {"linf": "l-inf", "l2": "l2"}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {
        "lazy": _lazy(numbers["lazy"]),
        "labels": _labels(numbers["lazy"]),
        "linearity": _linearity(numbers),
        "regret": _regret(numbers),
        "attacks": _attacks(numbers["attacks"]),
        "capacity": _capacity(numbers["capacity"]),
        "law": _law(numbers["law"]),
        "trained": _trained(numbers["trained"]),
    }


def _lazy(cases: Sequence[Numbers]) -> Drawing:
    lines: dict[str, Line] = {}
    for case in cases:
        for key, words in (("distance", "test rows"), ("attacked", "attacked rows")):
            lines[f"{words}, {_NORMS[case['norm']]}"] = (case["widths"], case[key])
    widths, start = cases[0]["widths"], cases[0]["distance"][0]["mean"]
    figure, ax = _log_log(lines, "width", "relative distance of scores", widths)
    guide = [start * (widths[0] / width) ** 0.5 for width in widths]
    ax.plot(widths, guide, color=style.MUTED, linestyle=":", linewidth=1.2, label="slope −1/2")
    style.legend(ax)
    return Drawing(
        figure,
        "If lines fall with the dotted slope or nearly so, adversarial training of finite networks approaches that "
        "with the fixed kernel as they get wider; a line that levels off would mean that it does not. Distances of "
        "scores, relative to the kernel's, after the same batches, attacks and steps; digits, ten classes; bars are "
        "one standard error over seeds.",
        f"Relative distance against width on logarithmic axes. {_told(lines)}.",
    )


def _labels(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    names = {"disagreement": "other label", "robust": "robust accuracy", "clean": "clean accuracy"}
    for i, (case, key) in enumerate((case, key) for case in cases for key in names):
        label = f"{names[key]}, {_NORMS[case['norm']]}"
        line(ax, i, case["widths"], case[key], label)
        told.append(f"{label} from {case[key][0]['mean']:.3f} to {case[key][-1]['mean']:.3f}")
    ax.set_xscale("log")
    ticks(ax, cases[0]["widths"])
    ax.set_xlabel("width")
    ax.set_ylabel("difference to the limit")
    ax.set_ylim(bottom=0)
    style.legend(ax)
    return Drawing(
        figure,
        "All lines should go to 0 with the width: then a wide network not only has scores near the limit's but makes "
        "its decisions. Share of test rows with another label than the limit's, and differences of accuracy, under "
        "attack and without; bars are one standard error over seeds.",
        f"Differences against width. {'; '.join(told)}.",
    )


def _linearity(numbers: Numbers) -> Drawing:
    widths = numbers["widths"]
    lines: dict[str, Line] = {
        "to the best robust network": (widths, numbers["remainder"]),
        "to the start": (widths, numbers["curvature"]),
    }
    figure, ax = _log_log(lines, "width", "largest distance from linear", widths)
    style.legend(ax)
    moved = ", ".join(f"{e['mean']:.3g} at {w:,}" for e, w in zip(numbers["movement"], widths, strict=True))
    return Drawing(
        figure,
        "If both lines fall with the width, the network becomes linear where it is trained, which is why descent finds "
        "the best robust network. Distances on outputs of about 1, between the iterates and that network and between "
        f"them and the start. Weights move by {moved}; if it were less and less, the fall would say little.",
        f"Distance against width on logarithmic axes. {_told(lines)}.",
    )


def _regret(numbers: Numbers) -> Drawing:
    lines: dict[str, Line] = {
        "average regret": (numbers["times"], numbers["regret"]),
        "bound of the proof": (numbers["times"], numbers["allowed"]),
    }
    figure, ax = _log_log(lines, "steps T", "average regret", [numbers["times"][0], numbers["times"][-1]])
    style.legend(ax)
    return Drawing(
        figure,
        "The regret has to stay below its bound and should fall at least as fast: then training is on average as good "
        "as the best robust network of its ball. Projected adversarial training at the largest width; the bound is "
        "that of online gradient descent with the remainder of linearity.",
        f"Average regret against the number of steps on logarithmic axes. {_told(lines)}.",
    )


def _attacks(numbers: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    names = {"surrogates": "surrogate loss, this attack", "robust": "robust loss, PGD-50"}
    for i, (key, label) in enumerate(names.items()):
        entries = [by_kind[key] for by_kind in numbers.values()]
        errors = [e["standard_error"] or 0.0 for e in entries]
        places = [k + 0.4 * (i - 0.5) for k in range(len(entries))]
        look: dict[str, Any] = {"yerr": errors, "error_kw": {"linewidth": 0.8}, "label": label}
        ax.bar(places, [e["mean"] for e in entries], 0.38, color=style.SERIES[i], **look)
    ax.set_xticks(range(len(numbers)), list(numbers))
    ax.set_xlabel("attack in training")
    ax.set_ylabel("loss")
    style.legend(ax)
    told = "; ".join(
        f"{name} {v['surrogates']['mean']:.3f} and {v['robust']['mean']:.3f}" for name, v in numbers.items()
    )
    return Drawing(
        figure,
        "Where the first bar is low and the second one high, training converged under its own attack and yet is not "
        "robust; where both are low, that attack finds the worst points. Losses of the same networks at the largest "
        "width; error bars are one standard error over seeds.",
        f"Bars by attack, surrogate and robust loss: {told}.",
    )


def _capacity(cases: Sequence[Numbers]) -> Drawing:
    lines: dict[str, Line] = {}
    for d in sorted({case["d"] for case in cases}):
        some = [case for case in cases if case["d"] == d]
        for kind in ("natural", "robust"):
            lines[f"{kind}, d = {d}"] = ([case["n"] for case in some], [case[kind] for case in some])
    figure, ax = _log_log(lines, "points n", "smallest width", sorted({case["n"] for case in cases}))
    style.legend_above(ax)
    return Drawing(
        figure,
        "How far a robust line lies above the natural one of its d is the price of robustness in width. Smallest width "
        "of one hidden layer at which training got all points right (natural), and all balls round them (robust): "
        "random unit vectors with random labels, geometric means over seeds.",
        f"Width against number of points on logarithmic axes. {_told(lines)}.",
    )


def _law(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, case in enumerate(cases):
        d, ratios = case["d"], case["ratios"]
        grid = [k / 100 for k in range(20, 96)]
        ax.plot(grid, [r * r * d for r in grid], color=style.SERIES[i], linewidth=1.0)
        look = style.look(i, linestyle="none", markersize=5)
        ax.plot(ratios, case["frame"], label=f"harmonic frame, d = {d}", **look)
        ax.plot(ratios, case["half"], fillstyle="none", label=f"half of random layers, d = {d}", **look)
        told.append(f"d = {d}: {', '.join(map(str, case['frame']))} and {', '.join(map(str, case['half']))}")
    ax.set_xlabel("ratio rho of the radius to half the distance")
    ax.set_ylabel("width of the first layer")
    style.legend(ax)
    return Drawing(
        figure,
        "No mark may lie on or below the line of its d: rho² d is the width at and below which no first layer tells "
        "all balls apart. Marks of the frame just above it show that the law is sharp; those of random layers, what "
        "chance costs.",
        f"Width against rho, harmonic frame and half of random layers. {'; '.join(told)}.",
    )


def _trained(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, case in enumerate(cases):
        beyond = [width - case["law"] for width in case["widths"]]
        look = style.look(i)
        ax.plot(beyond, case["unbroken"], linestyle=":", **look)
        ax.plot(beyond, case["robust"], label=f"rho = {case['rho']:g}", **look)
        shares = ", ".join(f"{v:.2f}" for v in case["robust"])
        told.append(f"rho = {case['rho']:g}: {shares} at {', '.join(map(str, case['widths']))}")
    ax.axvline(-0.5, color=style.MUTED, linewidth=0.8)
    ax.set_xlabel("width of the first layer less floor(rho² d) + 1")
    ax.set_ylabel("share of trained networks")
    style.legend(ax)
    return Drawing(
        figure,
        "Solid marks to the left of the vertical line have to be at 0, where the law allows no robust network; how far "
        "to its right they rise is what training needs beyond that. Robust on all balls by attacks and the colliding "
        "pair together; dotted: by attacks alone, which to the left are wrong whenever they pass a network.",
        f"Share of robust networks against width. {'; '.join(told)}.",
    )


def _log_log(lines: Mapping[str, Line], x_label: str, y_label: str, places: Sequence[float]) -> tuple[Any, Any]:
    figure, ax = axes(box=_BOX)
    for i, (name, (x, entries)) in enumerate(lines.items()):
        line(ax, i, x, entries, name)
    ax.set_xscale("log")
    style.log_y(ax)
    ticks(ax, places)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    return figure, ax


def _told(lines: Mapping[str, Line]) -> str:
    return "; ".join(
        f"{name} from {entries[0]['mean']:.3g} to {entries[-1]['mean']:.3g}" for name, (_, entries) in lines.items()
    )
