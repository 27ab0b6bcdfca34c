# %% [markdown]
# # Certify a classifier
#
# **Question.** An attack that fails proves nothing. Up to which radius can *no* change of an input change its label?
#
# For kernel machines on fully connected nets `limes.certify.radius` proves one. Beside each proof we put the distance
# at which an attack succeeds: the truth lies between the two, and their gap is what nobody knows. Digits, 3 against 8.
#
# About a minute on two cores; `LIMES_EXAMPLES=small` takes seconds.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import limes as lm

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)

digits = lm.data.load("digits")
pair = np.isin(digits.y, (3, 8))
n_train, n_certified = (60, 3) if SMALL else (240, 8)
RIDGES = (1.0,) if SMALL else (0.1, 1.0, 10.0)
parts = lm.data.split(lm.data.from_arrays(digits.x[pair], digits.y[pair]), seed=0, n_train=n_train, n_validation=0)
x_train, x_test = parts.x_train.astype(np.float64), parts.x_test.astype(np.float64)  # little is lost to rounding then
y_train, y_test = parts.y_train, parts.y_test

# %% [markdown]
# ## Proof and attack
#
# Radii are in the units of the data, pixels in [0, 1]; `bounds` says that an attacker has to stay among valid images.
# Both searches take the same rows for every machine: test rows that all of them classify rightly. A row that is wrong
# has an attack radius of 0, while a certificate is about the label that the machine gives, right or wrong.

# %%
machines = {ridge: lm.NTKClassifier("mlp-2", ridge=ridge).fit(x_train, y_train) for ridge in RIDGES}
right = np.flatnonzero(np.all([clf.predict(x_test) == y_test for clf in machines.values()], axis=0))[:n_certified]
x, y = x_test[right], y_test[right]
certified, attacked, accuracy = {}, {}, {}
for ridge, clf in machines.items():
    certified[ridge] = lm.certify.radius(clf, x, norm="linf", bounds=(0, 1), tolerance=0.05).radius
    attacked[ridge] = lm.attacks.minimal(clf, x, y, norm="linf", bounds=(0, 1)).radius
    accuracy[ridge] = clf.score(x_test, y_test)
    proved, broken = certified[ridge].mean(), attacked[ridge].mean()
    print(
        f"ridge {ridge:g}: accuracy {accuracy[ridge]:.3f}; nothing works below {proved:.3f}, an attack does at "
        f"{broken:.3f} (means): {proved / broken:.0%} is proved"
    )
    assert np.all(certified[ridge] <= attacked[ridge])

# %% [markdown]
# ## The picture

# %%
figure, (left, across) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
shown = 1.0
order = np.argsort(attacked[shown])
places = np.arange(len(order))
left.bar(places, certified[shown][order], color="tab:green", label="proved: no attack works")
gap = (attacked[shown] - certified[shown])[order]
left.bar(places, gap, bottom=certified[shown][order], color="lightgrey", label="nobody knows")
left.scatter(places, attacked[shown][order], marker="_", s=220, color="tab:red", label="an attack that works")
left.set(xlabel=f"test image, ridge {shown:g}", ylabel="radius, l-inf", xticks=[])
left.set_ylim(0, 1.5 * attacked[shown].max())
left.legend(frameon=False, fontsize=8, loc="upper left")

across.plot(RIDGES, [attacked[ridge].mean() for ridge in RIDGES], "o-", color="tab:red", label="attack, mean")
across.plot(RIDGES, [certified[ridge].mean() for ridge in RIDGES], "o-", color="tab:green", label="proof, mean")
across.plot(RIDGES, [1 - accuracy[ridge] for ridge in RIDGES], "o:", color="grey", label="error on test rows")
across.set(xlabel="ridge", xscale="log", ylabel="mean radius; share of errors", ylim=(0, None))
across.legend(frameon=False, fontsize=8)
figure.savefig(OUT / "04_certify.svg")

# %% [markdown]
# ## What one sees
#
# - Most of what an attack does not break is proved. With a smaller ridge a smaller share of it is: coefficients of
#   both signs grow, and the *proof* gets worse faster than the model does.
# - So compare models by attack radii, and read a certificate beside its attack. A small certificate alone does not
#   mean a weak model.
#
# ## What would refute it
#
# One point inside a certified ball with another label. An attack with more steps is one way to look for it, and random
# points and corners of the ball are another, which needs no gradient:

# %%
clf, radius = machines[shown], certified[shown]
rng = np.random.default_rng(0)
for image, label, r in zip(x, y, radius, strict=True):
    inside, corners = rng.uniform(-r, r, (200, 64)), r * rng.choice((-1, 1), (200, 64))
    moved = np.clip(image + np.concatenate([inside, corners]).reshape(-1, 8, 8, 1), 0, 1)
    assert np.all(clf.predict(moved) == label)
again = lm.attacks.minimal(clf, x, y, bounds=(0, 1), steps=50, restarts=4, key=1)
assert np.all(radius <= again.radius)
print(f"{400 * len(x)} points and a longer attack: no certificate broken")

# %% [markdown]
# `benchmarks/certificate_soundness.py` does this at length, for machines of every kind.
#
# ## Another attacker: one who changes labels
#
# The machine is linear in its training labels, so that the number of labels that must be changed to change a
# prediction is exact, not a bound:

# %%
flips = lm.certify.label_flips(clf, x)
print("training labels to change, for each test image:", flips.tolist(), "of", n_train)


def retrained(labels):
    """What the first test image is called after training on other labels."""
    return lm.NTKClassifier("mlp-2", ridge=shown).fit(x_train, labels).predict(x[:1])[0]


rows, labels = lm.certify.harmful_flips(clf, x[:1])[0]
poisoned = y_train.copy()
poisoned[rows] = labels
print(f"after these {len(rows)} changes the first test image, a {y[0]}, is called {retrained(poisoned)}")
assert retrained(poisoned) != y[0]
poisoned[rows[-1]] = y_train[rows[-1]]  # one fewer is not enough
assert retrained(poisoned) == y[0]
