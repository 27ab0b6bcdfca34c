"""What `limes attack` keeps of a run that was interrupted."""

import numpy as np
import pytest

import limes as lm
from limes import jobs
from limes.core.progress import Quiet

pytestmark = pytest.mark.usefixtures("quick_compilation")


class Interrupt(Quiet):
    """Ctrl-C at the first line that tells of a radius which is done."""

    def note(self, text):
        if text.startswith("eps"):
            raise KeyboardInterrupt


class Count(Quiet):
    """How many attacks are begun."""

    begun = 0

    def start(self, label, total):
        self.begun += 1


def test_an_interrupted_evaluation_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(30, 4)), np.arange(30) % 2
    model, data = tmp_path / "model.npz", tmp_path / "data.npz"
    lm.NTKClassifier(lm.nets.mlp(2)).fit(x, y).save(model)
    np.savez(data, X=x, y=y)
    options = {"eps": (0.05, 0.1), "steps": 3, "queries": 5, "n_test": 8}
    whole, rest = Count(), Count()
    expected = jobs.attack(model, str(data), out=tmp_path / "whole", progress=whole, **options)
    with pytest.raises(KeyboardInterrupt):
        jobs.attack(model, str(data), out=tmp_path / "run", progress=Interrupt(), **options)
    assert not (tmp_path / "run" / "metrics.json").exists()
    assert jobs.attack(model, str(data), out=tmp_path / "run", progress=rest, **options) == expected
    assert 0 < rest.begun < whole.begun
    assert (tmp_path / "run" / "report.html").read_bytes() == (tmp_path / "whole" / "report.html").read_bytes()
