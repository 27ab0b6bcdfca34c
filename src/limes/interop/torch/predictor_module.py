"""The torch module behind `limes.interop.torch.as_module`; needs PyTorch when it is imported."""

from typing import Any

import numpy as np

from limes.core.errors import DtypeError, InputError
from limes.core.types import Predictor
from limes.interop.torch import backend

torch: Any = backend.require_torch()  # without its types: it is not there where types are checked
Tensor = Any
_DTYPES = (torch.float32, torch.float64)


class PredictorModule(torch.nn.Module):
    """Scores of a predictor as a module without parameters.

    Attributes:
        predictor: the Predictor behind it.
        channels_first: whether inputs are (n, channels, *positions).
    """

    def __init__(self, predictor: Predictor, channels_first: bool) -> None:
        super().__init__()
        self.predictor = predictor
        self.channels_first = channels_first

    def forward(self, x: Tensor) -> Tensor:
        """Scores: (n, ...) -> (n, c), in the dtype and on the device of `x`.

        Raises:
            DtypeError: for tensors that are not float32 or float64.
        """
        if x.dtype not in _DTYPES:
            raise DtypeError(f"inputs must be float32 or float64 tensors, not {x.dtype}: convert them, as by x.float()")
        return _Scores.apply(backend.channels_last(x) if self.channels_first else x, self.predictor)

    def extra_repr(self) -> str:
        """The predictor and the layout."""
        return f"{type(self.predictor).__name__}, channels_first={self.channels_first}"


class _Scores(torch.autograd.Function):
    """Scores whose gradient is the predictor's own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, predictor: Predictor) -> Tensor:
        ctx.save_for_backward(x)
        ctx.predictor = predictor
        return _tensor(predictor.scores(_array(x)), x)

    @staticmethod
    def backward(ctx: Any, v: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return _Gradient.apply(x, v, ctx.predictor), None


class _Gradient(torch.autograd.Function):
    """The gradient as a function that refuses to be differentiated, so that no penalty on it is lost in silence."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, v: Tensor, predictor: Predictor) -> Tensor:
        return _tensor(predictor.scores_vjp(_array(x), _array(v)), x)

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> Any:
        raise InputError("the scores of a limes predictor can be differentiated once, not twice")


def _array(x: Tensor) -> np.ndarray:
    return np.ascontiguousarray(x.detach().cpu().numpy())


def _tensor(a: Any, like: Tensor) -> Tensor:
    """A copy: arrays of JAX cannot be written to, and torch knows no such tensors."""
    return torch.from_numpy(np.array(a)).to(like)
