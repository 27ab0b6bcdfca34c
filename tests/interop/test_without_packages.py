"""The bridges without the libraries that they lead to."""

import subprocess
import sys

import pytest

import limes as lm
from limes.core.errors import MissingPackage


@pytest.mark.parametrize(
    "use",
    [lambda: lm.interop.torch.predictor(object()), lambda: lm.interop.torch.as_module(lm.NTKClassifier())],
    ids=["predictor", "as_module"],
)
def test_what_to_install_is_said(use, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(lm.NTKClassifier, "n_outputs", 2)
    with pytest.raises(MissingPackage, match=r"needs PyTorch: pip install 'limes\[torch\]'"):
        use()


def test_nothing_is_imported_before_it_is_used():
    script = "import sys, limes as lm; lm.interop.torch.predictor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
