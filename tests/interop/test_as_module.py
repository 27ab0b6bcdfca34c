"""Predictors of limes as torch modules: values, dtypes, layouts, and gradients against finite differences."""

import numpy as np
import pytest

import limes as lm
from limes.core.errors import DtypeError, InputError

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((30, 5)), np.arange(30) % 3
IMAGES = RNG.uniform(size=(12, 4, 5, 2))  # no two axes alike


@pytest.fixture(scope="module")
def machine():
    return lm.NTKClassifier(ridge=0.1).fit(ROWS, LABELS)


@pytest.fixture(scope="module")
def convolutional():
    net = lm.nets.cnn(depth=1, head="flatten")
    return lm.NTKClassifier(net=net, ridge=0.1).fit(IMAGES, np.arange(12) % 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_and_gradients_are_those_of_the_predictor(machine, dtype):
    x, v = RNG.standard_normal((4, 5)).astype(dtype), RNG.standard_normal((4, 3)).astype(dtype)
    leaf = torch.tensor(x, requires_grad=True)
    scores = lm.interop.torch.as_module(machine)(leaf)
    scores.backward(torch.tensor(v))
    assert scores.dtype == leaf.grad.dtype == getattr(torch, dtype)
    np.testing.assert_array_equal(scores.detach().numpy(), machine.scores(x).astype(dtype))
    np.testing.assert_array_equal(leaf.grad.numpy(), machine.scores_vjp(x, v))


def test_gradients_against_finite_differences(machine, convolutional):
    x = torch.tensor(RNG.standard_normal((3, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(lm.interop.torch.as_module(machine), (x,), atol=1e-6)
    images = torch.tensor(RNG.uniform(size=(1, 2, 4, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(lm.interop.torch.as_module(convolutional, channels_first=True), (images,))


def test_channels_first_images_are_the_same_images(convolutional):
    x, v = RNG.uniform(size=(3, 4, 5, 2)), RNG.standard_normal((3, 3))
    leaf = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    scores = lm.interop.torch.as_module(convolutional, channels_first=True)(leaf)
    scores.backward(torch.tensor(v))
    np.testing.assert_allclose(scores.detach().numpy(), convolutional.scores(x), rtol=1e-12)
    np.testing.assert_allclose(leaf.grad.numpy().transpose(0, 2, 3, 1), convolutional.scores_vjp(x, v), rtol=1e-12)


def test_it_takes_part_in_larger_modules(machine):
    """The chain rule on both sides: a scaling before, a loss after."""
    x = torch.tensor(RNG.standard_normal((4, 5)), requires_grad=True)
    module, y = lm.interop.torch.as_module(machine), torch.tensor([0, 1, 2, 0])
    assert torch.autograd.gradcheck(lambda z: torch.nn.functional.cross_entropy(module(2 * z), y), (x,), atol=1e-6)
    assert not list(module.parameters())


def test_a_second_derivative_is_refused(machine):
    """And not dropped: a penalty on the gradient would otherwise count as a constant."""
    x = torch.tensor(RNG.standard_normal((2, 5)), requires_grad=True)
    scores = lm.interop.torch.as_module(machine)(x)
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    with pytest.raises(InputError, match="can be differentiated once, not twice"):
        (scores.sum() + (gradient**2).sum()).backward()


def test_bad_input(machine):
    with pytest.raises(DtypeError, match=r"inputs must be float32 or float64 tensors, not torch\.int64"):
        lm.interop.torch.as_module(machine)(torch.zeros(2, 5, dtype=torch.int64))
    with pytest.raises(InputError, match=r"a predictor with n_outputs, .* Linear has no n_outputs"):
        lm.interop.torch.as_module(torch.nn.Linear(2, 2))
