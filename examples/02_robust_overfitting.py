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
# them wrong. Where `LIMES_DATA` names a folder with `cifar-10-batches-py`, the same runs on 2,000 images of CIFAR-10,
# where right labels are enough.
#
# Under half a minute on two cores, two minutes with CIFAR-10; `LIMES_EXAMPLES=small` takes seconds.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import limes as lm

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)
FOLDER = Path(os.environ.get("LIMES_DATA", "."))
CIFAR = not SMALL and (FOLDER / "cifar-10-batches-py").is_dir()

data = lm.data.load("cifar10", FOLDER) if CIFAR else lm.data.load("digits")
EPS = 8 / 255 if CIFAR else 0.1
SHARES = [0.0] if CIFAR else [0.0, 0.2]  # of wrong training labels
TIMES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, np.inf) if CIFAR else (0.01, 0.03, 0.1, 0.3, 1.0, 10.0, np.inf)
SEEDS = range(1) if SMALL else range(3)
N_TRAIN, N_TEST = (2000, 300) if CIFAR else (250, 100) if SMALL else (500, 300)
N_VALIDATION = 100 if SMALL else 200

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


def accuracies(model, x, y):
    """Clean, and under attack."""
    found = lm.attacks.PGD(steps=10)(model, x, y, eps=EPS, bounds=data.bounds)
    return np.mean(model.predict(x) == y), found.robust_accuracy


curves = {share: [] for share in SHARES}  # (times, 2) for each seed
chosen = {share: [] for share in SHARES}  # index of the stop that validation rows chose
for share in SHARES:
    for seed in SEEDS:
        parts = lm.data.split(data, seed, N_TRAIN, N_VALIDATION, N_TEST)
        rng = np.random.default_rng(seed)
        y_train, y_val = mislabel(parts.y_train, share, rng), mislabel(parts.y_val, share, rng)
        path = lm.NTKClassifier("mlp-3", scale="standard").fit_path(parts.x_train, y_train, TIMES)
        models = [path.stopped_at(time) for time in TIMES]
        curves[share].append([accuracies(model, parts.x_test, parts.y_test) for model in models])
        chosen[share].append(int(np.argmax([accuracies(model, parts.x_val, y_val)[1] for model in models])))
        stop = TIMES[chosen[share][-1]]
        print(
            f"{share:.0%} wrong labels, seed {seed}: the stop that withstands most on validation rows is t = {stop:g}"
        )

# %% [markdown]
# ## The picture

# %%
figure, panels = plt.subplots(1, len(SHARES), figsize=(9, 3.6), layout="constrained", sharey=True, squeeze=False)
places = np.arange(len(TIMES))
for share, ax in zip(SHARES, panels[0], strict=True):
    values = np.array(curves[share])
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.zeros_like(mean)
    for column, name in enumerate(("clean", f"under attack, radius {EPS:.3g}")):
        ax.plot(places, mean[:, column], "o-", label=name)
        low, high = mean[:, column] - error[:, column], mean[:, column] + error[:, column]
        ax.fill_between(places, low, high, alpha=0.25, linewidth=0)
    for stop in chosen[share]:
        ax.axvline(stop, color="grey", linewidth=0.8, linestyle="--")
    ax.set_xticks(places, [f"{time:g}" for time in TIMES])
    ax.set(xlabel="training time t", title=f"{share:.0%} of the training labels wrong", ylim=(0, 1.02))
panels[0, 0].set_ylabel("accuracy on test rows")
panels[0, 0].legend(loc="lower left")
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
for share in SHARES:
    falls[share] = np.array(
        [curve[stop][1] - curve[-1][1] for curve, stop in zip(curves[share], chosen[share], strict=True)]
    )
    error = falls[share].std(ddof=1) / np.sqrt(len(falls[share])) if len(SEEDS) > 1 else np.nan
    print(
        f"{share:.0%} wrong labels: trained to the end, {falls[share].mean():.3f} ± {error:.3f} are lost under attack"
    )

if not CIFAR:
    assert falls[0.2].mean() > 0.1 > abs(falls[0.0].mean())

# %% [markdown]
# On digits with right labels it costs next to nothing to train to the end. With wrong ones the network has to bend its
# function to reach each of them, late in training, and every such bend is a place that an attacker can use: the dashed
# lines mark where to stop. Clean accuracy alone would have shown a small part of that.
#
# ## What would refute it
#
# A weak attack makes any curve. If a stronger one brought the stopped model down to the other, the fall would be an
# accident of the attack. So both models of the last draw meet the whole suite, which checks itself:

# %%
few = slice(0, 20 if SMALL else 100)
x, y = parts.x_test[few], parts.y_test[few]
worst = {}
for name, model in {"stopped": models[chosen[SHARES[-1]][-1]], "trained to the end": models[-1]}.items():
    report = lm.attacks.evaluate(
        model,
        x,
        y,
        eps=[EPS],
        bounds=data.bounds,
        steps=5 if SMALL else 20,
        queries=20 if SMALL else 100,
        audit=not SMALL,
    )
    worst[name] = report.robust_accuracy[0]
    print(f"{name}: {worst[name]:.2f} ± {report.standard_error[0]:.2f}", [check.name for check in report.failed])
assert worst["stopped"] > worst["trained to the end"]
