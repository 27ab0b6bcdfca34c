"""The numbers behind the figures, and the figures: features, sums of them, times, finite networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from limes.papers.ntk_features.evolution_figures import evolution_curves, evolution_figures
from limes.papers.ntk_features.finite_figures import finite_curves, finite_figures, transfer_figure
from limes.papers.paper import Drawing, Found
from limes.papers.reading import means
from limes.report import cumulative_curves, feature_scatter, spectrum_figure

_NETS = {"fc": "fully connected", "conv": "convolutional", "myrtle": "Myrtle-5"}
_TITLES = {"digits": "digits 3 and 8, ε = 0.1", "cifar10": "CIFAR-10 airplanes and automobiles, ε = 8/255"}
Numbers = Mapping[str, Any]


def curves(found: Found, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of each data set and net: the first seed's features, means over seeds of the rest."""
    numbers: dict[str, Any] = {"features": {}, "transfer": {}}
    for quantity, runs in found.items():
        data, _, kind = quantity.partition("-")
        if data not in _TITLES:
            continue
        first = next(iter(runs.values()))
        if kind == "transfer":
            names = ("clean", "transfer", "random", "white_box")
            numbers["transfer"][data] = {"widths": first["widths"], **{n: means(runs, n) for n in names}}
            continue
        entry = {name: np.asarray(first[name]).tolist() for name in ("ranks", "feature_balanced")}
        entry |= {"robust": first["feature_robust_balanced"].tolist(), "order": first["order"]}
        entry |= {"times": first["times"], "spectrum": np.asarray(first["eigenvalues"]).tolist()}
        entry |= {name: means(runs, name) for name in ("clean", "fgsm")}
        entry["top"] = {
            "counts": np.asarray(first["top"]["counts"]).tolist(),
            **{n: np.mean([r["top"][n] for r in runs.values()], axis=0).tolist() for n in ("clean", "robust")},
        }
        numbers["features"].setdefault(data, {})[kind] = entry
    return numbers | finite_curves(found) | evolution_curves(found)


def figures(numbers: Numbers) -> dict[str, Drawing]:
    """The drawings, from the numbers as they were stored."""
    made = {}
    for data, nets in numbers["features"].items():
        for net, entry in nets.items():
            made[f"features-{data}-{net}"] = _scatter(data, net, entry)
        made[f"together-{data}"] = _together(data, nets)
        made[f"spectrum-{data}"] = _spectrum(data, nets)
    for data, entry in numbers["transfer"].items():
        made[f"transfer-{data}"] = transfer_figure(_TITLES[data], entry)
    return made | finite_figures(numbers) | evolution_figures(numbers)


def _scatter(data: str, net: str, entry: Numbers) -> Drawing:
    figure = feature_scatter(entry["ranks"], entry["feature_balanced"], entry["robust"], 0.5)
    best = int(np.argmax(entry["robust"]))
    return Drawing(
        figure,
        "Points far right and low are useful but not robust; on the diagonal the attack does nothing. If colours go "
        "from small numbers at the top to large ones below, features are robust in the order of their eigenvalues. "
        f"{len(entry['ranks'])} features, one point each; {_NETS[net]} net, {_TITLES[data]}, first seed. Dotted: "
        "chance.",
        f"Scatter. The most robust feature is that of eigenvalue {entry['ranks'][best] + 1}, balanced accuracy "
        f"{entry['feature_balanced'][best]:.2f}, under attack {entry['robust'][best]:.2f}. Rank correlation of "
        f"robustness with the number of the eigenvalue: {entry['order']:.2f}.",
    )


def _together(data: str, nets: Numbers) -> Drawing:
    lines = {_NETS[net]: (e["top"]["counts"], e["top"]["clean"], e["top"]["robust"]) for net, e in nets.items()}
    told = "; ".join(
        f"{name}: all {counts[-1]} features {clean[-1]:.2f} clean, {robust[-1]:.2f} attacked, best attacked "
        f"{max(robust):.2f} with {counts[int(np.argmax(robust))]}"
        for name, (counts, clean, robust) in lines.items()
    )
    return Drawing(
        cumulative_curves(lines),
        "Where curves under attack fall while clean ones rise, further features buy clean accuracy with robustness; "
        "the peak under attack is how many features a robust predictor would take. The first k features together, "
        f"clean and under FGSM; {_TITLES[data]}, mean over seeds.",
        f"Accuracy against the number of features. {told}.",
    )


def _spectrum(data: str, nets: Numbers) -> Drawing:
    spectra = {_NETS[net]: entry["spectrum"] for net, entry in nets.items()}
    told = "; ".join(f"{name}: first {values[0] / sum(values):.2f}" for name, values in spectra.items())
    return Drawing(
        spectrum_figure(spectra),
        "The steeper a curve falls, the fewer features carry the predictor. Eigenvalues of the training kernel, as "
        f"shares of its trace; {_TITLES[data]}, first seed.",
        f"Shares of the trace against the number of the eigenvalue. {told}.",
    )
