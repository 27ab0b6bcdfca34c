# %% [markdown]
# # Robustify your data
#
# **Question.** How much of a classifier's accuracy survives small, malicious changes of its inputs, and what buys some
# of it back?
#
# `limes robustify` answers it for any labelled images, series or tables: it trains an infinitely wide network, stops
# it at several times, trains robust versions of it, attacks all of them alike, and writes one page. Here the same from
# Python, on scikit-learn's 8 x 8 digits. Put your own arrays in the first cell.
#
# About a minute on two cores; with `LIMES_EXAMPLES=small` in the environment some seconds, on too few rows to conclude
# anything.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import limes as lm
from limes.core.progress import Bar
from limes.report import headline

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)

images, labels = load_digits(return_X_y=True)
data = lm.data.from_arrays((images / 16).reshape(-1, 8, 8, 1).astype("float32"), labels, name="my-digits")
for note in data.notes:
    print("-", note)

# %% [markdown]
# The notes are worth reading: a wrong box of valid values, or a wrong unit, makes every figure below meaningless.
# Pixels lie in [0, 1] here, and `eps = 0.1` lets an attacker move each of them by a tenth of that.
#
# ## Plan, then run
#
# The plan says what would be done and how long it takes. Nothing has started yet.

# %%
options = lm.jobs.Options(
    eps=0.1,
    defences=["none"] if SMALL else ["lazy-at"],  # leave it out for all three: lazy-at, adv-ntk, finite-at
    seeds=1 if SMALL else 2,
    n_train=80 if SMALL else 400,
    n_validation=20 if SMALL else 120,
    n_test=30 if SMALL else 200,
    n_times=3 if SMALL else 4,
    steps=5 if SMALL else 20,
    queries=20 if SMALL else 100,
    certify=1 if SMALL else 4,
)
settings = lm.jobs.prepare(data, options=options)
plan = lm.jobs.plan(settings)
print(f"about {plan['seconds']:.0f} s, {plan['peak_bytes'] / 1e6:.0f} MB, solver {plan['solver']}")

# %%
with Bar() as progress:
    result = lm.jobs.robustify(settings, out=OUT / "robustify", progress=progress)
print(headline(result.metrics))
print("the page:", result.report)

# %% [markdown]
# The same call again computes nothing, and after Ctrl-C it goes on where it was. The shell's form of all this is
# `limes robustify my.npz --eps 0.1 --defence lazy-at`, with arrays `X` and `y` in the file.
#
# ## The picture

# %%
model = lm.load(result.folder / "model.npz")
parts = lm.data.split(data, seed=0, n_train=options.n_train, n_validation=options.n_validation, n_test=options.n_test)
found = lm.attacks.PGD(steps=20)(model, parts.x_test, parts.y_test, eps=0.1, bounds=data.bounds)
fallen = np.flatnonzero(found.success & (found.distance > 0))[:3]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(3, 2))
for defence in result.metrics["radius"]["defences"]:
    mean = np.array([one["mean"] for one in defence["robust"]])
    error = np.array([one["standard_error"] for one in defence["robust"]])
    left.plot(result.metrics["radius"]["eps"], mean, "o-", markersize=4, label=defence["name"])
    left.fill_between(result.metrics["radius"]["eps"], mean - error, mean + error, alpha=0.2, linewidth=0)
left.axvline(0.1, color="grey", linewidth=0.8, linestyle="--")
left.set(xlabel="radius of the attack", ylabel="accuracy, worst case of the suite", ylim=(-0.02, 1.02))
left.legend(frameon=False, fontsize=8)

gap = np.full((8, 1), np.nan)  # drawn as nothing
pairs = [np.hstack([parts.x_test[i, ..., 0], gap, found.x_adv[i, ..., 0]]) for i in fallen]
right.imshow(np.vstack([np.vstack([pair, np.full((1, 17), np.nan)]) for pair in pairs]), cmap="gray_r", vmin=0, vmax=1)
for row, i in enumerate(fallen):
    told = f"{model.predict(parts.x_test[i : i + 1])[0]}, then {model.predict(found.x_adv[i : i + 1])[0]}"
    right.text(17.5, 9 * row + 3.5, told, va="center", fontsize=9)
right.set_title("what the saved model says before and after", fontsize=9)
right.axis("off")
figure.savefig(OUT / "01_robustify.svg")

# %% [markdown]
# ## What one sees
#
# - At radius 0 the curves are clean accuracy, and hardly differ. At `eps` they do: what was trained against an attack
#   gives way later. Bands are one standard error over seeds.
# - The saved model is the one that withstood most on validation rows; the test rows above had no part in that choice.
#
# ## What would refute it
#
# - **A check of the audit fails.** Then the attack is too weak, or blind, and accuracy under attack is too high.
# - **A curve that stays high at large radii.** At radius 1 an attacker may paint any picture. A model that
#   "withstands" it hides its gradients.
# - **Bands that overlap.** Then the order of two curves is a draw of rows.
#
# So ask the audit before the picture:

# %%
failed = [check for check in result.metrics["audit"] if not check["passed"]]
for check in failed:
    print(f"FAILED {check['name']} ({check['defence']}): {check['detail']}; {check['remedy']}")
print(f"{len(failed)} of {len(result.metrics['audit'])} checks failed")

for defence in result.metrics["radius"]["defences"]:  # a larger ball contains the smaller ones
    assert np.all(np.diff([one["mean"] for one in defence["robust"]]) <= 1e-12)
if not SMALL:
    plain, *_, trained = [row["robust"]["mean"] for row in result.metrics["table"]]
    assert trained > plain + 0.05
