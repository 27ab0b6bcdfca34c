"""The empirical NTK of torch modules against the definition, and against that of the same network in JAX."""

import numpy as np
import pytest

import limes as lm
from limes.core.errors import InputError, MemoryRefused

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'limes[torch]'")
nn = torch.nn

RNG = np.random.default_rng(0)


def convolutional():
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(18, 4)
    module = nn.Sequential(*layers).double()
    module(torch.tensor(RNG.standard_normal((8, 2, 4, 5))))  # running statistics
    return module


def naive(module, x1, x2):
    """(n1, n2, c, c), by backward() for each example and output."""

    def gradients(x):
        rows = []
        for one in x:
            out = module(one[None])[0]
            parameters = [p for p in module.parameters() if p.requires_grad]
            each = [torch.autograd.grad(value, parameters, retain_graph=True) for value in out]
            rows.append([np.concatenate([g.numpy().ravel() for g in gradient]) for gradient in each])
        return np.array(rows)

    return np.einsum("iap,jbp->ijab", gradients(x1), gradients(x2))


@pytest.mark.parametrize("frozen", [False, True])
def test_the_definition_in_evaluation_mode(frozen):
    module = convolutional()
    module[0].weight.requires_grad_(not frozen)
    x1, x2 = (torch.tensor(RNG.standard_normal((n, 2, 4, 5))) for n in (5, 4))
    exact = naive(module.eval(), x1, x2)
    module.train()
    ntk = lm.interop.torch.empirical_ntk
    full = ntk(module, x1, x2, trace=False, tile=3)
    np.testing.assert_allclose(full.numpy(), exact, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ntk(module, x1, x2).numpy(), np.einsum("ijaa->ij", exact) / 4, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ntk(module, x1, x2, output=2).numpy(), exact[:, :, 2, 2], rtol=1e-10, atol=1e-12)
    half = ntk(module, x1, trace=False, tile=2).numpy()
    np.testing.assert_allclose(half, naive(module.eval(), x1, x1), rtol=1e-10, atol=1e-12)
    assert all(p.grad is None for p in module.parameters())


def test_the_same_network_in_jax():
    net = lm.nets.mlp(3, b_std=0.1)
    params = net.init(0, (4,), width=7, outputs=3, dtype="float64")

    class Ours(nn.Module):
        def __init__(self):
            super().__init__()
            leaves = [nn.Parameter(torch.tensor(np.asarray(p[k]))) for p in params for k in ("w", "b") if k in p]
            self.leaves = nn.ParameterList(leaves)

        def forward(self, x):
            for i in range(0, 6, 2):
                w, b = self.leaves[i], self.leaves[i + 1]
                x = 2**0.5 * x @ w / x.shape[1] ** 0.5 + 0.1 * b
                x = torch.relu(x) if i < 4 else x
            return x

    x = RNG.standard_normal((5, 4))
    ours = lm.interop.torch.empirical_ntk(Ours(), x, trace=False)
    assert isinstance(ours, np.ndarray)
    np.testing.assert_allclose(ours, lm.finite.empirical_ntk(net.apply, params, x, trace=False), rtol=1e-10)


def test_bad_input():
    ntk, linear, x = lm.interop.torch.empirical_ntk, nn.Linear(3, 2), torch.ones(4, 3)
    with pytest.raises(InputError, match=r"must be a torch\.nn\.Module"):
        ntk(len, x)
    with pytest.raises(InputError, match="no parameters that require gradients"):
        ntk(nn.Linear(3, 2).requires_grad_(False), x)
    with pytest.raises(InputError, match="output must be one of 0 to 1"):
        ntk(linear, x, output=2)
    with pytest.raises(InputError, match="holds no examples"):
        ntk(linear, x[:0])
    with pytest.raises(InputError, match="returned Tensor for 3 rows"):
        ntk(nn.Sequential(linear, nn.Flatten(0)), x)
    with pytest.raises(MemoryRefused, match="empirical NTK of 4 x 4 rows"):
        ntk(linear, x, memory=200)


def test_rows_that_see_each_other_are_found():
    class Centred(nn.Linear):
        def forward(self, x):
            return super().forward(x - x.mean(0))

    with pytest.raises(InputError, match="for a row alone than for the same row in a batch"):
        lm.interop.torch.empirical_ntk(Centred(3, 2), torch.eye(3))
