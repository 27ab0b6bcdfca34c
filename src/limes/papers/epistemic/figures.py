"""The figures: variances by n, the law of shares, exponents, parts of the variance, methods, and the toy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import beta

from limes.beyond.posterior import split_law
from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.report import style

Numbers = Mapping[str, Any]
_BOX = (0.14, 0.16, 0.82, 0.72)
_METHODS = {"nuts": "NUTS", "sgld": "SGLD", "ensemble": "ensemble", "laplace": "Laplace", "ntk-gp": "NTK-GP"}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {
        "contraction": _contraction(numbers["contraction"]),
        "shares": _shares(numbers["histograms"]),
        "exponents": _exponents(numbers["exponents"]),
        "parts": _parts(numbers["parts"]),
        "methods": _methods(numbers["methods"]),
        "toy": _toy(numbers["toy"]),
    }


def _contraction(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    n = [case["n"] for case in cases]
    told = []
    for i, (name, label) in enumerate((("weights", "weights: tr Cov(w)"), ("function", "function: mean Var f(x)"))):
        line(ax, i, n, [case[name] for case in cases], label)
        told.append(f"{label}: " + ", ".join(f"{case[name]['mean']:.3g}" for case in cases))
    first = cases[0]["function"]["mean"]
    ax.plot(n, [first * n[0] / v for v in n], color=style.MUTED, linestyle=":", linewidth=1.2, label="1/n")
    ax.set_xscale("log")
    ticks(ax, n)
    style.log_y(ax)
    ax.set_xlabel("examples n")
    ax.set_ylabel("variance")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If the line of the function falls along the dotted 1/n while that of the weights stays nearly level, data "
        "teach the function and not the weights. Two neurons learn one, p = 3 inputs; means over seeds with bars of "
        "one standard error.",
        f"Variance against n, both logarithmic. {'; '.join(told)}.",
    )


def _shares(case: Numbers) -> Drawing:
    figure, ax = axes(3.8, (0.12, 0.14, 0.84, 0.65))
    centres, told = np.array(case["centres"]), []
    rows = [("raw", f"no condition, n = {case['n']['raw']:,}")]
    rows += [(w, f"{w} cones, {case['half_angle'][w]:.2g} rad") for w in ("thin", "wide") if w in case["half_angle"]]
    for i, (name, label) in enumerate(rows):
        ax.step(centres, case[name], where="mid", label=label, **style.dashed(i))
        low, middle = np.mean(case[name][:2]), np.mean(case[name][len(centres) // 2 - 2 : len(centres) // 2 + 2])
        told.append(f"{label}: {low:.2f} near 0 and {middle:.2f} in the middle")
    law = beta.pdf(centres, *split_law(3, 2))
    ax.plot(centres, law, color=style.MUTED, linestyle="--", linewidth=1.2, label="Beta(2, 2)")
    ax.set_ylim(0, 4)
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of one of two neurons")
    ax.set_ylabel("density")
    style.legend_above(ax)
    return Drawing(
        figure,
        "A line on the grey one, Beta(2, 2), follows the Dirichlet law: neurons share their work. Peaks at 0 and 1 "
        "mean that one neuron does nearly all of it. Densities of a share, p = 3 inputs, without a condition and in "
        "cones round the truth of the given half-angle; cut off at 4.",
        f"Densities of a share. {'; '.join(told)}; Beta(2, 2): 1.5 in the middle.",
    )


def _exponents(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    p, told = [case["inputs"] for case in cases], []
    every = np.linspace(1.5, 5.5, 50)
    lines = (("exponent", "no condition", lambda q: -2 * (q - 1) / 3), ("balanced", "balanced", lambda q: -(q - 1) / 6))
    for i, (name, label, law) in enumerate(lines):
        line(ax, i, p, [case[name] for case in cases], label, linestyle="")
        ax.plot(every, law(every), color=style.SERIES[i], linestyle=":", linewidth=1.2)
        told.append(f"{label}: " + ", ".join(f"{case[name]['mean']:.2f}" for case in cases))
    ax.plot(every, (every - 1) / 2, color=style.MUTED, linestyle="--", linewidth=1.2, label="Dirichlet law")
    ax.set_xlim(1.5, 5.5)
    ticks(ax, [2, 3, 4, 5])
    ax.set_xlabel("inputs p")
    ax.set_ylabel("exponent of small shares")
    style.legend_above(ax, columns=3)
    return Drawing(
        figure,
        "The line on which marks lie is the law that holds: dashed the Dirichlet law, dotted −2(p−1)/3 where scales "
        "are free and −(p−1)/6 where they are held (balanced). Below 0 small shares are the likely ones. Exponents of "
        f"their density at n = {cases[0]['n']:,}; bars are one standard error over seeds.",
        f"Exponent against inputs {', '.join(map(str, p))}. {'; '.join(told)}; the Dirichlet law has (p-1)/2.",
    )


def _parts(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(4.4, (0.2, 0.3, 0.77, 0.58))
    base = np.zeros(len(cases))
    for i, name in enumerate(("discrete", "scaling", "split")):
        height = np.array([case["parts"][i] for case in cases])
        ax.bar(range(len(cases)), height, bottom=base, width=0.7, color=style.SERIES[i], label=name)
        base += height
    ax.set_xticks(range(len(cases)), [case["label"].replace("\n", " ") for case in cases], rotation=40, ha="right")
    ax.set_ylabel("tr Cov(w)")
    style.legend_above(ax, columns=3)
    told = (f"{case['label']}: ".replace("\n", " ") + ", ".join(f"{v:.2f}" for v in case["parts"]) for case in cases)
    return Drawing(
        figure,
        "Compare bars of one r and m over n: a part that does not shrink is not learnt from more data. Parts of the "
        "variance of the weights where m neurons learn r: which neuron serves which one (discrete), the scale that "
        "only the prior fixes, and how neurons split their work.",
        f"A stack of bars for each case: discrete, scaling and split parts. {'; '.join(told)}.",
    )


def _methods(cases: list[Numbers]) -> Drawing:
    figure, ax = axes(box=(0.14, 0.12, 0.82, 0.72))
    case, told = cases[-1], []
    for i, (name, label) in enumerate((("variance", "variance of f"), ("error", "squared error of its mean"))):
        values = [case["methods"][method][name] for method in _METHODS]
        at = np.arange(len(values)) + 0.36 * (i - 0.5)
        ax.bar(at, values, width=0.34, color=style.SERIES[i], label=label)
        told.append(f"{label}: " + ", ".join(f"{m} {v:.4f}" for m, v in zip(_METHODS.values(), values, strict=True)))
    ax.set_xticks(range(len(_METHODS)), list(_METHODS.values()))
    ax.set_ylabel("mean over inputs")
    style.legend_above(ax)
    covered = ", ".join(f"{label} {case['methods'][m]['covered']:.0%}" for m, label in _METHODS.items())
    return Drawing(
        figure,
        "A method is honest if its variance is about as large as its squared error, and too sure of itself if it is "
        "much smaller. Share of inputs whose truth lies within two standard deviations, 95 % for a normal law: "
        f"{covered}. Means over inputs after {case['n']:,} examples.",
        f"Two bars for each method. {'; '.join(told)}.",
    )


def _toy(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    n = np.array(case["n"][1:], float)
    for i, (name, label) in enumerate((("weights", "weights: tr Cov(w)"), ("function", "function: mean Var f(x)"))):
        look = style.look(i)
        ax.plot(n, case[name][1:], label=label, **look)
    free = case["inputs"] * case["prior"]
    ax.axhline(free, color=style.MUTED, linestyle=":", linewidth=1.2, label="d τ²")
    ax.set_xscale("log")
    style.log_y(ax)
    ax.set_xlabel("examples n")
    ax.set_ylabel("variance")
    style.legend_above(ax)
    return Drawing(
        figure,
        "If the function's line falls to nothing while that of the weights stays near the dotted one, a net can know "
        f"its function and nothing of its weights. Product net f(x) = w₂ w₃ w·x with d = {case['inputs']} inputs, "
        "shown that f* = 0; dotted: d times the prior's variance τ². Exact, nothing is sampled.",
        f"Variance against n up to {case['n'][-1]:,}, both logarithmic. Function: from {case['function'][1]:.3g} to "
        f"{case['function'][-1]:.3g}; weights: from {case['weights'][1]:.3g} to {case['weights'][-1]:.3g}.",
    )
