"""What an object with large arrays shows of itself."""

import numpy as np

import limes as lm


def test_data_and_their_parts_show_shapes():
    data = lm.data.from_arrays(np.arange(40.0).reshape(10, 4), np.arange(10) % 2, name="toy")
    assert repr(data).startswith("Dataset(name='toy', source='arrays', x=<float64 (10, 4)>, y=array([0, 1,")
    assert "x_train=<float64 (7, 4)>" in repr(lm.data.split(data))
