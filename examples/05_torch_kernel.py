# %% [markdown]
# # A kernel for your torch model
#
# **Question.** Does your network learn features, or would a linear model on the features that it was born with do as
# well?
#
# The tangent kernel answers: K(x, z) is the inner product of the gradients of the network's output at x and z in its
# weights. Kernel regression with the K of the *untrained* network is what training does while the weights hardly move
# (lazy training). `lm.interop.torch.empirical_ntk` computes K for any `torch.nn.Module`. We compare it with the
# trained network, with the kernel *after* training, and with the infinitely wide network of the same layers.
#
# Needs PyTorch: `pip install "limes[torch]"`. About a minute on two cores; `LIMES_EXAMPLES=small` takes seconds.

# %%
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch  # pyright: ignore[reportMissingImports]

import limes as lm

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)

data = lm.data.load("digits")
parts = lm.data.split(data, 0, n_train=60 if SMALL else 150, n_validation=0, n_test=60 if SMALL else 200)
CHANNELS = (4, 8) if SMALL else (4, 8, 16)
SEEDS = range(2) if SMALL else range(3)
STEPS = 100 if SMALL else 400

# %% [markdown]
# ## Your model
#
# Put your own in place of this one. limes asks only that it maps a batch to (n, outputs), and that a row's outputs do
# not depend on the others in its batch.


# %%
def network(channels):
    """A small convolutional network."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, channels, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(channels, channels, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(64 * channels, 10),
    )


def train(model, x, y, rate):
    """Gradient descent on half the summed squared error, the loss that kernel regression solves."""
    targets = torch.nn.functional.one_hot(y, 10) - 0.1
    optimiser = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(STEPS):
        optimiser.zero_grad()
        (((model(x) - targets) ** 2).sum() / 2).backward()
        optimiser.step()


def regress(kernel, n, ridge_rel=1e-4):
    """Scores of rows n and later by kernel regression on the rows before."""
    inner = kernel[:n, :n] + ridge_rel * np.mean(np.diag(kernel[:n, :n])) * np.eye(n)
    return kernel[n:, :n] @ np.linalg.solve(inner, np.eye(10)[parts.y_train] - 0.1)


# %% [markdown]
# ## Its kernel, before and after training
#
# One call for all rows, training and test together. Images have their channels first, as the module takes them. The
# mean over the ten outputs is what the infinitely wide network has too; `output=3` would give that of one class.
#
# The kernel also says how fast one may train: gradient descent is stable while its rate is below 2 over the largest
# eigenvalue of the kernel of *all pairs* of outputs on the training rows (`trace=False`), as long as that kernel stays
# what it is. That of a narrow network grows while it learns, so we take 0.3. A rate that is fixed by hand would be a
# different one for each width, and the widths could not be compared.

# %%
n = len(parts.x_train)
images = np.concatenate([parts.x_train, parts.x_test])
x = torch.tensor(images).permute(0, 3, 1, 2)
y = torch.tensor(parts.y_train)


def accuracy(scores):
    """On the test rows."""
    return np.mean(scores.argmax(axis=1) == parts.y_test)


def largest_eigenvalue(model, x):
    """Of the kernel of all pairs of rows and outputs."""
    pairs = lm.interop.torch.empirical_ntk(model, x, trace=False)
    side = pairs.shape[0] * pairs.shape[2]
    return float(torch.linalg.eigvalsh(pairs.permute(0, 2, 1, 3).reshape(side, side))[-1])


def centred(kernel):
    """Without the mean that all rows share, which would hide what changes."""
    return kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()


def similarity(a, b):
    """Cosine between two centred kernel matrices, 1 where they are equal up to a factor."""
    a, b = centred(a), centred(b)
    return np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)


rows = ("kernel before", "kernel after", "network", "motion")
seen = {row: np.empty((len(CHANNELS), len(SEEDS))) for row in rows}
for i, channels in enumerate(CHANNELS):
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = network(channels)
        before = lm.interop.torch.empirical_ntk(model, x).double().numpy()
        train(model, x[:n], y, rate=0.3 / largest_eigenvalue(model, x[:n]))
        after = lm.interop.torch.empirical_ntk(model, x).double().numpy()
        with torch.no_grad():
            scores = model(x[n:]).numpy()
        for row, value in zip(rows, (*map(accuracy, (regress(before, n), regress(after, n), scores)), 0), strict=True):
            seen[row][i, seed] = value
        seen["motion"][i, seed] = 1 - similarity(before, after)
    print(f"{channels:3} channels:", ", ".join(f"{row} {seen[row][i].mean():.3f}" for row in rows))

infinite = lm.NTKClassifier("cnn-2", ridge_rel=1e-4).fit(parts.x_train, parts.y_train)
limit = infinite.score(parts.x_test, parts.y_test)
print(f"the infinitely wide network of these layers: {limit:.3f}")

# %% [markdown]
# ## The picture

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for row in rows[:3]:
    error = seen[row].std(axis=1, ddof=1) / np.sqrt(len(SEEDS))
    left.errorbar(CHANNELS, seen[row].mean(axis=1), error, fmt="o-", capsize=3, label=row)
left.axhline(limit, color="grey", linestyle="--", linewidth=1, label="infinitely wide, no training of weights")
left.set(xlabel="channels", ylabel="accuracy on test rows", xscale="log")
left.minorticks_off()
left.set_xticks(CHANNELS, list(map(str, CHANNELS)))
left.legend(frameon=False, fontsize=8)

error = seen["motion"].std(axis=1, ddof=1) / np.sqrt(len(SEEDS))
right.errorbar(CHANNELS, seen["motion"].mean(axis=1), error, fmt="o-", color="tab:red", capsize=3)
right.set(xlabel="channels", ylabel="1 - cosine, kernel before and after", xscale="log", ylim=(0, None))
right.minorticks_off()
right.set_xticks(CHANNELS, list(map(str, CHANNELS)))
figure.savefig(OUT / "05_torch_kernel.svg")

# %% [markdown]
# ## What one sees
#
# - **Right:** training turns the kernel. The wider the network, the less: in the limit it would not turn at all.
# - **Left:** three figures for each width. What lies between the kernel before training and the network is what
#   training adds to the features that it started from. If the kernel after training is ahead of that before, training
#   found better ones. The dashed line is where the kernel goes with the width.
#
# A network whose kernel hardly turns, and predicts as well before training as the network after it, is *lazy*: all
# that it does follows from its architecture, and `NTKClassifier` does the same without training. On these few digits
# the network above is lazy: it is never ahead of the kernel that it was born with, and only at its narrowest does
# training improve that kernel. On larger data, and at larger rates, it need not stay so. That is what to look for in
# your own model.
#
# ## What would refute it
#
# That a network is lazy is refuted by a gap on the left beyond two standard errors; that it learns features, by no
# gap. Error bars are over random starts.

# %%
motion = seen["motion"].mean(axis=1)
assert motion[-1] < motion[0]
for name in ("kernel after", "network"):
    gaps = seen[name] - seen["kernel before"]
    for channels, mean, error in zip(
        CHANNELS, gaps.mean(axis=1), gaps.std(axis=1, ddof=1) / len(SEEDS) ** 0.5, strict=True
    ):
        print(f"{channels:3} channels: {name} minus kernel before: {mean:+.3f} ± {error:.3f}")

# %% [markdown]
# ## Attack it
#
# The other bridge makes the module a predictor, for every attack of limes. Images have their channels last here, and
# `channels_first` says what the module wants:

# %%
victim = lm.interop.torch.predictor(model, channels_first=True)
found = lm.attacks.PGD(steps=10)(victim, parts.x_test, parts.y_test, eps=0.1, bounds=(0, 1))
print(f"accuracy {accuracy(scores):.3f}, under attack {found.robust_accuracy:.3f}")
assert found.robust_accuracy < accuracy(scores)
