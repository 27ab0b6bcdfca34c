"""How little of a wide network is enough: networks that are thin in one of three ways, trained, with what that saves.

* *inactive*: a two-layer network whose units have a threshold: few fire on an example (`limes.finite.inactive`);
* *masked*: a network of three dense layers that keeps a share of its hidden weights (`limes.finite.prune`);
* *local*: two layers on images, each unit of which sees a window of the input, with weights of its own or shared.

They are three things. The first saves arithmetic that depends on the example, the second storage, the third both; what
each costs in accuracy and robustness is measured here against the whole network of its own kind.
"""

import time
from dataclasses import dataclass
from typing import Literal, get_args

import jax
import numpy as np

from limes.core.errors import InputError
from limes.core.types import Affine, Array
from limes.finite import FinitePredictor, Recipe, prune, train
from limes.finite.inactive import ShallowNet, stable_rate, train_shallow
from limes.finite.pruning import Criterion
from limes.nets import Conv, ConvLocal, Dense, Flatten, Relu, mlp, serial, standard

Sight = Literal["all", "own", "shared"]
RATE = 0.25
"""Of the stable learning rate, for thresholds."""
WINDOW = 3
_HIDDEN = "2.w"  # of dense, relu, dense, relu, dense


@dataclass(frozen=True, eq=False)
class Thin:
    """A network that was trained, and how thin it is.

    Attributes:
        predictor: takes inputs in the units of the data.
        share: of the pairs of unit and training row that are active, of the hidden weights that are kept, or of the
            inputs that a unit sees.
        weights: numbers that are stored, zeros left out.
        products: multiplications in a forward pass of one example that are not with zero.
        loss: the last training loss over the first.
        seconds: CPU seconds of the training.
    """

    predictor: FinitePredictor
    share: float
    weights: int
    products: float
    loss: float
    seconds: float


def inactive(
    x: Array,
    y: Array,
    classes: Array,
    bias: float,
    width: int,
    steps: int,
    *,
    affine: Affine | None = None,
    seed: int = 0,
) -> Thin:
    """Units with a threshold.

    Args:
        x: (n, features...) rows in the units of the data.
        y: (n,) class numbers.
        classes: (c,) labels.
        bias: B; a share of about P(Z > B) is active on inputs of norm 1.
        width: units, an even number.
        steps: of full-batch descent on the squared error.
        affine: map to the inputs of the network.
        seed: of the weights.

    Raises:
        InputError: for numbers that make no sense, or a threshold under which no unit is active.

    Cost: see `limes.finite.inactive.train_shallow`.
    """
    since = time.process_time()
    inside = _inside(x, affine).reshape(len(x), -1)
    targets = np.eye(len(classes))[y] - 1 / len(classes)
    net = ShallowNet.draw(inside.shape[1], width, bias, len(classes), key=seed)
    run = train_shallow(net, inside, targets, steps=steps, learning_rate=RATE * stable_rate(net, inside))
    share, trained = float(run.active[-1]), run.net
    model = FinitePredictor(trained.apply, trained.params, np.asarray(classes), affine)
    products = width * share * (inside.shape[1] + len(classes))
    loss = float(run.losses[-1] / run.losses[0])
    return Thin(model, share, trained.weights.size + 2 * width, products, loss, time.process_time() - since)


def masked(
    x: Array,
    y: Array,
    classes: Array,
    keep: float,
    width: int,
    epochs: int,
    *,
    criterion: Criterion = "random",
    affine: Affine | None = None,
    seed: int = 0,
) -> Thin:
    """Three dense layers of which the second keeps a share of its weights; kept ones are rescaled.

    Args:
        x, y, classes, affine: as for `inactive`.
        keep: the share, above 0 and at most 1.
        width: units of both hidden layers.
        epochs: of gradient descent on the cross-entropy.
        criterion: see `limes.finite.prune`.
        seed: of weights, mask and batches.

    Raises:
        InputError: for a share out of range, or an unknown criterion.

    Cost: `epochs` passes over the rows, masked weights included.
    """
    since, inside = time.process_time(), _inside(x, affine)
    net = standard(mlp(3, b_std=0.05), inside.shape[1:], width)
    start = net.init(seed, inside.shape[1:], width, len(classes))
    pruned = prune(
        *(net.apply, start, keep, criterion),
        rescale=True,
        where=lambda name, w: name == _HIDDEN,
        **({"x": inside, "y": y} if criterion in ("snip", "grasp") else {}),
        key=seed,
    )
    run = train(pruned.apply, pruned.params, inside, y, _recipe(epochs, seed))
    (share,) = set(pruned.kept.values())
    model = FinitePredictor(pruned.apply, run.params, np.asarray(classes), affine)
    weights = sum(int(np.count_nonzero(leaf)) for leaf in jax.tree.leaves(run.params))
    loss = float(np.mean(run.losses[-len(run.losses) // 10 :]) / run.losses[0])
    return Thin(model, share, weights, float(weights), loss, time.process_time() - since)


def local(
    x: Array,
    y: Array,
    classes: Array,
    sight: Sight,
    width: int,
    epochs: int,
    *,
    affine: Affine | None = None,
    seed: int = 0,
) -> Thin:
    """Two layers on images, each unit of the first of which sees all pixels, or a window of 3 x 3.

    Args:
        x: (n, height, width, channels); the others as for `inactive`.
        sight: "all" for a dense layer, "own" for windows (stride 2) with weights of their own, "shared" for a
            convolution.
        width: channels; a dense layer has as many units as the others have in all positions together.
        epochs: of gradient descent on the cross-entropy.
        seed: of weights and batches.

    Raises:
        InputError: for rows that are no images, or an unknown sight.

    Cost: `epochs` passes over the rows.
    """
    inside = _inside(x, affine)
    if inside.ndim != 4:
        raise InputError(f"locality needs images (n, height, width, channels), not rows of shape {inside.shape[1:]}")
    if sight not in get_args(Sight):
        raise InputError(f"sight must be one of {', '.join(get_args(Sight))}, not {sight!r}")
    since, (height, wide, channels) = time.process_time(), inside.shape[1:]
    places = -(-height // 2) * -(-wide // 2)
    layer = {"own": ConvLocal, "shared": Conv}.get(sight)
    if layer is None:
        net, units = serial(Flatten(), Dense(2**0.5, 0.05), Relu(), Dense(1.0, 0.05)), places * width
    else:
        window = layer((WINDOW, WINDOW), (2, 2), "SAME", 2**0.5, 0.05)
        net, units = serial(window, Relu(), Flatten(), Dense(1.0, 0.05)), width
    seen = 1.0 if layer is None else WINDOW**2 / (height * wide)
    net = standard(net, inside.shape[1:], units)
    start = net.init(seed, inside.shape[1:], units, len(classes))
    run = train(net.apply, start, inside, y, _recipe(epochs, seed))
    model = FinitePredictor(net.apply, run.params, np.asarray(classes), affine)
    weights = sum(leaf.size for leaf in jax.tree.leaves(run.params))
    products = places * width * (seen * height * wide * channels + len(classes))
    loss = float(np.mean(run.losses[-len(run.losses) // 10 :]) / run.losses[0])
    return Thin(model, seen, weights, products, loss, time.process_time() - since)


def _inside(x: Array, affine: Affine | None) -> np.ndarray:
    x = np.asarray(x, np.float32)
    return x if affine is None else np.asarray(affine(x), np.float32)


def _recipe(epochs: int, seed: int) -> Recipe:
    return Recipe(epochs=epochs, learning_rate=0.05, momentum=0.9, batch_size=50, seed=seed)
