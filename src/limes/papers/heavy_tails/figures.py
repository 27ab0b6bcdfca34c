"""The figures: shares by index, indices by learning rate, trained networks by setting, and networks with noise."""

from collections.abc import Mapping
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line, ticks
from limes.papers.sources import data_name
from limes.report import style

Numbers = Mapping[str, Any]
GAUSSIAN = 0.265
_BOX = (0.14, 0.16, 0.82, 0.79)
_LOW = (0.14, 0.14, 0.82, 0.72)
_LABELS = {"independent": "independent entries", "columns": "a scale by column", "layer": "one scale"}


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    networks = {data: some for data, some in numbers["networks"].items() if some}
    drawn = {
        "synthetic": _synthetic(numbers["synthetic"]),
        "regression": _regression(numbers["theory"], numbers["chains"]),
        "noise": _noise(numbers["noise"]),
    }
    if networks:
        drawn |= {"index": _networks(networks, "index"), "prunable": _networks(networks, "prunable")}
        drawn |= {f"pruned-{data}": _pruned(data, some) for data, some in networks.items() if _small(some)}
    return drawn


def _synthetic(case: Numbers) -> Drawing:
    figure, ax = axes(3.8, _LOW)
    told = []
    for i, (name, label) in enumerate(_LABELS.items()):
        look = style.look(i, markersize=3, linestyle="none")
        ax.plot(case["alphas"], case[name], alpha=0.7, label=label, **look)
        told.append(f"{label}: {min(case[name]):.3f} to {max(case[name]):.3f}")
    ax.axhline(GAUSSIAN, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.set_xlabel("index α of the entries")
    ax.set_ylabel("prunable share at 10 % error")
    style.legend_above(ax)
    return Drawing(
        figure,
        "Where marks rise towards small α, heavier tails leave more to prune; marks on the dotted line, the share of a "
        "Gaussian matrix, leave no more than light tails do. Entries have the same laws in all three cases: what "
        "differs is how many share a scale.",
        f"Share against index. {'; '.join(told)}.",
    )


def _regression(theory: Numbers, chains: list[Numbers]) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, (b, curve) in enumerate(zip(theory["batches"], theory["curves"], strict=True)):
        kept = [k for k, value in enumerate(curve) if value > 0]
        rates = [theory["rates"][k] for k in kept]
        ax.plot(rates, [curve[k] for k in kept], label=f"b = {b}", **style.dashed(i))
        some = [c for c in chains if c["batch_size"] == b]
        line(ax, i, [c["learning_rate"] for c in some], [c["hill"] for c in some], None, linestyle="none")
        told += [f"b = {b}, rate {c['learning_rate']:g}: {c['hill']['mean']:.3g}" for c in some]
    ax.axhline(2.0, color=style.MUTED, linestyle=":", linewidth=1.2)
    style.log_y(ax)
    ax.set_xlabel("learning rate η")
    ax.set_ylabel("tail index α")
    style.legend(ax, loc="upper right")
    return Drawing(
        figure,
        "If lines fall, tails get heavier with the learning rate; below 2 (dotted) the variance is infinite, and where "
        "a line ends there is no stationary law and chains grow without end. Marks should lie on their line where "
        "tails are heavy: Hill's index of "
        "a light tail is too small at any sample size in use. Descent on linear regression in ten dimensions, theory "
        "(lines, cut at 30) and iterates (marks, bars of one standard error).",
        f"Index against learning rate, logarithmic; Hill's index at {'; '.join(told)}.",
    )


_AXES = {
    "index": (
        "heaviness index",
        "If lines fall to the right, large steps on small batches make the tails of weights heavier: a smaller index "
        "is a heavier tail.",
    ),
    "prunable": (
        "prunable share at 10 % error",
        "If lines rise to the right, large steps on small batches leave weights of which more may be pruned.",
    ),
}


def _networks(networks: Mapping[str, list[Numbers]], name: str) -> Drawing:
    figure, ax = axes(3.8, _LOW)
    told, cases = [], [(data, b) for data in networks for b in sorted({r["batch_size"] for r in networks[data]})]
    for i, (data, b) in enumerate(cases):
        some = [r for r in networks[data] if r["batch_size"] == b]
        label = f"{data_name(data)}, b = {b}"
        line(ax, i, [r["learning_rate"] / b for r in some], [r[name] for r in some], label)
        told.append(f"{label}: " + ", ".join(f"{r[name]['mean']:.3f}" for r in some))
    ax.set_xscale("log")
    ticks(ax, sorted({round(r["learning_rate"] / r["batch_size"], 6) for some in networks.values() for r in some}))
    ax.set_xlabel("learning rate over batch size, η/b")
    ax.set_ylabel(_AXES[name][0])
    style.legend_above(ax, 3)
    return Drawing(
        figure,
        f"{_AXES[name][1]} Lines of one data set that coincide would mean that only the ratio of rate and batch size "
        "matters. Means over layers of networks that fit all training rows, weights averaged over the last 1,000 "
        "steps; bars are one standard error over seeds.",
        f"{_AXES[name][0]} against learning rate over batch size. {'; '.join(told)}.",
    )


def _pruned(data: str, some: list[Numbers]) -> Drawing:
    figure, ax = axes(4.2, (0.14, 0.13, 0.82, 0.66))
    name, told = data_name(data), []
    rates = _small(some)
    for i, r in enumerate(rates):
        label = f"magnitude, η = {r['learning_rate']:g}"
        line(ax, i, r["ratios"], r["pruned"]["magnitude"], label)
        told.append(f"{label}: {r['pruned']['magnitude'][-1]['mean']:.3f}")
    for kind, dashes in (("node", "--"), ("singular", ":")):
        r = rates[-1]
        label = f"{kind}, η = {r['learning_rate']:g}"
        line(ax, len(rates) - 1, r["ratios"], r["pruned"][kind], label, linestyle=dashes, marker="")
        told.append(f"{label}: {r['pruned'][kind][-1]['mean']:.3f}")
    ax.set_xlabel("share pruned of every layer")
    ax.set_ylabel("test accuracy")
    style.legend_above(ax)
    return Drawing(
        figure,
        "The further right a line stays level, the more may be pruned. If lines of a larger rate η fall later, large "
        f"steps made the network compressible. Accuracy on {name} after pruning of single weights (magnitude), whole "
        "units (node) or singular values, without training again; b = 5, bars are one standard error over seeds.",
        f"Accuracy against share pruned; at {rates[-1]['ratios'][-1]:.0%} {'; '.join(told)}.",
    )


def _small(some: list[Numbers]) -> list[Numbers]:
    return [r for r in some if r["batch_size"] == 5]


def _noise(case: Numbers) -> Drawing:
    figure, ax = axes(box=_BOX)
    told = []
    for i, (alpha, row) in enumerate(zip(case["alphas"], case["prunable"], strict=True)):
        label = f"α = {alpha:g}" + (" (Gaussian)" if alpha == 2 else "")
        line(ax, i, case["widths"], row, label)
        told.append(f"{label}: " + ", ".join(f"{e['mean']:.3f}" for e in row))
    ax.axhline(GAUSSIAN, color=style.MUTED, linestyle=":", linewidth=1.2)
    ax.set_xscale("log")
    ticks(ax, case["widths"])
    ax.set_xlabel("hidden units")
    ax.set_ylabel("prunable share at 10 % error")
    style.legend(ax, loc="center right")
    return Drawing(
        figure,
        "If lines of a smaller α lie higher, noise with heavier tails makes the layer compressible; if they rise with "
        "the width, wide ones more so. One hidden layer trained on digits with stable noise after each step; dotted: "
        "the share of a Gaussian matrix; bars are one standard error over seeds.",
        f"Share against width. {'; '.join(told)}.",
    )
