"""From arrays as they lie in a file to a `Dataset`: units, box, scaling, and a note for each decision.

| what came in | becomes | box | scale |
|---|---|---|---|
| integers (n, h, w) or (n, h, w, c): images | float32, divided by the range of the type | (0, 1) | "standard" |
| floats (n, h, w, c): images | as they are | (0, 1) if they lie in it | "standard" |
| floats (n, time, channels): series | as they are | (0, 1) if they lie in it | None |
| numbers (n, features): table | floats, integers as float64 | (0, 1) if they lie in it | "standard" where no box |

A table whose values all lie in [0, 1] has one scale already (flattened images, say): standardising it would blow up
features that hardly vary, and with them the effect of a perturbation of given size. Images are standardised by channel,
which moves and scales all pixels alike: kernels of pixels that are all positive see little but their mean.
"""

from typing import Any

import numpy as np

from limes.core.errors import InputError
from limes.core.precision import require_unmasked
from limes.data.checks import validate
from limes.data.dataset import Dataset
from limes.data.labels import as_labels
from limes.data.remarks import remarks

_RANGE = {np.dtype(bool): 1, np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
_CHANNELS = (1, 3, 4)


def from_arrays(
    x: Any,
    y: Any,
    x_test: Any = None,
    y_test: Any = None,
    *,
    name: str = "data",
    source: str = "arrays",
    notes: tuple[str, ...] = (),
) -> Dataset:
    """A checked `Dataset` from arrays in any of the forms that files hold.

    Args:
        x: (n, features), (n, height, width) integers, (n, time, channels) floats, or (n, height, width, channels).
        y: (n,) labels: integers, strings, whole floats.
        x_test: (m, ...) like `x`, or None.
        y_test: (m,) like `y`, or None.
        name: short name of the data.
        source: where they came from.
        notes: what the reader has to say already.

    Raises:
        InputError: for everything that `validate` refuses, for images with the channels first, and for integer images
            whose range is not known.

    Example:
        >>> import numpy as np
        >>> data = from_arrays(np.full((2, 3, 3), 51, np.uint8), [0, 1])
        >>> data.x.shape, float(data.x[0, 0, 0, 0]), data.bounds
        ((2, 3, 3, 1), 0.20000000298023224, (0.0, 1.0))
    """
    x, x_test = _array(x, "x"), _array(x_test, "x_test")
    validate(x, y, x_test, y_test)
    y, y_test = as_labels(y), None if y_test is None else as_labels(y_test, "y_test")
    observed = remarks(x, y)
    parts = [x] if x_test is None else [x, x_test]
    parts, layout_notes = _layout(parts)
    parts, unit_notes = _units(parts)
    bounds, scale, box_notes = _box(parts)
    return Dataset(
        name=name,
        source=source,
        x=parts[0],
        y=y,
        x_test=None if x_test is None else parts[1],
        y_test=y_test,
        bounds=bounds,
        scale=scale,
        notes=(*notes, *layout_notes, *unit_notes, *box_notes, *observed),
    )


def inputs_from_array(x: Any) -> np.ndarray:
    """Inputs without labels, in the layout and units that `from_arrays` would give them.

    Raises:
        InputError: as `from_arrays`.
    """
    parts, _ = _layout([np.asarray(x)])
    return _units(parts)[0][0]


def _array(x: Any, name: str) -> Any:
    require_unmasked(x, name)
    try:
        return None if x is None else np.asarray(x)
    except ValueError as error:
        raise InputError(f"{name} is not an array, its rows have unequal lengths ({error})") from error


def _layout(parts: list[np.ndarray]) -> tuple[list[np.ndarray], list[str]]:
    """Integer images (n, h, w) get a channel axis; images with the channels first are refused."""
    x = parts[0]
    if x.ndim == 3 and x.dtype.kind != "f":
        return [part[..., None] for part in parts], [f"read as grey images of {x.shape[1]} x {x.shape[2]} pixels"]
    if x.ndim == 3 and x.shape[2] > 1:
        steps, channels = x.shape[1:]
        remark = f"read as series of {steps} time steps with {channels} channels: give float images as (n, h, w, 1)"
        return parts, [remark]
    if x.ndim == 4 and x.shape[3] not in _CHANNELS and x.shape[1] in _CHANNELS:
        raise InputError(
            f"images have shape {x.shape}, with the channels first, but (n, height, width, channels) is needed: "
            "use x.transpose(0, 2, 3, 1)"
        )
    return parts, []


def _units(parts: list[np.ndarray]) -> tuple[list[np.ndarray], list[str]]:
    """Floats of 32 or 64 bits, images in fractions of their type's range."""
    x = parts[0]
    units = {"float" if part.dtype.kind == "f" else part.dtype for part in parts}
    if x.ndim > 2 and len(units) > 1:
        raise InputError(f"x has dtype {x.dtype} but x_test has {parts[1].dtype}: their units differ, store them alike")
    if x.ndim == 4 and x.dtype.kind != "f":
        return _integer_images(parts)
    if x.dtype.kind != "f":
        dtype, note = np.float64, []
        if x.dtype == np.uint8:
            note = ["8-bit numbers of 2 dimensions are read as a table: give images as (n, height, width)"]
    else:
        dtype = np.float32 if x.dtype.itemsize <= 4 else np.float64
        note = [] if x.dtype.newbyteorder("=") == dtype else [f"{x.dtype} was converted to {np.dtype(dtype)}"]
    return [np.ascontiguousarray(part, dtype=dtype) for part in parts], note


def _integer_images(parts: list[np.ndarray]) -> tuple[list[np.ndarray], list[str]]:
    dtype = parts[0].dtype.newbyteorder("=")
    low, high = _extent(parts)
    top = _RANGE.get(dtype)
    if top is None:
        # A wide type says nothing about the range of its pixels; 8-bit pixels kept in one are common.
        if low < 0 or high > 255:
            raise InputError(
                f"images of dtype {dtype} hold values from {low:g} to {high:g}, whose full range is not known: "
                "store them as uint8 or uint16, or as floats"
            )
        top = 255
    notes = [f"integer images of dtype {dtype} were divided by {top}"] if top > 1 else []
    if high < top / 4:
        notes.append(f"the largest pixel is {high:g} of {top}: if that is the full range, give floats in [0, 1]")
    return [np.divide(part, np.float32(top), dtype=np.float32, order="C") for part in parts], notes


def _box(parts: list[np.ndarray]) -> tuple[tuple[float, float] | None, Any, list[str]]:
    """The box of valid inputs, the scaling, and the sentences on both."""
    low, high = _extent(parts)
    images = parts[0].ndim == 4
    scale = "standard" if images else None
    centred = ['channels are standardised inside the model (scale="standard"); eps stays in pixels'] if images else []
    if low >= 0 and high <= 1:
        return (0.0, 1.0), scale, ["all values lie in [0, 1], which is taken as the box of valid inputs", *centred]
    remark = f"values range from {low:g} to {high:g}, beyond [0, 1], so no box of valid inputs is assumed"
    if parts[0].ndim == 2:
        scaling = 'features are standardised inside the model (scale="standard"); eps stays in the units of the table'
        return None, "standard", [f"{remark}: pass --bounds LOW HIGH if there is one", scaling]
    pixels = images and low >= 0 and high <= 255
    advice = "divide by 255 or pass --bounds 0 255 if these are pixels" if pixels else "pass --bounds LOW HIGH"
    return None, scale, [f"{remark}: {advice}", *centred]


def _extent(parts: list[np.ndarray]) -> tuple[float, float]:
    return min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
