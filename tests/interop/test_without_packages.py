"""The bridges without the libraries that they lead to."""

import subprocess
import sys

import pytest

import limes as lm
from limes.core.errors import MissingPackage


class Constant:
    n_outputs = 2

    def scores(self, x):
        return x

    def scores_vjp(self, x, v):
        return v


@pytest.mark.parametrize(
    ("package", "use", "message"),
    [
        ("torch", lambda: lm.interop.torch.predictor(object()), r"pip install 'limes\[torch\]'"),
        ("torch", lambda: lm.interop.torch.as_module(Constant()), r"pip install 'limes\[torch\]'"),
        ("torch", lambda: lm.interop.torch.empirical_ntk(object(), None), r"pip install 'limes\[torch\]'"),
        ("flax", lambda: lm.interop.flax.apply_fn(object()), r"pip install 'limes\[flax\]'"),
        ("equinox", lambda: lm.interop.equinox.apply_fn(object()), "pip install equinox"),
    ],
)
def test_what_to_install_is_said(package, use, message, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.linen", raising=False)
    with pytest.raises(MissingPackage, match=message):
        use()


def test_nothing_is_imported_before_it_is_used():
    script = """
import sys, limes as lm
lm.interop.torch.predictor, lm.interop.flax.apply_fn, lm.interop.equinox.apply_fn
print(any(name in sys.modules for name in ("torch", "flax", "equinox")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
