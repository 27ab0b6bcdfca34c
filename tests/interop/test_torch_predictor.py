"""Torch modules as predictors: values, gradients, evaluation mode, and what is refused."""

import numpy as np
import pytest

import limes as lm
from limes.core.errors import DtypeError, InputError

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")
nn = torch.nn

RNG = np.random.default_rng(0)
predictor = lm.interop.torch.predictor


def network(dtype="float64", *more):
    torch.manual_seed(0)
    layers = nn.Linear(4, 9), nn.Tanh(), *more, nn.Linear(9, 3)
    return nn.Sequential(*layers).to(getattr(torch, dtype))


def convolutional():
    """Takes (n, 2, 4, 5); no two axes alike."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(18, 4)).double()


def numerical_vjp(model, x, v, step=1e-6):
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[i] = step
        out[i] = (v * (model.scores(x + moved) - model.scores(x - moved))).sum() / (2 * step)
    return out


@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 5, 2)])
def test_gradients_against_finite_differences(shape):
    model = predictor(network()) if len(shape) == 2 else predictor(convolutional(), channels_first=True)
    x, v = RNG.standard_normal(shape), RNG.standard_normal((shape[0], model.n_outputs))
    assert isinstance(model, lm.core.types.Predictor)
    np.testing.assert_allclose(model.scores_vjp(x, v), numerical_vjp(model, x, v), rtol=1e-6, atol=1e-8)


def test_scores_are_those_of_the_module_and_nothing_in_it_changes():
    module = convolutional()
    x = RNG.standard_normal((2, 4, 5, 2))
    model = predictor(module, channels_first=True)
    expected = module(torch.tensor(x.transpose(0, 3, 1, 2))).detach().numpy()
    np.testing.assert_allclose(model.scores(x), expected, rtol=1e-12)
    before = x.copy()
    scores, _ = model.scores_and_vjp(x, lambda s: np.ones_like(s))
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    np.testing.assert_array_equal(x, before)
    assert all(p.grad is None and p.requires_grad for p in module.parameters())


@pytest.mark.parametrize("module_dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_module_decides_the_dtype_of_scores_and_the_points_that_of_gradients(module_dtype, dtype):
    model = predictor(network(module_dtype))
    x = RNG.standard_normal((3, 4)).astype(dtype)
    assert model.scores(x).dtype == ("float64" if module_dtype == "float64" else "float32")
    assert model.scores_vjp(x, np.ones((3, 3))).dtype == dtype


def test_evaluation_mode_for_the_call_only():
    """Batch norm and dropout act as in evaluation, and a module in the middle of its training goes on as it was."""
    module = network("float64", nn.BatchNorm1d(9), nn.Dropout(0.5))
    x = RNG.standard_normal((6, 4))
    module.train()(torch.tensor(x))  # running statistics
    module[2].eval()
    statistics = module[2].running_mean.clone()
    model = predictor(module)
    scores, gradient = model.scores(x), model.scores_vjp(x, np.ones((6, 3)))
    assert [part.training for part in module.modules()] == [True, True, True, False, True, True]
    assert torch.equal(module[2].running_mean, statistics)
    module.eval()
    np.testing.assert_array_equal(scores, module(torch.tensor(x)).detach().numpy())
    np.testing.assert_array_equal(gradient, model.scores_vjp(x, np.ones((6, 3))))


class Noisy(nn.Module):
    """Random also in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.inner = network()

    def forward(self, x):
        return self.inner(x + 0.1 * torch.randn_like(x))


def test_random_modules_are_found():
    x = RNG.standard_normal((6, 4))
    with pytest.raises(InputError, match=r"other scores when it is called again .* accept it: deterministic=False"):
        predictor(Noisy()).scores(x)
    model = predictor(Noisy(), deterministic=False)
    assert not np.array_equal(model.scores(x), model.scores(x))


def test_attacks_and_their_audit():
    torch.manual_seed(0)
    linear = nn.Linear(6, 2)
    x = RNG.standard_normal((40, 6)).astype("float32")
    model = predictor(linear, classes=["no", "yes"])
    y = model.predict(x)
    difference = (linear.weight[1] - linear.weight[0]).detach().numpy()
    gap = np.abs(np.diff(model.scores(x), axis=1)[:, 0])
    eps = np.median(gap) / np.abs(difference).sum()
    report = lm.attacks.evaluate(model, x, y, [0, eps], queries=20)
    np.testing.assert_allclose(report.robust_accuracy, [1, (gap > eps * np.abs(difference).sum()).mean()])
    assert set(y.tolist()) == {"no", "yes"}
    assert not report.failed


def test_there_and_back():
    module = convolutional()
    x = torch.tensor(RNG.standard_normal((2, 2, 4, 5)), requires_grad=True)
    again = lm.interop.torch.as_module(predictor(module, channels_first=True), channels_first=True)
    assert torch.equal(again(x), module(x))
    ours, theirs = (torch.autograd.grad(m(x)[:, 1].sum(), x)[0] for m in (again, module))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_module_that_ignores_its_input_has_gradient_zero():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return self.bias.expand(len(x), 3)

    model = predictor(Constant(), n_outputs=3)
    np.testing.assert_array_equal(model.scores_vjp(np.ones((2, 4)), np.ones((2, 3))), np.zeros((2, 4)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: predictor(len), "module must be a torch.nn.Module, not builtin_function_or_method"),
        (lambda: predictor(nn.Flatten()), "Flatten has no linear or convolutional layer .* give n_outputs"),
        (lambda: predictor(network(), n_outputs=3, classes=[0, 1]), "classes holds 2 labels for 3 outputs"),
        (lambda: predictor(network(), classes=[[0, 1, 2]]), "one label for each score column, not an array of shape"),
        (lambda: predictor(network(), n_outputs=4).scores(np.ones((2, 4))), r"shape \(2, 3\) .* \(2, 4\) was expected"),
        (lambda: predictor(network()).scores_vjp(np.ones((2, 4)), np.ones((2, 2))), r"v has shape \(2, 2\), but"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_modules_without_gradients_or_tensors_are_refused():
    class Detached(nn.Linear):
        def forward(self, x):
            return super().forward(x).detach()

    class Pair(nn.Linear):
        def forward(self, x):
            return super().forward(x), None

    x = np.ones((2, 4), "float32")
    with pytest.raises(InputError, match="no gradient in its input"):
        predictor(Detached(4, 3)).scores_vjp(x, np.ones((2, 3)))
    with pytest.raises(InputError, match="the module returned a tuple"):
        predictor(Pair(4, 3)).scores(x)
    with pytest.raises(DtypeError, match="int64"):
        predictor(network()).scores(np.ones((2, 4), int))


def test_an_error_of_the_module_comes_with_the_order_of_the_axes():
    with pytest.raises(RuntimeError) as caught:
        predictor(convolutional()).scores(np.zeros((2, 6, 5, 3), np.float32))
    assert "channels_first=True hands them to the module with the channels first" in caught.value.__notes__[0]
