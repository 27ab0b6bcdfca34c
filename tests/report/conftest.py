import re
from html.parser import HTMLParser

import numpy as np
import pytest

TIMES = [0.1, 0.3, 1, 3, 10, 30, 100, 1000, 10000, "inf"]
SEEDS = 3
VOID = {"meta", "link", "br", "img", "hr", "input"}


def est(mean, spread=0.006):
    seeds = [mean - spread, mean + spread / 2, mean + spread / 2]
    return {"mean": mean, "standard_error": float(np.std(seeds, ddof=1) / SEEDS**0.5), "per_seed": seeds}


def curve():
    clean = [0.42, 0.63, 0.81, 0.90, 0.937, 0.958, 0.969, 0.977, 0.981, 0.983]
    robust = [0.13, 0.30, 0.44, 0.525, 0.56, 0.552, 0.53, 0.488, 0.451, 0.437]
    return [
        {
            "time": t,
            "clean": est(c),
            "robust": est(r, 0.012),
            "validation_clean": est(c - 0.004),
            "validation_robust": est(r + 0.011, 0.02),
        }
        for t, c, r in zip(TIMES, clean, robust, strict=True)
    ]


@pytest.fixture
def metrics():
    """What `limes robustify` would write for digits; made up, but of realistic size."""
    eps = [0, 0.0125, 0.025, 0.05, 0.075, 0.1]
    falls = {"plain flow": 11.0, "early-stopped flow": 8.2, "Adv-NTK": 7.1, "lazy adversarial training": 6.6}
    return {
        "data": {
            "name": "digits",
            "source": "scikit-learn, load_digits",
            "kind": "images",
            "n_rows": 1797,
            "n_test": 360,
            "shape": [8, 8, 1],
            "dtype": "float64",
            "classes": {str(i): n for i, n in enumerate([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])},
            "minimum": 0.0,
            "maximum": 1.0,
            "bounds": [0, 1],
            "scale": None,
            "notes": ["Pixel values were divided by 16."],
        },
        "settings": {
            "net": "mlp(depth=3, activation='relu', w_std=1.414, b_std=0)",
            "kind": "ntk",
            "norm": "linf",
            "eps": 0.05,
            "bounds": [0, 1],
            "seeds": [0, 1, 2],
            "times": TIMES,
            "n_train": 1197,
            "n_validation": 240,
            "n_test": 360,
            "scale": None,
            "solver": "eigendecomposition (1197 rows fit in memory)",
            "attack": "PGD on cross-entropy and margin, APGD, square attack; worst case per point",
        },
        "curve": curve(),
        "chosen": {"time": 10, "per_seed": [10, 10, 30]},
        "radius": {
            "eps": eps,
            "defences": [
                {"name": name, "robust": [est(max(0.97 - fall * e - 30 * e * e, 0.0)) for e in eps]}
                for name, fall in falls.items()
            ],
        },
        "table": [
            {"defence": "plain flow", "time": "inf", "clean": est(0.983), "robust": est(0.437, 0.012)},
            {"defence": "early-stopped flow", "time": 10, "clean": est(0.937), "robust": est(0.56, 0.012)},
            {"defence": "Adv-NTK", "time": None, "clean": est(0.944), "robust": est(0.612, 0.02)},
            {"defence": "lazy adversarial training", "time": None, "clean": est(0.951), "robust": est(0.618, 0.02)},
        ],
        "audit": [
            {
                "defence": "plain flow",
                "name": name,
                "passed": True,
                "detail": "as it should be",
                "remedy": "",
            }
            for name in ("eps 0 equals clean accuracy", "more steps never help the defender")
        ]
        + [
            {
                "defence": "Adv-NTK",
                "name": "gradient-free never beats gradient-based",
                "passed": False,
                "detail": "the square attack broke 4 points that no gradient attack broke",
                "remedy": "raise the number of restarts, for instance to 5",
            }
        ],
        "timings": [{"stage": "gram", "seconds": 0.42}, {"stage": "attacks", "seconds": 71.3}],
        "memory": {"peak_bytes": 734_000_000},
        "files": {"model": "model.npz", "metrics": "metrics.json", "configuration": "config.toml"},
        "command": "limes robustify --out runs/robustify-digits-1a2b3c4d --eps 0.05 --norm linf --bounds 0 1 --seed 0",
    }


@pytest.fixture
def images():
    """Six blurred random images with small changes, labels, and predictions before and after."""
    rng = np.random.default_rng(0)
    clean = np.round(rng.random((6, 8, 8, 1)), 2)
    adversarial = np.clip(clean + 0.05 * np.sign(rng.normal(size=clean.shape)), 0, 1)
    return clean, adversarial, list("012345"), list("012345"), list("082395")


class Checker(HTMLParser):
    """Checks that tags nest and close, and collects tags, ids, addresses and text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = [], [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def _check(text):
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    for link in checker.links:
        assert link.startswith(("#", "data:")), link
        assert not link.startswith("#") or link[1:] in checker.ids
    assert not re.search(r"https?://|@import|<script|url\((?!#)", text)
    return checker


@pytest.fixture
def check_html():
    """A function that asserts that a page is well-formed and loads nothing, and returns what it saw."""
    return _check
