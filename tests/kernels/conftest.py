import json
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))  # makes `oracles` importable


@pytest.fixture(scope="session")
def golden():
    """Case name -> (spec, {"x1", "x2", "nngp", "ntk", "nngp_self", "ntk_self"}); see tests/golden/README.md."""
    specs = json.loads((TESTS / "golden" / "kernels.json").read_text())
    with np.load(TESTS / "golden" / "kernels.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    fields = ("x1", "x2", "nngp", "ntk", "nngp_self", "ntk_self")
    return {case: (spec, {f: arrays[f"{case}/{f}"] for f in fields}) for case, spec in specs.items()}
