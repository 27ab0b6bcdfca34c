# %% [markdown]
# # 50,000 images on a laptop
#
# **Question.** The kernel of 50,000 images has 2.5 billion entries, 20 GB. Can a laptop solve with it, exactly, and is
# it worth it?
#
# `limes.gram` keeps the kernel as tiles on disk, and a machine with `solver="out_of_core"` factorises it panel by
# panel. Memory holds one panel; the disk holds the rest; a crash costs the tile or the panel that was in the making.
#
# Where `LIMES_DATA` names a folder with `cifar-10-batches-py`, this runs on all 50,000 training images of CIFAR-10:
# above 20 GB of disk, and 25 minutes on two cores (`benchmarks/results/full_cifar.json` has the same solution,
# measured). Elsewhere it takes scikit-learn's digits, each image moved by a pixel in every direction, which makes
# 13,000 rows: a minute or two and 2 GB. `LIMES_EXAMPLES=small` takes seconds. Fewer `ROWS`, below, try it out (20,000
# images: six minutes of processor time, 6 GB of memory), and the example then says what 50,000 would take.
# Ctrl-C stops it at any moment, and the same command goes on.
#
# Needs the extra `pip install "limes[scale]"`.

# %%
import itertools
import os
import shutil
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import limes as lm
from limes.core import memory
from limes.core.progress import Bar, Quiet
from limes.linalg import panels
from limes.machines.scaling import scaled

SMALL = os.environ.get("LIMES_EXAMPLES") == "small"
OUT = Path("runs/examples-small" if SMALL else "runs/examples")
OUT.mkdir(parents=True, exist_ok=True)
FOLDER = Path(os.environ.get("LIMES_DATA", "."))
CIFAR = not SMALL and (FOLDER / "cifar-10-batches-py").is_dir()
ROWS = 800 if SMALL else 50_000  # at most; fewer to try it out

# %% [markdown]
# ## The rows


# %%
def shifted(images):
    """Each image as it is, and moved by a pixel in all eight directions: nine times the rows."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate([wide[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)])


parts = lm.data.split(lm.data.load("cifar10", FOLDER) if CIFAR else lm.data.load("digits"), n_validation=0)
x, y, x_test, y_test = parts.x_train, parts.y_train, parts.x_test, parts.y_test
net = lm.nets.mlp(5 if CIFAR else 3)
if not CIFAR:
    x, y, x_test, y_test = shifted(x), np.tile(y, 9), shifted(x_test), np.tile(y_test, 9)

rng = np.random.default_rng(0)
order = rng.permutation(len(x))[:ROWS]
tested = rng.permutation(len(x_test))[: 500 if SMALL else 10_000]
x, y, x_test, y_test = x[order].astype(np.float64), y[order], x_test[tested].astype(np.float64), y_test[tested]
n, d = len(x), x[0].size
name = "CIFAR-10" if CIFAR else "digits, each moved to nine places"
print(f"{name}: {n} rows of {d} numbers for training, {len(x_test)} for testing")
TILE = 256 if SMALL else 2048

# %% [markdown]
# ## The plan, before anything is computed
#
# Bytes are good to a few per cent. For the time, one product of two matrices says how fast this machine multiplies:
# the kernel takes 2 d operations for each of its n^2 / 2 entries and some 25 for each layer, the factorisation 2 n^3 /
# 3 in all. Expect up to twice as much.

# %%
tile, trials = np.ones((2048, 2048)), []
for _ in range(3):
    since = time.perf_counter()
    np.matmul(tile, tile)
    trials.append(time.perf_counter() - since)
rate = 2 * len(tile) ** 3 / min(trials)
width = panels.choose_width(n)
expected = {"kernel": n**2 / 2 * (2 * d + 25 * len(net.layers)) / rate, "solution": 2 * n**3 / 3 / rate}  # seconds

print(f"in memory: {memory.format_bytes(16 * n**2)} for kernel and factor, of {memory.format_bytes(memory.limit())}")
print(f"on disk:   {memory.format_bytes(4 * n**2 + panels.disk_bytes(n, width))} for both")
print(f"           {memory.format_bytes(panels.estimate_bytes(n, width))} of memory for panels of {width} columns")
print(f"{rate / 1e9:.0f} billion operations a second:", end=" ")
print(", ".join(f"about {seconds:.0f} s for the {part}" for part, seconds in expected.items()))
folder = OUT / f"gram-{'cifar' if CIFAR else 'digits'}-{n}"
begun = folder.exists()  # by a run that was stopped, or ended
assert begun or shutil.disk_usage(OUT).free > 4 * n**2 + panels.disk_bytes(n, width), "too little disk"

# %% [markdown]
# ## The kernel, interrupted and continued
#
# `gram.build` writes tile by tile. To see what an interruption costs, the first one stops itself after three tiles, as
# Ctrl-C, a crash or an empty battery would. The same call continues. The kernel is that of the rows as the machine
# sees them, so that they are scaled first.


# %%
class Interrupted(Quiet):
    """Stops the work after some steps."""

    def __init__(self, after):
        self.left = after

    def step(self, n=1):
        """Count down."""
        self.left -= n
        if self.left <= 0:
            raise KeyboardInterrupt


inside = scaled(x, "standard")
since = time.perf_counter()
if not begun:
    try:
        lm.gram.build(folder, net, inside, tile=TILE, progress=Interrupted(3))
    except KeyboardInterrupt:
        print(f"stopped with {len(lm.gram.open(folder).missing())} tiles to do")
with Bar() as progress:
    store = lm.gram.build(folder, net, inside, tile=TILE, progress=progress)
took = {"kernel": time.perf_counter() - since}
print(f"kernel {store.shape}, {len(store.missing())} tiles missing, {took['kernel']:.0f} s")

# %% [markdown]
# ## The machine
#
# `solver="out_of_core"` is what `"auto"` takes where kernel and factor do not fit into memory; here it is asked for,
# so that it also runs where they would. It is Cholesky, not an approximation.

# %%
since = time.perf_counter()
with Bar() as progress:
    machine = lm.NTKClassifier(net, scale="standard", solver="out_of_core")
    machine.fit_path(x, y, (np.inf,), progress, gram=store)
took["solution"] = time.perf_counter() - since
print(f"solved in {took['solution']:.0f} s, rcond {machine.rcond_:.1e}, jitter {machine.jitter_:g}")

# %% [markdown]
# What was expected, what it took, and what 50,000 such rows would take: entries grow with the square of the rows, the
# factorisation with their cube. These times say nothing where an earlier run did a part of it, or where the rows are so
# few that compiling takes longer.

# %%
if begun:
    print(f"no comparison: an earlier run began {folder}")
elif n < 5000:
    print(f"no comparison: {n} rows are too few")
else:
    for part, power in {"kernel": 2, "solution": 3}.items():
        all_rows = took[part] * (50_000 / n) ** power / 60
        print(f"{part}: {took[part]:.0f} s, {expected[part]:.0f} s expected; {all_rows:.0f} min for 50,000 rows")

# %% [markdown]
# ## The picture: is it worth it?
#
# The same net on fewer of the same rows, in memory, up to what fits there easily.

# %%
sizes = [size for size in (200, 500, 1000, 2000, 5000) if size < n] if not SMALL else [100, 300]
accuracy, error = {}, {}
with Bar() as progress:
    progress.start("accuracy on test images", len(sizes) + 1)
    for size in (*sizes, n):
        fewer = machine if size == n else lm.NTKClassifier(net, scale="standard").fit(x[:size], y[:size])
        accuracy[size] = fewer.score(x_test, y_test)
        error[size] = np.sqrt(accuracy[size] * (1 - accuracy[size]) / len(y_test))
        print(f"{size:6} rows: {accuracy[size]:.4f} ± {error[size]:.4f}")
        progress.step()

figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
ax.errorbar(list(accuracy), list(accuracy.values()), list(error.values()), fmt="o-", capsize=3)
ax.plot(n, accuracy[n], "o", color="tab:red", zorder=3, label=f"{n} rows, kernel on disk")
ax.set(xscale="log", xlabel="training rows", ylabel=f"accuracy on {len(y_test)} test images")
ax.set_xticks([*accuracy], [str(size) for size in accuracy], fontsize=8)
ax.minorticks_off()
ax.set_title(f"{name}: NTK of a fully connected net", fontsize=10)
ax.legend(frameon=False, loc="lower right")
figure.savefig(OUT / "07_large_kernel.svg")

# %% [markdown]
# ## What one sees

# %%
for fewer, more in itertools.pairwise(accuracy):
    gain = (accuracy[more] - accuracy[fewer]) / np.log2(more / fewer)
    print(f"from {fewer} to {more} rows a doubling buys {gain:+.4f}")

# %% [markdown]
# On digits each doubling buys less than the one before, and the last rows are worth little more than their error bars.
# On CIFAR-10 it does not: a doubling buys three to five points all along, the last ones too, up to .58 with all 50,000
# images, and the curve is far from its end. A fully connected net has no idea of neighbouring pixels, so that rows are
# all it can learn shifts from.
#
# ## What would refute it
#
# - **The solution on disk is another than that in memory.** Where both fit, they can be compared, on rows that take
#   more than one panel:

# %%
some = 300 if SMALL else 5000
if n >= some:
    check = OUT / f"{folder.name}-check"
    small = lm.gram.build(check, net, scaled(x[:some], "standard"), tile=TILE // 2)
    on_disk = lm.NTKClassifier(net, scale="standard", solver="out_of_core").fit(x[:some], y[:some], gram=small)
    in_memory = lm.NTKClassifier(net, scale="standard", solver="cholesky").fit(x[:some], y[:some])
    apart = np.abs(on_disk.scores(x_test[:100]) - in_memory.scores(x_test[:100])).max()
    print(f"largest difference of scores, {some} rows: {apart:.1e}")
    assert apart < 1e-6
assert not store.missing()
assert accuracy[n] > accuracy[sizes[0]] + 4 * error[sizes[0]]

# %% [markdown]
# - **A small `rcond_`, or jitter.** Below 1e-13 few digits are left, and jitter means that another system was solved.
#   Both are printed above.
# - **A convolutional net does better with fewer rows.** It does on CIFAR-10, and costs thousands of times as much an
#   entry: [Gram matrices at scale](../docs/scale.md#what-it-costs) has the figures.
#
# Kernel and factor stay in `runs/examples`, where another machine on the same rows finds them. Delete them when you
# are done. From the shell, for any data set: `limes gram build`, then `limes fit --gram`.
