"""The figures: distances under their bounds, the gap along training, what smoothing saves, distances by n, digits."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from limes.papers.paper import Drawing
from limes.papers.plots import axes, line
from limes.report import style

Numbers = Mapping[str, Any]


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    return {
        "distance": _distance(numbers["inside"], numbers["table"]),
        "gap": _gap(numbers["table"]),
        "moreau": _savings(numbers["savings"]),
        "rows": _rows(numbers["rows"]),
        "digits": _digits(numbers["digits"]),
    }


def _distance(inside: Sequence[Numbers], table: Numbers) -> Drawing:
    figure, ax = axes(4.3, (0.15, 0.37, 0.8, 0.6))
    marks = inside[0]["marks"][1:]
    for i, run in enumerate(inside):
        line(ax, i, marks, run["distance"][1:], f"m = {run['width']:,}")
        ax.plot(marks, run["published"][1:], color=style.SERIES[i], linewidth=1.2, linestyle=(0, (5, 2)))
    outside, i = table["marks"][1:], len(inside)
    line(ax, i, outside, table["distance"][1:], "m = 400, rate 2, outside")
    ax.plot(outside, table["published"][1:], color=style.SERIES[i], linewidth=1.2, linestyle=(0, (1, 2)))
    ax.plot([], [], color=style.MUTED, linewidth=1.2, linestyle=(0, (5, 2)), label="the bound")
    ax.plot([], [], color=style.MUTED, linewidth=1.2, linestyle=(0, (1, 2)), label="its form, no bound there")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("steps t")
    ax.set_ylabel("distance of twins |W − W′|")
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.45, -0.25), ncols=2)
    told = "; ".join(
        f"m = {run['width']}: {run['distance'][-1]['mean']:.2g} under {run['published'][-1]:.2g}" for run in inside
    )
    return Drawing(
        figure,
        "A solid line above the dashed one of its colour would refute the stability bound; the distance between them "
        "is how loose it is. One of 60 examples is exchanged; each width has the rate at which its last step just "
        "meets the width condition. At rate 2 with 400 hidden units that ends at step 27, and the dotted form bounds "
        "nothing from there on.",
        f"Distances and bounds against steps on logarithmic axes; after the last step {told}; outside of the condition "
        f"{table['distance'][-1]['mean']:.2g} under {table['published'][-1]:.2g}.",
    )


def _gap(table: Numbers) -> Drawing:
    figure = style.new_figure(style.WIDTH, 4.6)
    upper, lower = style.add_axes(figure, (0.15, 0.56, 0.8, 0.38)), style.add_axes(figure, (0.15, 0.1, 0.8, 0.38))
    marks, stop = table["marks"][1:], median(table["stops"])
    line(upper, 0, marks, table["test"][1:], "test")
    line(upper, 1, marks, table["train"][1:], "training")
    upper.set_ylabel("robust loss")
    line(lower, 2, marks, table["gap"][1:], "gap, test less training")
    line(lower, 3, marks, table["exchanged"][1:], "gap, by exchanged examples")
    upper.tick_params(labelbottom=False)
    lower.set_ylabel("robust gap")
    lower.set_xlabel("steps T")
    for ax in (upper, lower):
        ax.set_xscale("log")
        ax.axvline(stop, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        style.legend(ax, loc="best")
    where = {"xy": (stop, 1.0), "xycoords": upper.get_xaxis_transform(), "textcoords": "offset points"}
    upper.annotate(f"stop, T = {stop:g}", xytext=(0, 4), ha="center", size=style.SMALL, color=style.INK, **where)
    gap, other = table["gap"][-1]["mean"], table["exchanged"][-1]["mean"]
    return Drawing(
        figure,
        "If the gap grows with the steps, longer training costs generalisation under attack; stopping pays where the "
        "test loss at the vertical line is below that at the end. Two estimates of one expected gap: the difference of "
        "the losses depends early on mostly on which rows were drawn. Rate 2, 400 hidden units; the stop is chosen by "
        "validation rows (median over seeds), bars are one standard error over seeds.",
        f"Robust losses and gaps against steps. At the end the gap is {gap:.2g} by test rows and {other:.2g} by "
        f"exchanged examples; the stop is at {stop:g}.",
    )


def _savings(savings: Numbers) -> Drawing:
    figure = style.new_figure(style.WIDTH, 3.9)
    boxes = {"distance": (0.14, 0.3, 0.33, 0.62), "gap": (0.64, 0.3, 0.33, 0.62)}
    ylabels = {"distance": "distance saved, per cent", "gap": "gap saved, 1e-3 of loss"}
    names = {"table": "recorded setting", "slow": "within the condition"}
    told = []
    for name, box in boxes.items():
        ax, place, ticks = style.add_axes(figure, box), 0, []
        for i, (quantity, by_mu) in enumerate(savings.items()):
            for equal in (False, True):
                key, scale = f"equal {name}" if equal else name, 1.0 if name == "distance" else 1e3
                x = [place + 0.18 * (2 * i + equal) - 0.27 + k for k in range(len(by_mu))]
                y = [scale * entry[key]["mean"] for entry in by_mu.values()]
                errors = [scale * (entry[key]["standard_error"] or 0.0) for entry in by_mu.values()]
                face = style.SERIES[i] if equal else "none"
                look = style.look(i, markersize=5, markerfacecolor=face, linestyle="none", elinewidth=1.0)
                label = f"{names[quantity]}, {'equal loss' if equal else 'equal steps'}"
                ax.errorbar(x, y, yerr=errors, label=label, **look)
                told += [f"{label}, {name}, mu = {mu}: {v:.2g}" for mu, v in zip(by_mu, y, strict=True)]
            ticks = [f"μ = {mu}" for mu in by_mu]
        ax.axhline(0.0, color=style.MUTED, linewidth=0.9)
        ax.set_xticks(range(len(ticks)), ticks)
        ax.set_xlim(-0.5, len(ticks) - 0.5)
        ax.set_ylabel(ylabels[name])
        if name == "distance":
            where: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.42, -0.12), "ncols": 2}
            style.legend(ax, **where, columnspacing=1.0, handlelength=1.0, handletextpad=0.5)
    return Drawing(
        figure,
        "Above 0 descent on the Moreau envelope is the more stable one. Hollow marks compare after equal steps, where "
        "it has also learnt less; only a filled mark above 0, at equal training loss, is a benefit of smoothing. "
        "Paired by seed, bars of one standard error.",
        f"Points with error bars round zero. {'; '.join(told)}.",
    )


def _rows(rows: Numbers) -> Drawing:
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, ax = axes(3.4, (0.15, 0.15, 0.8, 0.8))
    names = {"table": "rate 2", "inside": "within the width condition"}
    for i, (key, name) in enumerate(names.items()):
        line(ax, i, rows["n"], rows[key], name)
        first = rows[key][0]["mean"]
        guide = [first * rows["n"][0] / n for n in rows["n"]]
        ax.plot(rows["n"], guide, color=style.MUTED, linewidth=1.0, linestyle=(0, (1, 2)), label=None if i else "1 / n")
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_xticks(rows["n"], [str(n) for n in rows["n"]])
    ax.set_xlabel("training examples n")
    ax.set_ylabel("distance of twins |W − W′|")
    style.legend(ax)
    told = "; ".join(
        f"{name} from {rows[key][0]['mean']:.2g} to {rows[key][-1]['mean']:.2g}" for key, name in names.items()
    )
    return Drawing(
        figure,
        "If lines run along the dotted ones, which fall as 1 / n, twice the examples make training twice as stable. "
        "Distance of twins, runs on data that differ in one example; bars are one standard error over seeds.",
        f"Distance against n on logarithmic axes: {told}.",
    )


def _digits(digits: Numbers) -> Drawing:
    figure = style.new_figure(style.WIDTH, 3.4)
    left, right = style.add_axes(figure, (0.13, 0.15, 0.34, 0.78)), style.add_axes(figure, (0.63, 0.15, 0.34, 0.78))
    for i, (norm, run) in enumerate(digits.items()):
        marks = run["marks"][1:]
        line(left, i, marks, run["distance"][1:], {"l2": "l2", "linf": "l-inf"}[norm])
        line(right, i, marks, run["gap"][1:], norm)
    for ax, label in ((left, "distance of twins |W − W′|"), (right, "robust gap")):
        ax.set_xscale("log")
        ax.set_xlabel("steps T")
        ax.set_ylabel(label)
    style.legend(left)
    told = "; ".join(
        f"{norm} distance {run['distance'][-1]['mean']:.2g}, gap {run['gap'][-1]['mean']:.2g}"
        for norm, run in digits.items()
    )
    return Drawing(
        figure,
        "If both panels rise together, what the distance of twins says of the generalisation gap holds on real data "
        "and in both norms. Distance of twins and robust gap along training, digits 3 against 8 at rate 2; bars are "
        "one standard error over seeds.",
        f"Distance and gap against steps; after the last {told}.",
    )
