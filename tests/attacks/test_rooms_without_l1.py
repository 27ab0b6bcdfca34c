"""Training and certificates know l-inf and l2; they refuse l1, which attacks know, before any work."""

import numpy as np
import pytest

import limes as lm
from limes import jobs
from limes.core.errors import InputError
from limes.robust import FiniteATClassifier

X, Y = np.eye(4), [0, 1, 0, 1]


@pytest.mark.parametrize("norm", ["l1", "l7"])
@pytest.mark.parametrize(
    "use",
    [
        lambda norm: lm.certify.radius(None, X, norm=norm),
        lambda norm: lm.LazyATClassifier(norm=norm).fit(X, Y),
        lambda norm: lm.AdvNTKClassifier(norm=norm).fit(X, Y),
        lambda norm: FiniteATClassifier(norm=norm).fit(X, Y),
        lambda norm: jobs.attack("missing.npz", norm=norm),
        lambda norm: jobs.prepare("digits", options=jobs.Options(norm=norm)),
    ],
    ids=["certify", "lazy", "adv-ntk", "finite", "attack", "robustify"],
)
def test_l1_is_refused(use, norm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"norm must be one of linf, l2, not '{norm}'"):
        use(norm)
    assert not list(tmp_path.iterdir())
