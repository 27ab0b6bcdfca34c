"""Nets from and to plain data: configurations, saved models, golden tests."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from limes.core.errors import NetError
from limes.nets.layer import Layer
from limes.nets.net import Net


def from_spec(spec: Sequence[Mapping[str, Any]]) -> Net:
    """The net that a specification describes.

    Args:
        spec: a list of dicts ``{"layer": name, field: value, ...}``; fields left out take their defaults.

    Raises:
        NetError: for an unknown layer or field, with the known ones, or a value out of range.

    Example:
        >>> print(from_spec([{"layer": "dense", "w_std": 1.5}, {"layer": "relu"}, {"layer": "dense"}]))
        dense(w_std 1.5) > relu > dense(w_std 1)
    """
    return Net(_layers(spec))


def make_layer(name: str, **fields: Any) -> Layer:
    """One layer by its name in specifications.

    Raises:
        NetError: for an unknown layer or field.
    """
    if name not in Layer.registry:
        close = difflib.get_close_matches(str(name), Layer.registry, n=1)
        hint = f", did you mean {close[0]!r}?" if close else ":"
        raise NetError(f"unknown layer {name!r}{hint} known layers are {', '.join(sorted(Layer.registry))}")
    cls = Layer.registry[name]
    known = {f.name: f for f in dataclasses.fields(cls)}
    if unknown := sorted(set(fields) - set(known)):
        raise NetError(f"layer {name!r} has no field {unknown[0]!r}: its fields are {', '.join(known) or 'none'}")
    required = [k for k, f in known.items() if f.default is dataclasses.MISSING and k not in fields]
    if required:
        raise NetError(f"layer {name!r} needs the field {required[0]!r}")
    return cls(**{k: _value(k, v) for k, v in fields.items()})


def _layers(spec: Any) -> tuple[Layer, ...]:
    if not isinstance(spec, list | tuple):
        raise NetError(f"a specification is a list of dicts, one a layer, not {type(spec).__name__}")
    layers = []
    for item in spec:
        if not isinstance(item, Mapping) or "layer" not in item:
            raise NetError(f'each layer of a specification is a dict with the key "layer", not {item!r}')
        fields = {k: v for k, v in item.items() if k != "layer"}
        layers.append(make_layer(item["layer"], **fields))
    return tuple(layers)


def _value(field: str, value: Any) -> Any:
    if field in ("body", "shortcut"):
        return _layers(value)
    if isinstance(value, Mapping) and "layer" in value:
        return _layers([value])[0]
    return tuple(value) if isinstance(value, list) else value
