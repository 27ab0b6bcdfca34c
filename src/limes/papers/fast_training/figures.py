"""The figures: times by share of active pairs, what an index looks at, lists that run out, what is learned, depth."""

from collections.abc import Mapping, Sequence
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line
from limes.papers.sources import data_name
from limes.report import style

Numbers = Mapping[str, Any]
_BOX = (0.14, 0.16, 0.82, 0.79)


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    drawn = {
        "speed": _speed(numbers["speed"]),
        "index": _index(numbers["index"]),
        "renewal": _renewal(numbers["renewal"]),
    }
    if numbers["worse"]:
        drawn |= {"steps": _steps(numbers["worse"]), "learned": _learned(numbers["worse"])}
    if numbers.get("deep"):  # results of before claim 12 have none
        drawn["deep"] = _deep(max(numbers["deep"], key=lambda case: case["depth"]))
    return drawn


def _speed(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    kinds = sorted({(c["d"], form) for c in cases for form in ("rows", "gram")})
    for i, (d, form) in enumerate(kinds):
        some = [c for c in cases if c["d"] == d and c["m"] <= 20_000]
        shares, ratios = [100 * c["share"] for c in some], [c["products"] / c[form] for c in some]
        label = f"{'lists' if form == 'rows' else 'Gram form'}, d = {d}"
        ax.plot(shares, ratios, label=label, **style.look(i))
        told.append(f"{label}: " + ", ".join(f"{r:.3g} at {s:g} %" for s, r in zip(shares, ratios, strict=True)))
    ax.axhline(1, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.set_xscale("log")
    ax.set_yscale("log")
    places = sorted({100 * c["share"] for c in cases if c["m"] <= 20_000})
    ax.set_xticks(places, [f"{p:g}" for p in places])
    ax.minorticks_off()
    ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["½", "1", "2", "5", "10", "20", "50"])
    ax.set_xlabel("active pairs of neuron and example (%)")
    ax.set_ylabel("times faster than dense products")
    style.legend(ax)
    return Drawing(
        figure,
        "Above the dotted line a step that skips inactive neurons is the faster one; where a line crosses it is the "
        "share of active pairs up to which lists pay. A full-batch step in which no list runs out against the two "
        f"matrix products of a dense step, CPU seconds of one thread; n = {cases[0]['n']}.",
        f"Ratio against share on logarithmic axes. {'; '.join(told)}.",
    )


def _index(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    kinds = [(share, key) for share in sorted({c["share"] for c in cases}) for key in ("balls", "cells")]
    for i, (share, key) in enumerate(kinds):
        some = [c for c in cases if c["share"] == share]
        label = f"{'exact, balls' if key == 'balls' else '9 of 10, cells'}, {share:.0%} active"
        line(ax, i, [c["d"] for c in some], [c[key] for c in some], label)
        told.append(f"{label}: " + ", ".join(f"{c[key]['mean']:.2f} at d = {c['d']}" for c in some))
    ax.set_xscale("log")
    dimensions = sorted({c["d"] for c in cases})
    ax.set_xticks(dimensions, [str(d) for d in dimensions])
    ax.minorticks_off()
    ax.set_ylim(0, 1.05)
    ax.set_xlabel("dimension d")
    ax.set_ylabel("share of neurons looked at")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Near 1 an index saves nothing. See from which dimension on that is so, and whether missing a tenth of the "
        "active neurons (cells) buys much over finding all (balls). Share of Gaussian neurons looked at for one "
        "example, 500 clusters; bars are one standard error over seeds.",
        f"Share against dimension. {'; '.join(told)}.",
    )


def _renewal(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, case in enumerate(cases):
        label = f"B = {case['bias']:g}, {case['m']:,} neurons"
        shares = [100 * s for s in case["refreshed"]]
        ax.plot(range(1, len(shares) + 1), shares, label=label, **style.dashed(i))
        told.append(f"{label}: {sum(shares) / len(shares):.2f} % on average")
    ax.set_xlabel("step")
    ax.set_ylabel("lists that ran out (%)")
    ax.set_ylim(bottom=0)
    style.legend(ax)
    return Drawing(
        figure,
        "The lower a line stays, the less the upkeep of lists costs; a line that rose with the steps would eat the "
        "gain. Neurons that have moved so far that their list is made anew, steps of one over the largest eigenvalue "
        "of the NTK; n = 200, d = 64.",
        f"Per cent of lists against step. {'; '.join(told)}.",
    )


def _steps(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told, i = [], 0
    for case in cases:
        reached = case["levels"].index(case["even"]) + 1
        for level, entries in zip(case["levels"][:reached], case["steps"][:reached], strict=True):
            label = f"{data_name(case['data'])}, to {level:g}"
            line(ax, i, case["biases"], entries, label)
            told.append(f"{label}: " + ", ".join(f"{e['mean']:.0f}" for e in entries))
            i += 1
    ax.set_yscale("log")
    ax.set_xlabel("threshold B")
    ax.set_ylabel("steps")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Where a line falls from B = 0 on, networks with fewer active neurons learn in fewer steps; where it rises, in "
        "more. Steps to a share of the loss at the start, each network at a quarter of its own stable learning rate; "
        "bars are one standard error over seeds.",
        f"Steps against threshold. {'; '.join(told)}.",
    )


def _learned(cases: Sequence[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told, i = [], 0
    for case in cases:
        for key, words in (("even_error", "test error"), ("even_robust", "robust accuracy")):
            label = f"{words}, {data_name(case['data'])}"
            line(ax, i, case["biases"], case[key], label)
            told.append(f"{label}: " + ", ".join(f"{e['mean']:.3f}" for e in case[key]))
            i += 1
    ax.set_ylim(0, 1)
    ax.set_xlabel("threshold B")
    ax.set_ylabel("share of test rows")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Level lines mean that a threshold costs nothing but neurons; where test error rises or robust accuracy falls "
        "with B, it does. At equal training loss, as a share of that at the start: "
        + ", ".join(f"{data_name(case['data'])} {case['even']:g}" for case in cases)
        + "; bars are one standard error over seeds.",
        f"Shares against threshold. {'; '.join(told)}.",
    )


def _deep(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, (name, label) in enumerate((("plain", "threshold alone"), ("clip", "threshold and clip"))):
        for k, variances in enumerate(case[name]):
            look: dict[str, Any] = {"color": style.SERIES[i], "linestyle": ("-", "--")[i], "linewidth": 1.4}
            ax.plot(range(1, len(variances) + 1), variances, label=None if k else label, **look)
        told.append(f"{label}: " + ", ".join(f"{v[-1]:.2g}" for v in case[name]) + " in the last")
    ax.set_yscale("log")
    ax.set_xticks(range(1, case["depth"], 3))
    ax.set_xlabel("hidden layer")
    ax.set_ylabel("variance of pre-activations")
    style.legend(ax, loc="upper left")
    return Drawing(
        figure,
        "The variance should stay near 1 in all layers. Where lines run away from it, signals explode or die before "
        f"any training; compare those with a clip. A line for each seed, at the start: {case['depth']} layers at the "
        "edge of chaos with 85 % of the neurons inactive.",
        f"Variance against layer, logarithmic. {'; '.join(told)}.",
    )
