"""The parts of a convolutional certificate against kernels, samples and brute force."""

import itertools

import numpy as np
import pytest

from limes import nets
from limes.attacks.threat import Threat
from limes.certify.conv import dual, joint
from limes.certify.conv.least import least_parabolas
from limes.certify.conv.machine import ConvMachine
from limes.certify.conv.ranges import ranges
from limes.certify.conv.ratio import ratios
from limes.certify.conv.region import Region, region
from limes.certify.machine import machine_of
from limes.core.types import Affine, Kind
from limes.machines.predictor import KernelPredictor
from limes.nets import Abs, Conv, ConvLocal, Dense, Flatten, LeakyRelu, Relu, serial

pytestmark = pytest.mark.usefixtures("quick_compilation")

NETS = {
    "two layers": nets.cnn(2),
    "biases, strides, VALID": serial(
        Conv((3, 2), (2, 1), "VALID", 1.3, 0.2), LeakyRelu(0.2),
        Conv((2, 2), None, "SAME", 1.1, 0.1), Relu(), Flatten(), Dense(),
    ),
    "CIRCULAR, abs, dense layers": serial(
        Conv((3, 3), None, "CIRCULAR"), Abs(), Dense(1.2), Relu(), Flatten(), Dense(1.0, 0.3), Relu(), Dense(1.5, 0.1)
    ),
    "standard, untrained, two linear layers": serial(
        Conv((2, 2), parametrisation="standard", b_std=0.4, base_width=2.0), Dense(0.8, 0.2), Relu(),
        ConvLocal((3, 3), w_std=1.4, trainable=False), Relu(), Flatten(), Dense(),
    ),
}  # fmt: skip


def some_machine(net, kind: Kind = "ntk", affine=None):
    """A machine with random coefficients on small images of two channels and both signs, and images to ask about."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-0.5, 1.0, (16, 4, 4, 2))
    x[:, 0, 0] = 0.0  # a position without variance
    coef = rng.normal(size=(12, 2))
    machine = machine_of(KernelPredictor(net, kind, x[:12], coef, affine))
    assert isinstance(machine, ConvMachine)
    return machine, x[12:]


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("kind", ["ntk", "nngp"])
def test_stages_give_the_kernel_of_the_net(name, kind):
    machine, queries = some_machine(NETS[name], kind)
    x = np.concatenate([queries, machine.centres.reshape(-1, *queries.shape[1:])])
    exact = getattr(NETS[name].kernel(x, get=kind), kind)
    found = np.stack([machine.kernel(row.ravel()) for row in queries[:2]])
    np.testing.assert_allclose(found, exact[:2, 4:], rtol=1e-9)
    np.testing.assert_allclose(machine.own, np.diag(exact)[4:], rtol=1e-9)


def test_planes_lie_below_and_touch():
    rng = np.random.default_rng(0)
    tight = []
    for alpha, c in itertools.product((0.0, 0.3, -1.0), (0.0, 2.4)):
        a, b = dual.constants(alpha)
        for _ in range(150):
            low, high = np.sort(rng.uniform(-1 if rng.random() < 0.5 else 0, 1, 2))
            high = 1.0 if rng.random() < 0.2 else high
            least, most = np.sort(rng.normal(0, 0.5, 2)) * (rng.random() < 0.7)
            e, v = rng.normal(size=2) * (rng.random(2) < 0.8)
            u = np.linspace(low, high, 60)[:, None]
            t = np.linspace(least, most, 9)
            angle = a + b * np.arcsin(u)
            exact = e * (u * angle + b * np.sqrt(1 - u**2)) + v * (c * u + t) * angle
            at = rng.uniform(low, high), rng.uniform(least, most)
            slope, tilt, value = dual.plane(a, b, c, e, v, low, high, least, most, *at)
            gap = exact - (slope * u + tilt * t + value)
            assert gap.min() > -1e-9
            tight.append(gap.min())
            bent = dual.bend(a, b, c, e, v, low, high) if least == most == 0 else 0.0
            slope, tilt, value = dual.plane(a, b, c, e, v, low, high, least, most, *at, bent)
            assert np.min(exact - 0.5 * bent * u**2 - (slope * u + tilt * t + value)) > -1e-9
    assert np.median(tight) < 1e-3  # planes that touch nowhere would be of no use


def test_ratios_hold_for_all_vectors_of_a_box():
    rng = np.random.default_rng(1)
    k, m = 4, 5
    for trial in range(60):
        centre = rng.uniform(-1 if trial % 2 else 0.0, 1, k)
        wide = rng.uniform(0, 0.6, k) * (trial % 5 > 0)
        low, high = centre - wide, centre + wide
        if trial % 2 == 0:
            low = np.maximum(low, 0)
        t = rng.uniform(-1 if trial % 3 else 0.0, 1, (m, k))
        roots, fixed = rng.uniform(0.5, 1, k), np.array([0.3 * (trial % 4 > 1)])
        starts, columns = np.array([0, k], np.int32), np.arange(k, dtype=np.int32)
        found = ratios(starts, columns, roots, low, high, t, t, fixed, fixed, fixed)[:, :, 0]
        y = rng.uniform(low, high, (4000, k))
        corners = rng.random((4000, k)) < 0.7
        y = np.where(corners, np.where(rng.random((4000, k)) < 0.5, low, high), y) * roots
        y = np.column_stack([y, np.full(len(y), fixed)])
        z = np.column_stack([t * roots, np.full(m, fixed)])
        exact = y @ z.T / np.maximum(np.linalg.norm(y, axis=1), 1e-300)[:, None]
        assert np.all(exact.min(axis=0) >= found[0] - 1e-9)
        assert np.all(exact.max(axis=0) <= found[1] + 1e-9)
        if trial % 5 == 0:  # a point
            np.testing.assert_allclose(found[0], found[1], atol=1e-9)
        elif trial % 2 == 0 and trial % 3 == 0:  # nothing negative: exact but for the sample
            assert np.all(found[1] - exact.max(axis=0) < 0.05)
            assert np.all((exact.min(axis=0) - found[0])[:, None] < (0.1 if low.min() > 0.1 else np.inf))


def samples(around: Region, rng, count):
    """Points of a region, many of them at its ends."""
    d = len(around.x)
    y = np.where(rng.random((count, d)) < 0.5, around.low, around.high)
    y = around.x + (y - around.x) * np.where(rng.random((count, d)) < 0.5, 1.0, rng.random((count, d)))
    if np.isfinite(around.ball):
        away = np.linalg.norm((y - around.x) / around.stretch, axis=1)
        y = around.x + (y - around.x) * np.minimum(1.0, around.ball / np.maximum(away, 1e-300))[:, None]
    return y


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_ranges_hold_what_is_in_the_ball(name, norm):
    rng = np.random.default_rng(2)
    scale = Affine(np.full((4, 4, 2), 0.1), np.linspace(0.5, 2, 32).reshape(4, 4, 2))
    machine, queries = some_machine(NETS[name], affine=scale if norm == "l2" else None)
    around = region(machine, queries[0], Threat(norm, 0.1, (-0.5, 1.0)))
    clean = machine.track(around.x)
    known = ranges(machine, around, clean)
    wide, seen = [], []
    for y in samples(around, rng, 60):
        track = machine.track(y, clean.share)
        for layer, u, t in zip(known, track.u, track.t, strict=True):
            there = layer.layer.centres > 0
            size = layer.layer.deviations(y**2)
            assert np.all((size >= layer.size[0] - 1e-12) & (size <= layer.size[1] + 1e-12))
            there = there & (size > 1e-9)
            assert np.all(((u >= layer.u[0] - 1e-9) & (u <= layer.u[1] + 1e-9))[there])
            assert np.all(((t >= layer.t[0] - 1e-9) & (t <= layer.t[1] + 1e-9))[there])
        seen.append(track.u[-1])
        wide.append(known[-1].u[1] - known[-1].u[0])
    assert np.median(np.ptp(seen, axis=0)) > 0.02 * np.median(wide[0])


def test_least_sum_of_parabolas_against_brute_force():
    rng = np.random.default_rng(4)
    for trial in range(20):
        x = rng.uniform(0, 1, 3)
        ball = np.inf if trial % 2 else 0.25
        stretch = np.array([1.0, 2.0, 0.5]) if trial % 4 == 0 else np.ones(3)
        around = Region(x, np.maximum(x - 0.3, 0), np.minimum(x + 0.3, 1), stretch, ball)
        slope, bend = rng.normal(size=3), rng.normal(size=3) - 1.0
        value, point = least_parabolas(slope, bend, around)
        axes = [np.linspace(*ends, 61) for ends in zip(around.low, around.high, strict=True)]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3)
        grid = grid[np.linalg.norm((grid - x) / stretch, axis=1) <= ball]
        exact = (grid @ slope + grid**2 @ bend).min()
        assert value <= exact + 1e-9
        assert np.all((point >= around.low) & (point <= around.high))
        if np.isinf(ball):
            assert value > exact - 1e-2


def test_parabolas_make_bounds_tighter():
    machine, queries = some_machine(nets.cnn(1))
    target = joint.Target(machine, machine.coef[:, 0])
    around = region(machine, queries[0], Threat("linf", 0.1, (-0.5, 1.0)))
    known = ranges(machine, around, machine.track(around.x))
    found = [joint.least(target, around, known, np.inf, 6, bent) for bent in (False, True)]
    assert found[1] > found[0] + 0.01 * abs(target.weights @ machine.kernel(around.x) - found[0])
