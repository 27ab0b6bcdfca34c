"""A torch module as a predictor: all attacks and measurements of limes work on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limes.core import precision
from limes.core.errors import InputError
from limes.core.types import Array
from limes.interop.torch import backend


@dataclass(frozen=True, eq=False)
class TorchPredictor:
    """A torch module as a Predictor; made by `predictor`.

    Attributes:
        module: the network. It is evaluated, never changed.
        n_outputs: number of score columns.
        channels_first: whether the module takes images as (n, channels, height, width), while callers have channels
            last.
        classes_: (c,) labels of the score columns, or None.
        deterministic: whether two evaluations of a point must agree.
    """

    module: Any
    n_outputs: int
    channels_first: bool = False
    classes_: np.ndarray | None = None
    deterministic: bool = True
    _checked: list[bool] = field(default_factory=list, repr=False)

    def scores(self, x: Array) -> np.ndarray:
        """Scores of a batch: (n, ...) -> (n, c), in the dtype of the module.

        Raises:
            InputError: if the module does not return (n, n_outputs), or other scores when it is called again although
            `deterministic` is true.
            DtypeError: for input that is not float32 or float64.
        """
        torch = backend.require_torch()
        with backend.evaluation_mode(self.module), torch.no_grad():
            z = self._enter(x)
            out = self._scores(z)
            if self.deterministic and not self._checked:
                when, way_out = "when it is called again with the same input", ", or accept it: deterministic=False"
                backend.require_same(out, self._scores(z), when, way_out)
                self._checked.append(True)
        return backend.array(out)

    def scores_vjp(self, x: Array, v: Array) -> np.ndarray:
        """Gradient in x of sum(v * scores(x)): the shape and dtype of x. `v` is (n, n_outputs).

        Raises:
            InputError: if `v` does not have the shape of the scores; and as `scores`.
            DtypeError: for input that is not float32 or float64.
        """
        v = np.asarray(v)
        if v.shape != (len(x), self.n_outputs):
            raise InputError(f"v has shape {v.shape}, but the scores of x have shape {(len(x), self.n_outputs)}")
        return self.scores_and_vjp(x, lambda scores: v)[1]

    def scores_and_vjp(self, x: Array, cotangent: Callable[[np.ndarray], Array]) -> tuple[np.ndarray, np.ndarray]:
        """Scores, and the gradient of sum(v * scores(x)) for v = cotangent(scores), from one forward pass."""
        torch = backend.require_torch()
        with backend.evaluation_mode(self.module), torch.enable_grad():
            z = self._enter(x).requires_grad_()
            out = self._scores(z)
            if not out.requires_grad:
                raise InputError(
                    "the scores of the module have no gradient in its input: it detaches them, or runs under no_grad"
                )
            scores = backend.array(out)
            v = torch.as_tensor(np.array(cotangent(scores))).to(out)
            (gradient,) = torch.autograd.grad(out, z, v, allow_unused=True)
        x = np.asarray(x)
        if gradient is None:
            return scores, np.zeros_like(x)
        gradient = backend.channels_last(gradient) if self.channels_first else gradient
        return scores, backend.array(gradient).astype(x.dtype, copy=False)

    def predict(self, x: Array) -> np.ndarray:
        """Labels of the largest scores: from `classes_`, or column numbers."""
        columns = self.scores(x).argmax(axis=1)
        return columns if self.classes_ is None else self.classes_[columns]

    def _enter(self, x: Array) -> Any:
        x = np.asarray(x)
        device, dtype = backend.home(self.module)
        precision.float_dtype(x)
        z = backend.require_torch().from_numpy(np.array(x)).to(device=device, dtype=dtype)
        return backend.channels_first(z).contiguous() if self.channels_first else z

    def _scores(self, z: Any) -> Any:
        try:
            out = self.module(z)
        except RuntimeError as error:
            if z.ndim > 2:
                error.add_note(
                    f"The module was given inputs of shape {tuple(z.shape)}. Points have their channels last, before "
                    "and after an attack; channels_first=True hands them to the module with the channels first."
                )
            raise
        shape = tuple(getattr(out, "shape", ()))
        if shape != (len(z), self.n_outputs):
            what = f"scores of shape {shape}" if shape else f"a {type(out).__name__}"
            raise InputError(
                f"the module returned {what} for inputs of shape {tuple(z.shape)}, where ({len(z)}, {self.n_outputs}) "
                "was expected: give n_outputs=..., or wrap it in a module that returns one score for each class"
            )
        return out


def predictor(
    module: Any,
    *,
    channels_first: bool = False,
    n_outputs: int | None = None,
    classes: Sequence[Any] | np.ndarray | None = None,
    deterministic: bool = True,
) -> TorchPredictor:
    """A torch module as a Predictor: ``lm.attacks.evaluate(predictor(module), x, y, eps)``.

    Every evaluation runs in evaluation mode (no dropout, batch norm with its running statistics), whatever mode the
    module is in, and leaves each of its parts in the mode in which it was. Parameters and their gradients are not
    touched. Points are moved to the device and the dtype of the parameters; scores come back as NumPy arrays of that
    dtype, gradients in the dtype of the points.

    Args:
        module: a ``torch.nn.Module`` that maps (n, ...) to scores (n, c).
        channels_first: whether the module takes images as (n, channels, height, width) and series as
            (n, channels, time), as most do. Points, gradients and adversarial examples have channels last everywhere in
            limes; vectors (n, d) are the same either way.
        n_outputs: number of classes. Left out, it is the number of `classes`, or that of the last linear or
            convolutional layer in the module, and checked at every call.
        classes: (c,) labels of the score columns; labels are column numbers where there are none.
        deterministic: whether the first batch is scored twice and a difference is an error. False for defences that are
            random on purpose; their robust accuracy is then that of single draws.

    Raises:
        InputError: for what is no module, or one that does not show its number of outputs; at the call, for
            scores of another shape, or scores that change from call to call.
        MissingPackage: without PyTorch.

    Cost: one forward pass for `scores`, one more backward pass for gradients; twice for the first batch of scores.

    Example:
        >>> import numpy as np, torch, limes as lm
        >>> _ = torch.manual_seed(0)
        >>> model = predictor(torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)))
        >>> x = np.random.default_rng(0).uniform(size=(5, 2)).astype("float32")
        >>> result = lm.attacks.PGD(steps=5)(model, x, model.predict(x), eps=0.5, bounds=(0, 1))
        >>> result.x_adv.shape, result.x_adv.dtype.name
        ((5, 2), 'float32')
    """
    backend.require_module(module)
    labels = None if classes is None else np.asarray(classes)
    if labels is not None and labels.ndim != 1:
        raise InputError(f"classes must be one label for each score column, not an array of shape {labels.shape}")
    found = n_outputs if n_outputs is not None else _outputs_of(module) if labels is None else len(labels)
    if labels is not None and len(labels) != found:
        raise InputError(f"classes holds {len(labels)} labels for {found} outputs: they must be as many")
    return TorchPredictor(module, found, channels_first, labels, deterministic)


def _outputs_of(module: Any) -> int:
    """Outputs of the last layer that has a number of them."""
    sizes = [getattr(part, "out_features", None) or getattr(part, "out_channels", None) for part in module.modules()]
    known = [size for size in sizes if isinstance(size, int)]
    if not known:
        raise InputError(
            f"{type(module).__name__} has no linear or convolutional layer that would show its number of outputs: "
            "give n_outputs=... or classes=..."
        )
    return known[-1]
