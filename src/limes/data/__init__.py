"""Labelled data from files and arrays, checked at the door, in the units of everything that follows.

`load` reads, `validate` and `check_bounds` refuse, `split` draws the parts, `summarise` says what a report needs.
"""

from limes.data.checks import check_bounds, validate
from limes.data.dataset import Dataset
from limes.data.inputs import load_inputs
from limes.data.prepare import from_arrays
from limes.data.readers import load
from limes.data.splits import Split, split
from limes.data.summary import data_hash, summarise

__all__ = [
    "Dataset",
    "Split",
    "check_bounds",
    "data_hash",
    "from_arrays",
    "load",
    "load_inputs",
    "split",
    "summarise",
    "validate",
]
