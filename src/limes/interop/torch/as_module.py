"""A predictor of limes as a torch module: for attack libraries and training code written in PyTorch."""

from typing import Any

from limes.core.types import Predictor, require_predictor
from limes.interop.torch.backend import require_torch


def as_module(predictor: Predictor, *, channels_first: bool = False) -> Any:
    """A ``torch.nn.Module`` whose forward pass is `predictor.scores`, and whose backward pass `predictor.scores_vjp`.

    The module has no parameters. It takes float32 and float64 tensors on any device and returns scores of the same
    dtype there; the work itself is done by the predictor, in NumPy and JAX. Its outputs can be differentiated once in
    the input, as attacks need it, and not twice.

    Args:
        predictor: any Predictor: a fitted machine, a finite network, what `limes.measure` returns.
        channels_first: whether images come as (n, channels, height, width), as attack libraries for PyTorch have them,
            and series as (n, channels, time); the predictor sees channels last. Vectors (n, d) are the same either way.

    Returns:
        A module that maps (n, ...) to scores (n, c). Classes are column numbers: with ``predictor.classes_`` use
        ``np.searchsorted(predictor.classes_, y)`` as labels.

    Raises:
        InputError: for what is no Predictor.
        MissingPackage: without PyTorch.
        DtypeError: at the call, for tensors that are not float32 or float64.

    Cost: one `scores` forward and one `scores_vjp` backward, which evaluates the predictor again; and a copy of the
    batch each way.

    Example:
        >>> import numpy as np, torch, limes as lm
        >>> clf = lm.NTKClassifier().fit(np.eye(4), [0, 1, 0, 1])
        >>> module = as_module(clf)
        >>> x = torch.eye(4, dtype=torch.float64, requires_grad=True)
        >>> module(x).argmax(dim=1).tolist()
        [0, 1, 0, 1]
        >>> module(x)[:, 1].sum().backward()
        >>> x.grad.shape
        torch.Size([4, 4])
    """
    require_predictor(predictor)
    require_torch()
    from limes.interop.torch.predictor_module import PredictorModule

    return PredictorModule(predictor, channels_first).eval()
