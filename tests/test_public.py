"""The public face: names at the top, signatures of the main ones, the version. A change here is a change for users."""

import inspect
import re
from pathlib import Path

import pytest

import limes as lm

ROOT = Path(__file__).parents[1]
NAMES = {
    *("NTKClassifier", "NTKRegressor", "NNGPRegressor", "NTKSVC", "RNTKClassifier", "AdvNTKClassifier"),
    *("LazyATClassifier", "load"),
    *("attacks", "beyond", "certify", "data", "finite", "gram", "interop", "jobs", "kernels", "measure", "nets"),
    *("papers", "robust"),
}
INF, EMPTY = float("inf"), inspect.Parameter.empty
ROBUST = {"net": None, "eps": "8/255", "norm": "linf", "bounds": None}

# What callers may rely on, in the order of the arguments: further ones with defaults may follow.
SIGNATURES = {
    "NTKClassifier": {
        "net": None,
        "time": INF,
        "ridge": 0.0,
        "ridge_rel": 0.0,
        "kind": "ntk",
        "scale": None,
        "solver": "auto",
        "random_state": 0,
    },
    "NTKRegressor": {
        "net": None,
        "time": INF,
        "ridge": 0.0,
        "ridge_rel": 0.0,
        "kind": "ntk",
        "scale": None,
        "solver": "auto",
        "random_state": 0,
    },
    "AdvNTKClassifier": {
        **ROBUST,
        "steps": 50,
        "learning_rate": 0.1,
        "batch_size": 128,
        "attack_steps": 10,
        "attack_step_size": None,
        "validation": 1 / 6,
        "protocol": "correct",
        "random_state": 0,
    },
    "LazyATClassifier": {**ROBUST, "random_state": 0},
    "RNTKClassifier.fit": {"self": EMPTY, "X": EMPTY, "y": EMPTY, "lengths": None},
    "NTKClassifier.predict_at": {"self": EMPTY, "X": EMPTY, "time": EMPTY},
    "NTKClassifier.scores": {"self": EMPTY, "x": EMPTY},
    "NTKClassifier.scores_at": {"self": EMPTY, "x": EMPTY, "time": EMPTY},
    "NTKClassifier.save": {"self": EMPTY, "path": EMPTY},
    "load": {"path": EMPTY},
    "nets.mlp": {"depth": 3, "activation": "relu", "w_std": 2**0.5, "b_std": 0.0},
    "nets.cnn": {"depth": 3, "head": "flatten", "w_std": 2**0.5, "b_std": 0.0},
    "nets.Net.kernel": {"self": EMPTY, "x1": EMPTY, "x2": None, "get": ("nngp", "ntk")},
    "nets.Net.apply": {"self": EMPTY, "params": EMPTY, "x": EMPTY},
    "finite.empirical_ntk": {"apply": EMPTY, "params": EMPTY, "x1": EMPTY, "x2": None, "trace": True},
    "interop.torch.empirical_ntk": {"module": EMPTY, "x1": EMPTY, "x2": None, "trace": True},
    "interop.torch.predictor": {"module": EMPTY},
    "interop.torch.as_module": {"predictor": EMPTY},
    "interop.flax.apply_fn": {"module": EMPTY},
    "certify.label_flips": {"predictor": EMPTY, "x": EMPTY},
    "gram.open": {"path": EMPTY},
    "papers.run": {"key": EMPTY, "size": "smoke", "data": None, "out": None, "seeds": None},
}

# The same for arguments that are passed by their names, behind those that are not.
BY_NAME = {
    "attacks.PGD": {
        "norm": "linf",
        "steps": 10,
        "restarts": 1,
        "loss": "margin",
        "step_size": None,
        "random_start": True,
        "targeted": False,
    },
    "attacks.PGD.__call__": {"eps": EMPTY, "bounds": None, "key": 0},
    "attacks.evaluate": {"eps": EMPTY, "norm": "linf", "bounds": None, "key": 0, "surrogates": ()},
    "certify.radius": {"norm": "linf", "bounds": None},
    "kernels.monte_carlo": {"width": 512, "n_samples": 64, "key": 0},
    "nets.Net.init": {"key": EMPTY, "input_shape": EMPTY, "width": 1024, "outputs": 1},
}


def parameters(name):
    found = lm
    for part in name.split("."):
        found = getattr(found, part)
    return {key: parameter.default for key, parameter in inspect.signature(found).parameters.items()}


def test_names_at_the_top():
    assert set(lm.__all__) == NAMES
    assert set(lm.__all__) <= set(dir(lm))
    with pytest.raises(AttributeError, match="no attribute 'NTKClasifier'"):
        _ = lm.NTKClasifier


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_begin_as_promised(name):
    found = parameters(name)
    assert dict(list(found.items())[: len(SIGNATURES[name])]) == SIGNATURES[name]
    assert not [key for key, value in list(found.items())[len(SIGNATURES[name]) :] if value is EMPTY]


@pytest.mark.parametrize("name", BY_NAME)
def test_arguments_by_name_are_as_promised(name):
    found = parameters(name)
    assert {key: found.get(key, "missing") for key in BY_NAME[name]} == BY_NAME[name]


def test_the_version_is_that_of_the_citation_and_the_changelog():
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert citation is not None
    assert citation[1] == lm.__version__
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert changes.index("## [Unreleased]") < changes.index(f"## [{lm.__version__}]")
