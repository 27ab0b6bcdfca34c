"""Pictures of networks with large bias: distances to the limit, spectra, bounds, and training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limes.measure import active_fraction
from limes.papers.paper import Drawing
from limes.papers.plots import axes, line
from limes.report import style

Numbers = Mapping[str, Any]


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    n, width = max(numbers["spectra"], key=int), max(numbers["training"], key=int)
    made = {
        "limit": _limit(numbers["limit"]),
        "eigenvalues": _eigenvalues(numbers["spectra"][n], f"{n} points on the sphere"),
        "bounds": _bounds(numbers["spectra"][n], f"{n} points on the sphere"),
        "terms": _terms(numbers["spectra"][n], n),
        "losses": _losses(numbers["training"][width], width),
        "activation": _activation(numbers["training"]),
    }
    if "mnist" in numbers:
        rows = f"{numbers['mnist']['spectrum']['rows']} rows of MNIST"
        made["mnist-activation"] = _mnist(numbers["mnist"])
        made["mnist-bounds"] = _bounds(numbers["mnist"]["spectrum"], rows)
    return made


def _means(entries: Sequence[Numbers]) -> list[float]:
    return [entry["mean"] for entry in entries]


def _limit(numbers: Numbers) -> Drawing:
    figure, ax = axes(3.2, (0.15, 0.16, 0.8, 0.79))
    widths, told = numbers["widths"], []
    for i, (bias, entries) in enumerate(zip(numbers["biases"], numbers["distance"], strict=True)):
        means = _means(entries)
        line(ax, i, widths, entries, f"B = {bias:g}")
        told.append(f"B = {bias:g} from {means[0]:.3g} to {means[-1]:.3g}")
    start = 1.6 * max(entries[0]["mean"] for entries in numbers["distance"])  # above all lines, where it is seen
    guide = [start, start * (widths[0] / widths[-1]) ** 0.5]
    ax.plot([widths[0], widths[-1]], guide, color=style.MUTED, linewidth=0.9, linestyle="--", label="slope −1/2")
    ax.set_xscale("log")
    ax.set_xticks(widths, [f"{w:,}" for w in widths])
    ax.minorticks_off()
    style.log_y(ax)
    ax.set_xlabel("width")
    ax.set_ylabel("distance from the kernel, relative")
    style.legend(ax, loc="lower left")
    ax.set_ylim(bottom=ax.get_ylim()[0] / 2.5)
    return Drawing(
        figure,
        "If lines run parallel to the dashed one, finite kernels approach the limit as one over the root of the width. "
        "How far a line with a larger B lies above the others is what fewer active units cost at the same width. "
        "Frobenius distances of kernels at the start, 100 points in 20 dimensions; bars are one standard error over "
        "networks.",
        "Distance against width on logarithmic axes: " + "; ".join(told) + ".",
    )


def _eigenvalues(numbers: Numbers, rows: str) -> Drawing:
    figure, ax = axes(3.2, (0.15, 0.16, 0.81, 0.79))
    told = []
    chosen = [i for i, bias in enumerate(numbers["biases"]) if bias in (0.0, 1.0, 2.0, 3.0)]
    for place, i in enumerate(chosen):
        bias, values = numbers["biases"][i], np.asarray(numbers["values"][i]) / active_fraction(numbers["biases"][i])
        ax.plot(numbers["ranks"], values, label=f"B = {bias:g}", **style.dashed(place))
        told.append(f"B = {bias:g} from {values[0]:.3g} to {values[-1]:.2g}")
    ax.set_xscale("log")
    style.log_y(ax)
    ax.set_xlabel("number of the eigenvalue")
    ax.set_ylabel("eigenvalue over Phi(−B)")
    style.legend(ax)
    return Drawing(
        figure,
        "The flatter a line, the better the kernel is conditioned: a multiple of the identity would be level, and all "
        f"directions would be learnt equally fast. Compare the lines by their bias B. Eigenvalues on {rows} in falling "
        "order, over Phi(−B), the share of active units.",
        "Eigenvalues against their number on logarithmic axes: " + "; ".join(told) + ".",
    )


_LINES = (
    ("upper", "upper bound: closest pair", 5, ":"),
    ("hermite", "Hermite bound (rigorous)", 2, "-"),
    ("frozen", "eigenvalue, thresholds frozen", 0, "-"),
    ("region", "p₀ − min p: only in the region", 1, "--"),
)


def _bounds(numbers: Numbers, rows: str) -> Drawing:
    figure, ax = axes(3.8, (0.13, 0.3, 0.83, 0.66))
    told, smallest = [], np.array(_means(numbers["smallest"]))
    for name, label, i, dashes in _LINES:
        ratios = np.array(_means(numbers[name])) / smallest
        ax.plot(numbers["biases"], ratios, label=label, **style.look(i, linestyle=dashes))
        told.append(f"{label} from {ratios[0]:.2g} to {ratios[-1]:.2g}")
    ax.axhline(1.0, color=style.INK, linewidth=1.0)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("bias B")
    ax.set_ylabel("over the smallest eigenvalue")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, columnspacing=1.2)
    inside = "never" if numbers["inside"] == 0 else f"in {numbers['inside']:.0%} of cases"
    worst = np.array(_means(numbers["worst"])) / smallest
    return Drawing(
        figure,
        "A lower bound has to stay below the line at 1, and is the better the closer it comes; an upper bound has to "
        f"stay above. p₀ − min p bounds the form in a region only, and the eigenvector is {inside} in it. Bounds on "
        f"the smallest eigenvalue over that eigenvalue, {rows}, means over draws; the worst-case bound from the "
        f"separation of the rows would lie at {worst.max():.0e}.",
        "Ratios against the bias: " + "; ".join(told) + ".",
    )


def _terms(numbers: Numbers, n: str) -> Drawing:
    figure, ax = axes(3.4, (0.14, 0.27, 0.82, 0.69))
    told = []
    for i, labels in enumerate(("teacher", "random")):
        for kind, dashes in (("with", "-"), ("without", "--")):
            means = _means(numbers[f"{kind} {labels}"])
            words = f"{labels} labels, {kind}"
            ax.plot(numbers["biases"], means, label=words, **style.look(i, linestyle=dashes))
            told.append(f"{words}: {means[0]:.2f} to {means[-1]:.1f}")
    ax.axhline(1.0, color=style.MUTED, linewidth=0.9)
    style.log_y(ax)
    ax.set_xlabel("bias B")
    ax.set_ylabel("generalisation term")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=2)
    return Drawing(
        figure,
        "Where dashed lines rise with the bias and solid ones do not, it is the sparsity factor that keeps the bound. "
        "Above the line at 1 the bound says nothing of the test error, with the factor or without. Generalisation term "
        f"of the kernel ball, {n} points on the sphere, means over draws.",
        "Terms against the bias on a logarithmic axis: " + "; ".join(told) + ".",
    )


def _losses(numbers: Numbers, width: str) -> Drawing:
    figure, ax = axes(3.2, (0.15, 0.16, 0.81, 0.79))
    told = []
    for i, bias in enumerate(numbers["biases"]):
        steps, losses = numbers["shown"][i], np.asarray(numbers["losses"][i])
        look = style.sparse(i, len(steps))
        ax.plot(steps, losses / losses[0], label=f"B = {bias:g}", **look)
        lazy = np.asarray(numbers["lazy_losses"][i])
        ax.plot(steps, lazy / lazy[0], color=style.SERIES[i], linewidth=1.1, linestyle="--")
        told.append(f"B = {bias:g}: {losses[-1] / losses[0]:.1e} of the first loss after {steps[-1]} steps")
    ax.set_yscale("log")
    ax.set_ylim(1e-8, 2)
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss over the first")
    style.legend(ax)
    return Drawing(
        figure,
        "The steeper a line, the fewer steps a fit takes; compare B = 0 with larger ones. Where a solid line leaves "
        "the dashed one of its colour, gradient descent with the kernel at the start, the network is no longer lazy. "
        f"Networks of width {int(width):,} on random labels, step 1 / lambda_max, one seed; cut off at 1e-8.",
        "Losses against the step on a logarithmic axis. " + "; ".join(told) + ".",
    )


def _activation(training: Numbers) -> Drawing:
    figure, ax = axes(3.9, (0.15, 0.33, 0.81, 0.64))
    widths, told = sorted(training, key=int), []
    dashes = ("-", "--", ":")
    shown = [widths[0], widths[-1]] if len(widths) > 1 else widths
    for i, bias in enumerate(training[widths[0]]["biases"]):
        ax.axhline(active_fraction(bias), color=style.FAINT, linewidth=1.0)
        for dash, width in zip(dashes, shown, strict=False):
            run = training[width]
            look = style.sparse(i, len(run["shown"][i]), linestyle=dash)
            ax.plot(
                np.asarray(run["shown"][i]) + 1, run["active"][i], label=f"B = {bias:g}, width {int(width):,}", **look
            )
            told.append(f"B = {bias:g}, width {width}: {run['active'][i][0]:.4f} to {run['active'][i][-1]:.4f}")
    ax.set_xscale("log")
    ax.set_ylim(0.005, 0.7)
    style.log_y(ax)
    ax.set_xlabel("step + 1")
    ax.set_ylabel("share of active units")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.18), ncols=2)
    return Drawing(
        figure,
        "If a line stays on the faint one of its bias, Phi(−B), as many units are active throughout training as at the "
        "start, and a step stays cheap. Where it leaves it, the width is too small for the lazy picture. Share of "
        "active pairs of unit and input on random labels, one network each; cut off at 0.005.",
        "Active share against step. " + "; ".join(told) + ".",
    )


def _mnist(numbers: Numbers) -> Drawing:
    figure, ax = axes(3.7, (0.15, 0.28, 0.81, 0.69))
    told = []
    for i, bias in enumerate(numbers["biases"]):
        ax.axhline(active_fraction(bias), color=style.FAINT, linewidth=1.0)
        look = style.sparse(i, len(numbers["shown"][i]))
        ax.plot(np.asarray(numbers["shown"][i]) + 1, numbers["active"][i], label=f"B = {bias:g}", **look)
        told.append(
            f"B = {bias:g}: predicted {active_fraction(bias):.4f}, start {numbers['active_start'][i]['mean']:.4f}, end "
            f"{numbers['active_end'][i]['mean']:.4f}"
        )
    ax.set_xscale("log")
    ax.set_ylim(0.015, 0.7)
    style.log_y(ax)
    ax.set_xlabel("step + 1")
    ax.set_ylabel("share of active units")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.18), ncols=3)
    return Drawing(
        figure,
        "If a line stays on the faint one of its bias, Phi(−B), the prediction holds on real data as well, whose rows "
        "lie close together; how far it leaves it says from which B on it does not. MNIST with rows of length 1, odd "
        "digits against even ones, one network for each B; cut off at 0.015.",
        "Active share against step. " + "; ".join(told) + ".",
    )
