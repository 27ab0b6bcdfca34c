"""The recurrent layer: against the recursion written out, and against finite recurrent networks."""

import jax
import numpy as np
import pytest

from limes import nets
from limes.core.errors import InputError, NetError
from oracles import recurrent

pytestmark = pytest.mark.usefixtures("quick_compilation")

READOUTS = ("last", "mean_shared", "mean_per_step")
PLAIN = {"activation": "relu", "layers": 1, "w_std": 1.3, "u_std": 0.9, "b_std": 0.3, "h_std": 0.5}
STACK = {**PLAIN, "activation": "erf", "layers": 2, "bidirectional": True, "frozen": 1}
LENGTHS = np.array([7, 4, 1, 6])


def _net(fields, readout):
    return nets.serial(nets.Recurrent(**fields, readout=readout), nets.Dense(1.2))


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((4, 7, 3))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize(
    ("fields", "lengths"), [(PLAIN, LENGTHS), (STACK, None), (STACK, LENGTHS)], ids=["one layer", "equal", "stack"]
)
def test_recursion_written_out(x, fields, readout, lengths):
    k = _net(fields, readout).kernel(x if lengths is None else (x, lengths))
    cut = [s[:n] for s, n in zip(x, [7] * 4 if lengths is None else lengths, strict=True)]
    spec = {**fields, "readout": readout}
    values = np.array([[recurrent.read_out(spec, a, b, a is b) for b in cut] for a in cut])
    nngp, ntk = 1.44 * values[..., 0], 1.44 * (values[..., 0] + values[..., 1])
    np.testing.assert_allclose(k.nngp, nngp, rtol=1e-12)
    np.testing.assert_allclose(k.ntk, ntk, rtol=1e-12)


@pytest.mark.parametrize("readout", ["last", "mean_shared"])
def test_padding_does_not_count_and_equal_sequences_are_one_point(x, readout):
    net = _net(PLAIN, readout)
    padded = np.concatenate([x, np.full((4, 3, 3), 9.0)], axis=1)  # longer, and not padded with zeros
    own, other = net.kernel((x, LENGTHS)), net.kernel((x, LENGTHS), (padded, LENGTHS))
    np.testing.assert_allclose(own.ntk, other.ntk, rtol=1e-13)
    full = np.full(4, 7)
    np.testing.assert_allclose(net.kernel((x, full), x).ntk, net.kernel(x).ntk, rtol=1e-13)
    single = net.kernel((x.astype(np.float32), LENGTHS), (padded.astype(np.float32), LENGTHS))
    np.testing.assert_allclose(single.ntk, own.ntk, rtol=2e-5)


def test_tiles_make_the_whole(x):
    net = _net(STACK, "last")
    whole, tiled = net.kernel((x, LENGTHS)), net.kernel((x, LENGTHS), tile=3)
    np.testing.assert_allclose(tiled.ntk, whole.ntk, rtol=1e-13)


@pytest.mark.parametrize(("fields", "readout"), [(PLAIN, "last"), (STACK | {"bidirectional": False}, "mean_shared")])
def test_finite_networks_of_unequal_lengths(x, fields, readout):
    """Means over networks of two widths, extrapolated, within five standard errors."""
    fields = fields | {"u_std": 1.0, "b_std": 0.2}
    if fields["activation"] == "relu":
        fields = fields | {"w_std": 1.0}
    net, batch = _net(fields, readout), (x[:3, :4].astype(np.float32), np.array([4, 2, 3]))
    exact = net.kernel(batch)

    def sample(key, width):
        params = net.init(key, (4, 3), width, outputs=16)
        outputs = net.apply(params, batch)
        jacobian = jax.jacrev(lambda p: net.apply(p, batch)[:, 0])(params)
        flat = [g.reshape(3, -1) for g in jax.tree.leaves(jacobian)]
        return outputs @ outputs.T / 16, sum(g @ g.T for g in flat)

    means, errors = [], []
    for width in (32, 64):
        keys = jax.random.split(jax.random.key(width), 120)
        values = jax.jit(lambda keys, w=width: jax.lax.map(lambda key: sample(key, w), keys))(keys)
        means.append([np.mean(v, axis=0) for v in values])
        errors.append([np.std(v, axis=0) / np.sqrt(len(keys)) for v in values])
    for i, name in enumerate(("nngp", "ntk")):
        extrapolated = 2 * means[1][i] - means[0][i]
        error = np.sqrt(4 * errors[1][i] ** 2 + errors[0][i] ** 2)
        value = getattr(exact, name)
        assert error.max() < 0.15 * np.abs(value).max()
        assert (np.abs(extrapolated - value) / error).max() < 5, name


def test_all_layers_frozen_leave_the_nngp(x):
    k = _net({**STACK, "frozen": 2}, "last").kernel(x)
    np.testing.assert_allclose(k.ntk, k.nngp, rtol=1e-13)


def test_behind_a_convolution(x):
    """As the layer by itself on the convolution's units, here with one output channel made explicit by linearity."""
    identity = nets.Conv((1,), w_std=1.0)
    by_conv = nets.serial(identity, nets.Recurrent(**PLAIN), nets.Dense()).kernel(x, get="nngp").nngp
    plain = nets.serial(nets.Recurrent(**PLAIN), nets.Dense()).kernel(x, get="nngp").nngp
    np.testing.assert_allclose(by_conv, plain, rtol=1e-13)


def test_gradient_in_the_inputs_is_that_of_differences(x):
    net, point, direction = _net(PLAIN, "last"), x[:1], np.random.default_rng(1).standard_normal((1, 7, 3))

    def value(x1):
        return net.kernel(x1, x[1:], get="ntk").ntk.sum()

    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(value))(jax.numpy.asarray(point))
    h = 1e-6
    slope = (value(point + h * direction) - value(point - h * direction)) / (2 * h)
    np.testing.assert_allclose(np.sum(np.asarray(gradient) * direction), slope, rtol=1e-7)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([7, 4, 2], "lengths must be 4 integers, not int64 of shape"),
        ([7.0, 4.0, 2.0, 1.0], "lengths must be 4 integers, not float64"),
        ([7, 4, 0, 1], "lengths must lie between 1 and 7, not 0 to 7"),
        ([8, 4, 1, 1], "lengths must lie between 1 and 7, not 1 to 8"),
    ],
)
def test_refused_lengths(x, lengths, message):
    with pytest.raises(InputError, match=message):
        _net(PLAIN, "last").kernel((x, np.array(lengths)))


def test_refused_inputs_and_nets(x):
    with pytest.raises(NetError, match="unequal lengths need a recurrent layer first, not conv"):
        nets.cnn(1, kernel=(3,)).kernel((x, LENGTHS))
    with pytest.raises(NetError, match="recurrent needs sequences"):
        _net(PLAIN, "last").kernel(x[..., None])
    with pytest.raises(InputError, match=r"not a tuple of 3"):
        _net(PLAIN, "last").kernel((x, LENGTHS, LENGTHS))
    with pytest.raises(NetError, match="recurrent cannot follow flatten"):
        nets.serial(nets.Conv((3,)), nets.Flatten(), nets.Recurrent())
    for fields, message in (
        ({"activation": "dense"}, "activation must be an activation such as 'relu', not 'dense'"),
        ({"layers": 0}, "layers must be an integer of at least 1, not 0"),
        ({"frozen": 2}, "2 of 1 layers cannot be frozen"),
        ({"readout": "mean"}, "readout must be one of"),
        ({"bidirectional": 1}, "bidirectional must be true or false, not 1"),
        ({"h_std": -1.0}, "h_std must be a finite number of at least 0"),
    ):
        with pytest.raises(NetError, match=message):
            nets.Recurrent(**fields)
