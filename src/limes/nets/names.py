"""Nets from what a person types: a name with a depth, a JSON specification, or a file that holds one."""

import json
import re
from pathlib import Path

from limes.core.errors import FormatError, NetError
from limes.nets.net import Net
from limes.nets.spec import from_spec
from limes.nets.zoo import cnn, mlp, myrtle, resnet

FORMS = "mlp, mlp-5, cnn-3, cnn-3-gap, resnet-4, resnet-4-gap, myrtle-5, a JSON specification, or a file that holds one"


def parse_net(text: str | Net | None, shape: tuple[int, ...] = ()) -> Net:
    """A net from its name or specification.

    Args:
        text: see `FORMS`; the number is the depth (dense layers, convolutions, residual blocks), 3 where left out, 5
            for Myrtle nets. A `Net` is returned as it is.
        shape: shape of one input; convolutions are one-dimensional where it has two axes.

    Raises:
        NetError: for an unknown name, or a convolutional net on inputs without positions.
        FormatError: for a file that holds no JSON.

    Example:
        >>> print(parse_net("mlp-2"))
        dense(w_std 1.414) > relu > dense(w_std 1.414)
    """
    if isinstance(text, Net):
        return text
    text = (text or "mlp").strip()
    if text.startswith("[") or text.endswith(".json"):
        return from_spec(_read_spec(text))
    match = re.fullmatch(r"(?:(mlp|myrtle)|(cnn|resnet))(?:-(\d+))?(?(2)(?:-(flatten|gap))?)", text.lower())
    if match is None:
        raise NetError(f"unknown net {text!r}: write {FORMS}")
    name, head = match[1] or match[2], match[4] or "flatten"
    depth = int(match[3] or (5 if name == "myrtle" else 3))
    if name == "mlp":
        return mlp(depth)
    if len(shape) == 1:
        raise NetError(f"{text} needs images or series, but an input here is a vector of {shape[0]} features: use mlp")
    if name == "myrtle":
        return myrtle(depth)
    kernel = (3,) if len(shape) == 2 else (3, 3)
    return cnn(depth, head, kernel=kernel) if name == "cnn" else resnet(depth, head, kernel=kernel)


def _read_spec(text: str) -> list:
    try:
        content = text if text.startswith("[") else Path(text).read_text(encoding="utf-8")
        return json.loads(content)
    except OSError as error:
        raise FormatError(f"the specification {text} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise FormatError(f"the specification of the net is not JSON ({error}): write a list of layers") from error
