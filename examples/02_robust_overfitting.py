# %% [markdown]
# # Reading a robust-overfitting curve
#
# **Question.** Does longer training cost robustness?
#
# Networks that are trained on and on often get more accurate on clean inputs and less accurate under attack: robust
# overfitting (Rice, Wong & Kolter 2020, arXiv 2002.11569). An infinitely wide network shows it with no network at all.
# Its prediction at training time t is a formula, so that one fit gives the model at every time, and nothing is random
# but the rows.
#
# With scikit-learn's digits one learns *when* to expect it: hardly at all with right labels, badly with a fifth of
# them wrong. Where `LIMES_DATA` names a folder with `cifar-10-batches-py`, 2,000 images of CIFAR-10 are added, where
# right labels are enough.
#
# Half a minute on two quiet cores, a minute or two with CIFAR-10; `LIMES_EXAMPLES=small` takes seconds. The bar shows
# the time left; nothing is kept before the picture, so that an interrupted run starts anew.

# %%
import os
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

import limes as lm
from limes.core.progress import Bar

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)
FOLDER = Path(os.environ.get("LIMES_DATA", "."))
CIFAR = not SMALL and (FOLDER / "cifar-10-batches-py").is_dir()
SEEDS = range(1) if SMALL else range(3)
N_TEST, N_VALIDATION = (100, 100) if SMALL else (300, 200)


class Problem(NamedTuple):
    """Rows, the radius of the attack, the share of wrong training labels, and the training times to look at."""

    data: lm.data.Dataset
    eps: float
    share: float
    n_train: int
    times: tuple[float, ...]


digits = lm.data.load("digits")
early, late = (0.01, 0.03, 0.1, 0.3, 1.0, 10.0, np.inf), (1e-4, 1e-3, 1e-2, 0.1, 1.0, np.inf)
n_digits = 250 if SMALL else 500
problems = {
    "digits, right labels": Problem(digits, 0.1, 0.0, n_digits, early),
    "digits, a fifth wrong": Problem(digits, 0.1, 0.2, n_digits, early),
}
if CIFAR:
    problems["CIFAR-10, right labels"] = Problem(lm.data.load("cifar10", FOLDER), 8 / 255, 0.0, 2000, late)
for name, problem in problems.items():
    print(f"{name}: {problem.n_train} rows, every pixel moved by up to {problem.eps:.2g} of its range")

# %% [markdown]
# ## One fit, every time
#
# `time` is in units of 1 / learning rate, on the summed squared error. `fit_path` makes one kernel and one
# decomposition for all times; `stopped_at(t)` is the model at time t.
#
# Wrong labels are put into the training *and* validation rows, since who has them in the one has them in the other.
# Test labels stay right. The attack is projected gradient ascent on the margin, with the same steps everywhere.


# %%
def mislabel(y, share, rng):
    """Replace a share of the labels by others."""
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, 10, len(y))) % 10, y)


def accuracies(problem, model, x, y):
    """Clean, and under attack."""
    found = lm.attacks.PGD(steps=10)(model, x, y, eps=problem.eps, bounds=problem.data.bounds)
    return np.mean(model.predict(x) == y), found.robust_accuracy


curves = {name: [] for name in problems}  # (times, 2) for each seed
chosen = {name: [] for name in problems}  # index of the stop that validation rows chose
last = {}  # the last draw's models and test rows
with Bar() as progress:
    progress.start("draws of the rows", len(problems) * len(SEEDS))
    for name, problem in problems.items():
        for seed in SEEDS:
            parts = lm.data.split(problem.data, seed, problem.n_train, N_VALIDATION, N_TEST)
            rng = np.random.default_rng(seed)
            y_train, y_val = (mislabel(y, problem.share, rng) for y in (parts.y_train, parts.y_val))
            path = lm.NTKClassifier("mlp-3", scale="standard").fit_path(parts.x_train, y_train, problem.times)
            models = [path.stopped_at(time) for time in problem.times]
            curves[name].append([accuracies(problem, model, parts.x_test, parts.y_test) for model in models])
            validated = [accuracies(problem, model, parts.x_val, y_val)[1] for model in models]
            chosen[name].append(int(np.argmax(validated)))
            last[name] = models, parts
            print(f"{name}, draw {seed}: on validation rows t = {problem.times[chosen[name][-1]]:g} withstands most")
            progress.step()

# %% [markdown]
# ## The picture

# %%
figure, panels = plt.subplots(1, len(problems), figsize=(9, 3.8), layout="constrained", sharey=True)
for (name, problem), ax in zip(problems.items(), panels, strict=True):
    places, values = np.arange(len(problem.times)), np.array(curves[name])
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.zeros_like(mean)
    for column, label in enumerate(("clean", "under attack")):
        ax.plot(places, mean[:, column], "o-", markersize=4, label=label)
        low, high = mean[:, column] - error[:, column], mean[:, column] + error[:, column]
        ax.fill_between(places, low, high, alpha=0.25, linewidth=0)
    for i, stop in enumerate(chosen[name]):
        ax.axvline(stop, color="grey", linewidth=0.8, linestyle="--", label=None if i else "stop that is chosen")
    ax.set_xticks(places, [f"{time:g}" for time in problem.times], fontsize=8)
    ax.set(xlabel="training time, in 1 / learning rate", ylim=(0, 1.02))
    ax.set_title(f"{name}; radius {problem.eps:.2g}", fontsize=10)
panels[0].set_ylabel("accuracy on test rows")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
figure.savefig(OUT / "02_robust_overfitting.svg")

# %% [markdown]
# Bands are one standard error over the draws of the rows. Dashed lines are the stops that validation rows chose, one
# for each draw; they need not lie at the top of the curves, which are those of the test rows.
#
# ## What one sees
#
# The fall is the robust accuracy at the chosen stop less that at the end of training, on test rows, draw by draw.

# %%
falls = {}
for name in problems:
    falls[name] = np.array(
        [curve[stop][1] - curve[-1][1] for curve, stop in zip(curves[name], chosen[name], strict=True)]
    )
    error = falls[name].std(ddof=1) / np.sqrt(len(falls[name])) if len(SEEDS) > 1 else np.nan
    print(f"{name}: trained to the end, {falls[name].mean():.3f} ± {error:.3f} are lost under attack")

assert falls["digits, a fifth wrong"].mean() > 0.1 > abs(falls["digits, right labels"].mean())
if CIFAR:
    assert falls["CIFAR-10, right labels"].mean() > 0.1

# %% [markdown]
# On digits with right labels it costs next to nothing to train to the end. With wrong ones the network has to bend its
# function to reach each of them, late in training, and every such bend is a place that an attacker can use: the dashed
# lines mark where to stop. Clean accuracy alone would have shown a small part of that.
#
# CIFAR-10 needs no wrong labels: clean accuracy goes on rising after the robust one has begun to fall, to next to
# nothing, and who looks at the former alone trains for too long. Nor does stopping come free there: the stop that
# withstands most costs a good part of the clean accuracy.
#
# ## What would refute it
#
# A weak attack makes any curve. If a stronger one brought the stopped model down to the other, the fall would be an
# accident of the attack. So both models of the last draw meet the whole suite, which checks itself:

# %%
few = slice(0, 20 if SMALL else 100)
for name in list(problems)[1:]:  # where there is a fall
    models, parts = last[name]
    worst = []
    for kind, model in {"stopped": models[chosen[name][-1]], "trained to the end": models[-1]}.items():
        report = lm.attacks.evaluate(
            model,
            parts.x_test[few],
            parts.y_test[few],
            eps=[problems[name].eps],
            bounds=problems[name].data.bounds,
            steps=5 if SMALL else 20,
            queries=20 if SMALL else 100,
            audit=not SMALL,
        )
        worst.append(report.robust_accuracy[0])
        failed = [check.name for check in report.failed]
        withstand = f"{worst[-1]:.2f} ± {report.standard_error[0]:.2f} withstand"
        print(f"{name}, {kind}: {withstand}; failed checks: {', '.join(failed) or 'none'}")
    stopped, trained_on = worst
    assert stopped > trained_on
