import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # makes `oracles` importable
sys.path.insert(0, str(Path(__file__).parent))  # and `math_functions`


@pytest.fixture
def series():
    """Three series (3, 5, 2)."""
    return np.random.default_rng(0).standard_normal((3, 5, 2))
