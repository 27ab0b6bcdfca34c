"""A report of every kind, from small results that nobody measured: what tests of the pages' design look at."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from limes import report
from limes.papers.claim import Claim, Expected
from limes.papers.page import paper_page
from limes.papers.plots import axes, line
from limes.report import Page, style, to_svg
from limes.report.attack_page import attack_figures, attack_page
from limes.report.certify_page import certify_figures, certify_page

DATA = {"name": "digits", "source": "scikit-learn, load_digits", "kind": "images", "shape": [8, 8, 1], "n_rows": 1797}
DATA |= {"n_test": 360, "dtype": "float64", "classes": {str(i): 178 + i % 5 for i in range(10)}, "minimum": 0.0}
DATA |= {"maximum": 1.0, "bounds": [0.0, 1.0], "scale": "standard", "notes": ["pixels were divided by 16"]}
THREAT = {"norm": "linf", "eps": 0.05, "bounds": [0.0, 1.0], "attack": "PGD of 20 steps", "seeds": [0, 1, 2], "seed": 0}
ROWS = {"n_train": 1000, "n_test": 300, "n_probe": 100}
NET = "dense(w_std 1.414) > relu > dense(w_std 1.414) > relu > dense(w_std 1.414)"
RUN = {"seconds": 83.2, "command": "limes VERB digits --eps 0.05 --n-train 1000 --n-test 300 --out runs/a-long-folder"}


def est(mean: float, error: float = 0.006) -> dict:
    return {"mean": mean, "standard_error": error, "per_seed": [mean - error, mean, mean + error]}


_drawn: list[Figure] = []


def svg(figure: Figure) -> str:
    _drawn.append(figure)
    return to_svg(figure)


def svgs(figures: dict[str, Figure]) -> dict[str, str]:
    return {name: svg(figure) for name, figure in figures.items()}


def images(n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    clean = np.round(rng.random((n, 8, 8, 1)), 2)
    return clean, np.clip(clean + 0.05 * np.sign(rng.normal(size=clean.shape)), 0, 1)


def certificates() -> dict:
    eps = np.linspace(0, 0.1, 9)
    attacked = np.linspace(0.02, 0.1, 12)
    return {
        "eps": 0.05,
        "norm": "linf",
        "certified_radius": est(0.012) | {"median": 0.011},
        "attacked_radius": est(0.061) | {"median": 0.058},
        "violations": 0,
        "n_points": 12,
        "defence": "early-stopped flow",
        "curve": {
            "eps": eps.tolist(),
            "attacked": np.clip(1.1 - 11 * eps, 0, 0.98).tolist(),
            "certified": np.clip(0.98 - 40 * eps, 0, 1).tolist(),
        },
        "points": {"certified": (attacked / 5).tolist(), "attacked": attacked.tolist()},
    }


def robustify() -> Page:
    times = [0.1, 1, 10, 100, 1000, "inf"]
    clean, robust = (0.42, 0.81, 0.937, 0.969, 0.981, 0.983), (0.13, 0.44, 0.56, 0.53, 0.451, 0.437)
    names = ("clean", "robust", "validation_clean", "validation_robust")
    defences = ("plain flow", "early-stopped flow", "lazy adversarial training", "Adv-NTK", "finite network, PGD")
    radii = [0, 0.025, 0.05, 0.1]
    audit = [("eps 0 equals clean accuracy", True), ("gradient-free never beats gradient-based", False)]
    metrics = {
        "data": DATA,
        "settings": THREAT | ROWS | {"net": NET, "kind": "ntk", "times": times, "n_validation": 240, "solver": "eigh"},
        "curve": [
            {"time": t} | {n: est(v, 0.02) for n, v in zip(names, (c, r, c - 0.01, r + 0.02), strict=True)}
            for t, c, r in zip(times, clean, robust, strict=True)
        ],
        "chosen": {"time": 10, "per_seed": [10, 10, 100]},
        "radius": {
            "eps": radii,
            "defences": [
                {"name": name, "robust": [est(max(0.98 - (11 - i) * e, 0), 0.02) for e in radii]}
                for i, name in enumerate(defences)
            ],
        },
        "table": [
            {"defence": name, "time": None if i > 1 else 10, "clean": est(0.95), "robust": est(0.5 + i / 50)}
            for i, name in enumerate(defences)
        ],
        "left_out": [{"defence": "Adv-NTK", "seconds": 2000, "needed_budget": 2400}],
        "certificates": certificates(),
        "audit": [
            {"defence": "Adv-NTK", "name": name, "passed": ok, "detail": "4 points", "remedy": "raise --restarts"}
            for name, ok in audit
        ],
        "timings": [{"stage": "gram", "seconds": 0.42}, {"stage": "attacks", "seconds": 71.3}],
        "memory": {"peak_bytes": 734_000_000},
        "model": {"defence": "early-stopped flow", "key": "flow"},
        "files": {"model": "model.npz", "metrics": "metrics.json"},
        "command": RUN["command"],
    }
    x, x_adv = images()
    figures = report.metric_figures(metrics)
    figures["data"] = report.class_balance(DATA["classes"], dict.fromkeys(DATA["classes"], x), (0, 1))
    figures["gallery"] = report.gallery(x, x_adv, list("012345"), list("012345"), list("082395"), (0, 1))
    return report.robustify_page(metrics, svgs(figures))


def certify() -> Page:
    x, x_adv = images(12)
    labels = np.array(list("012345678901"))
    metrics = certificates() | {
        "model": "runs/demo/model.npz",
        "data": "digits",
        "net": NET,
        "bounds": [0.0, 1.0],
        "clean_accuracy": 0.98,
        "methods": {"joint": 9, "norm": 3},
        "seconds_per_point": 0.4,
        "notes": [],
    }
    figures = certify_figures(metrics, x, x_adv, labels, labels, np.roll(labels, 1))
    return certify_page(metrics, svgs(figures))


def attack(**changed: Any) -> Page:
    x, x_adv = images(12)
    labels = np.array(list("012345678901"))
    checks = ("radius 0 is clean accuracy", "more steps do not help the defender")
    metrics = {
        "model": "runs/demo/model.npz",
        "data": "digits",
        "norm": "linf",
        "bounds": [0.0, 1.0],
        "n_points": 12,
        "clean_accuracy": 11 / 12,
        "eps": [0.1, 0.05],
        "robust_accuracy": [0.25, 0.5],
        "standard_error": [0.125, 0.144],
        "first_broken_by": {"apgd-margin": [2, 4], "square": [1, 1]},
        "audit": [
            {"name": name, "passed": k == 0, "detail": "", "remedy": "take more"} for k, name in enumerate(checks)
        ],
        "seed": 0,
        "steps": 20,
        "restarts": 1,
        "queries": 200,
        "notes": ["12 of 12 rows are among those that the model was fitted to"],
    } | changed
    smallest = np.array([0.0, *[0.05] * 5, *[0.1] * 3, *[np.inf] * 3])
    figures = attack_figures(metrics, x, x_adv, labels, labels, np.roll(labels, 1), smallest)
    return attack_page(metrics, svgs(figures))


def features() -> Page:
    rng = np.random.default_rng(0)
    ranks = np.r_[0:8, 10, 20, 50, 100, 200, 500, 900]
    clean = 0.1 + 0.5 / np.sqrt(1 + ranks)
    robust = np.clip(clean * (0.9 - 0.12 * np.log1p(ranks)), 0, 1)
    spectrum = 1.0 / np.arange(1, 1001) ** 1.4
    columns = ("ranks", "eigenvalue", "clean", "clean_balanced", "clean_error", "robust", "robust_balanced")
    values = (ranks.tolist(), spectrum[ranks], clean, clean, np.full(len(ranks), 0.02), robust, robust)
    one = {
        "net": NET,
        "order": -0.83,
        "useful": 12,
        "useful_not_robust": [5, 6, 7],
        "machine": {"clean": 0.97, "robust": 0.21},
        "below_rounding": 0,
        "seconds": 12.0,
        "features": [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)],
        "top": {
            "counts": [1, 10, 100, 1000],
            "clean": [0.2, 0.7, 0.93, 0.97],
            "robust": [0.15, 0.5, 0.4, 0.21],
        },
    }
    nets = [one | {"name": "mlp-3"}, one | {"name": "cnn-3", "machine": {"clean": 0.98, "robust": 0.35}}]
    metrics = RUN | {
        "data": DATA,
        "settings": THREAT | ROWS | {"kind": "ntk", "centred": False, "time": "inf", "n_classes": 10},
        "nets": nets,
        "agreement": {"names": ["mlp-3", "cnn-3"], "robust": [[1.0, 0.7], [0.7, 1.0]]},
    }
    x, gradients = images(5)[0], rng.normal(size=(3, 5, 8, 8, 1))
    top, names = one["top"], [net["name"] for net in nets]
    figures = {f"features-{i}": report.feature_scatter(ranks, clean, robust * (1 - i / 5), 0.1) for i in range(2)}
    figures["gradients-0"] = report.feature_pictures(x, list("01234"), gradients, [0, 1, 50])
    figures["together"] = report.cumulative_curves(dict.fromkeys(names, (top["counts"], top["clean"], top["robust"])))
    figures["spectrum"] = report.spectrum_figure({"mlp-3": spectrum, "cnn-3": spectrum**1.2})
    return report.features_page(metrics, svgs(figures))


def spectrum() -> Page:
    def kernel(bias: float) -> dict:
        smallest = 0.05 * np.exp(-(bias**2))
        bounds = [
            ("Hermite series", 0.7 * smallest, "lower", "rigorous", True),
            ("closest pair", 1.4 * smallest, "upper", "rigorous", True),
            ("separation", 1e-6, "lower", "worst case", True),
            ("p0 - min p", 2 * smallest, "lower", "in a region", bias > 0),
        ]
        names = ("name", "value", "side", "status", "applies")
        return {
            "name": f"B = {bias:g}",
            "largest": 16.3,
            "smallest": smallest,
            "noise": 1e-15,
            "condition": 16.3 / smallest,
            "effective_rank": 2.55 + bias,
            "generalisation": 5.4,
            "localised": 0.34,
            "bounds": [dict(zip(names, bound, strict=True)) for bound in bounds],
            "active": 0.5 / (1 + bias),
            "scaled": smallest,
            "other": smallest / 2,
            "network": 0.9 * smallest,
            "without_sparsity": 3.8,
        }

    settings = ROWS | {"net": None, "frozen": False, "biases": [0, 1, 2], "width": 4096, "delta": 0.05}
    metrics = RUN | {"data": DATA, "settings": settings | {"seed": 0, "n_classes": 10}, "confidence": 0.9}
    metrics["kernels"] = [kernel(bias) for bias in (0.0, 1.0, 2.0)]
    figures = {
        "eigenvalues": report.spectrum_figure(
            {k["name"]: np.arange(1, 201) ** -(1.0 + i) for i, k in enumerate(metrics["kernels"])}
        ),
        "bounds": report.bounds_figure(metrics),
    }
    return report.spectrum_page(metrics, svgs(figures))


def evolution() -> Page:
    epochs = np.arange(9.0)
    settled = 1 - np.exp(-epochs / 3)
    steps = {name: (0.1 * np.exp(-epochs[1:] / 2)).tolist() for name in ("kernel", "function", "weights", "pattern")}
    probe = {
        "epochs": epochs.tolist(),
        "velocity": steps["kernel"],
        "alignment": (0.2 + 0.5 * settled).tolist(),
        "top_mass": (0.9 + 0.08 * settled).tolist(),
        "effective_rank": (12 - 8 * settled).tolist(),
        "size": (25 + 60 * settled).tolist(),
        "radius": settled.tolist(),
        "angle": (0.8 * settled).tolist(),
        "accuracy": (0.1 + 0.85 * settled).tolist(),
        "steps": steps,
        "from_start": dict.fromkeys(steps, 0.31),
        "correlations": {"kernel-function": 0.93, "kernel-weights": 0.88, "kernel-pattern": None},
    }
    settings = THREAT | ROWS | {"net": NET, "width": 256, "epochs": 8, "learning_rate": 0.05}
    metrics = RUN | {"data": DATA, "settings": settings, "loss": 0.11, "probes": {"fixed": probe, "moving": probe}}
    faster = [1.6 * v for v in probe["velocity"]]
    figures = {
        "velocity": report.velocity_curves({"fixed": (epochs, probe["velocity"]), "moving": (epochs, faster)}),
        "polar": report.polar_curve(
            {name: (settled * s, 0.8 * settled) for name, s in (("fixed", 1), ("moving", 1.3))}
        ),
        "distances": report.distance_map(epochs, np.abs(settled[:, None] - settled)),
        "shape": report.shape_curves(
            epochs, probe["alignment"], probe["top_mass"], probe["accuracy"], probe["effective_rank"]
        ),
    }
    return report.evolution_page(metrics, svgs(figures))


def widths() -> Page:
    names = ("start_distance", "kernel_distance", "kernel_change", "scores_distance")
    rows = [
        {"width": w, "reached": w > 64, "accuracy": est(0.9 + i / 40, 0.01), "robust": est(0.4 + i / 20, 0.03)}
        | {name: est((k + 2) / w, 0.3 / w) for k, name in enumerate(names)}
        for i, w in enumerate((64, 256, 1024))
    ]
    settings = THREAT | ROWS | {"net": NET, "net_name": "mlp-3", "share": 0.05, "steps": 2000}
    metrics = RUN | {"data": DATA, "settings": settings, "widths": rows, "infinite": {"accuracy": 0.97, "robust": 0.52}}
    return report.widths_page(metrics, svg(report.width_curves(metrics)))


def activity() -> Page:
    def network(kind: str, name: str, share: float) -> dict:
        figures = {"accuracy": est(0.97 - (1 - share) ** 9 / 20), "robust": est(0.6 - (1 - share) ** 5 / 5, 0.02)}
        figures |= {"share": est(share, 0), "weights": est(1e5 * share, 0), "products": est(1e6 * share, 0)}
        return {"kind": kind, "name": name} | figures | {"training_seconds": est(3.2, 0.1)}

    networks = [network("inactive", f"threshold {b:g}", s) for b, s in ((0, 0.5), (1, 0.16), (2, 0.023))]
    networks += [network("masked", f"random, {s:.0%} kept", s) for s in (1, 0.3, 0.03)]
    networks += [network("local", name, s) for name, s in (("dense", 1.0), ("local", 0.14), ("conv", 0.141))]
    settings = THREAT | ROWS | {"width": 2000, "steps": 300, "epochs": 20, "channels": 16}
    metrics = RUN | {"data": DATA, "settings": settings, "networks": networks}
    return report.activity_page(metrics, svg(report.activity_curves(metrics)))


def bounds() -> Page:
    epochs = np.arange(13.0)
    falling = np.exp(-epochs / 5)
    levels = {"sparse": 4, "complete": 11, "golowich": 80, "long_sedghi": 21, "graf": 1e3, "ledent": 4e4, "rho": 0.7}
    curves = {name: (v * (0.5 + falling)).tolist() for name, v in levels.items()}
    curves |= {
        "epochs": epochs.tolist(),
        "train_error": (0.5 * falling).tolist(),
        "gap": (0.05 - 0.05 * falling).tolist(),
    }
    curves["test_error"] = [a + b for a, b in zip(curves["train_error"], curves["gap"], strict=True)]
    last = {name: curves[name][-1] for name in levels} | {"first": 3.1, "additive": 1.0, "degrees": [4, 9]}
    last |= {"node_per_row": 0.26, "rows": {"sparse": 691.0, "complete": 4813.0}, "channel": 4.1, "mixture": 4.9}
    last["assumptions"] = ["every position of the last layer is seen by the read-out"]
    settings = ROWS | {"net": NET, "kind": "conv", "epochs": 12, "learning_rate": 0.1, "weight_decay": 0.003, "seed": 0}
    metrics = RUN | {"data": DATA, "settings": settings | {"standardised": True}, "curves": curves, "last": last}
    shown = {name: values for name, values in curves.items() if name not in ("epochs", "rho")}
    return report.bounds_page(metrics, {"bounds": svg(report.bound_curves(epochs, shown))})


def tails() -> Page:
    def layer(name: str, heaviness: float) -> dict:
        band = {"value": heaviness, "low": heaviness - 0.1, "high": heaviness + 0.1}
        ratios = np.linspace(0, 1, 21)
        return {
            "name": name,
            "vectors": [128, 64],
            "heaviness": band,
            "entries": band,
            "hill": {"value": "inf", "low": "inf", "high": "inf"},
            "prunable": {"magnitude": 0.39, "singular": 0.08, "node": 0.03},
            "lengths": np.geomspace(0.5, 3, 12).tolist(),
            "shares": (np.geomspace(1, 0.01, 12) ** (heaviness / 2)).tolist(),
            "ratios": ratios.tolist(),
            "errors": {"magnitude": (ratios**3).tolist(), "node": np.sqrt(ratios).tolist()},
        }

    layers = [layer(f"layer{i}/kernel", 1.3 + 0.2 * i) for i in range(4)]
    model = {"name": "net.npz", "kind": "npz of arrays", "weights": 25856, "measured": 25600, "left_out": ["bias"]}
    settings = {"layout": "in_out", "last": "layer3/kernel", "error": 0.1, "top": 0.1, "seed": 0}
    overall = {"mean": 1.6, "median": 1.6, "smallest": 1.3, "prunable": 0.31}
    metrics = RUN | {"model": model | {"notes": []}, "settings": settings, "layers": layers, "overall": overall}
    figures = {"survival": report.survival_curves(layers), "pruning": report.pruning_curves(layers, 0.1)}
    return report.tails_page(metrics, svgs(figures))


def paper() -> Page:
    def claim(key: str, expected: Expected, *values: float) -> Claim:
        return Claim(
            key, f"statement {key} of the paper", "Nobody 1900, section 1", "a quantity", expected, values, (0, 1)
        )

    claims = [
        claim("1a", Expected.at_most(1e-12), 1e-14, 2e-14),
        claim("1b", Expected.at_least(1.0), 0.25, 0.26),
        claim("2", Expected.at_most(0.3), 0.25, 0.38),
    ]
    metrics = {
        "paper": {"key": "uci", "title": "Toy heights", "reference": "Nobody 1900", "about": "Heights of trees"},
        "size": "smoke",
        "claims": [c.to_json() for c in claims],
        "notes": ["a note"],
        "timings": [{"quantity": "a quantity", "seeds": [0, 1], "seconds": 3.0}],
        "versions": {"limes": "0.1.0", "jax": "0.10.2", "numpy": "2.4.6"},
        "date": "2026-11-27",
        "commit": "0" * 40,
        "command": "limes papers run toy --size smoke",
    }
    figure, ax = axes()
    line(ax, 0, [1, 2, 3], [est(0.1), est(0.2), est(0.4)], "measured")
    ax.set(xlabel="width", ylabel="share")
    style.legend_above(ax)
    return paper_page(metrics, {"heights": (svg(figure), "Taller on the right.", "A rising line.")})


MAKERS: dict[str, Callable[[], Page]] = {
    "robustify": robustify,
    "certify": certify,
    "attack": attack,
    "features": features,
    "spectrum": spectrum,
    "evolution": evolution,
    "widths": widths,
    "activity": activity,
    "bounds": bounds,
    "tails": tails,
    "paper": paper,
}


@cache
def made(name: str) -> tuple[Page, list[Figure]]:
    """The made-up report of this kind, and the figures that it shows."""
    _drawn.clear()
    return MAKERS[name](), list(_drawn)
