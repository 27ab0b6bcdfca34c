"""Architectures without a limit, and arguments out of range, are refused when they are built."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from limes import nets
from limes.core.errors import LimitWarning, NetError

D, R, C = nets.Dense(), nets.Relu(), nets.Conv((3,))
FLATTEN, GAP = nets.Flatten(), nets.GlobalAvgPool()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((R, D), "relu needs Gaussian inputs in the limit: put a dense or conv layer before it"),
        ((D, R, nets.Erf(), D), "erf needs Gaussian inputs"),
        ((D, FLATTEN, R, D), "relu needs Gaussian inputs"),
        ((C, FLATTEN, C), "a convolution cannot follow flatten or pooling"),
        ((C, R, GAP, C), "a convolution cannot follow flatten or pooling"),
        ((C, FLATTEN, GAP), "global_avg_pool cannot follow flatten"),
        ((C, GAP, GAP), "global_avg_pool cannot follow flatten"),
        ((C, GAP, nets.AvgPool((2,))), "avg_pool cannot follow flatten or pooling to a vector"),
        ((nets.LayerNorm(), D), "layer_norm needs Gaussian inputs in the limit: put a dense or conv layer before it"),
        ((D, R, nets.LayerNorm(), D), "layer_norm needs Gaussian inputs"),
        ((C, nets.Residual((C, nets.AvgPool((2,))), (C, GAP)), D), "flatten and pooling belong after the block"),
        ((D, nets.Residual((R,)), D), "the body must end in a dense or conv layer"),
        ((D, nets.Residual((D, R)), D), "the body must end in a dense or conv layer"),
        ((D, nets.Residual((nets.Residual((R, D)),)), D), "the body must end in a dense or conv layer"),
        ((C, nets.Residual((R, FLATTEN, D))), "flatten and pooling belong after the block"),
        ((C, nets.Residual((D,), (GAP, D))), "flatten and pooling belong after the block"),
        ((D, nets.Dropout(), R, D), "relu needs Gaussian inputs in the limit: put a dense or conv layer before it"),
        ((C, R, GAP, nets.SelfAttention()), "self_attention cannot follow flatten or pooling"),
        ((R, nets.Residual((D,))), "relu needs Gaussian inputs"),
        ((nets.Residual((D,)), R, D), "relu needs Gaussian inputs"),
        ((), "a net needs at least one layer"),
        ((D, nets.Relu, D), "a net is made of layers, not of <class 'limes.nets.rectifiers.Relu'>: write for instance"),
        ((D, "relu", D), "a net is made of layers, not of 'relu'"),
    ],
)
def test_refused_nets(layers, message):
    with pytest.raises(NetError) as caught:
        nets.serial(*layers)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "layers",
    [
        (D,),
        (D, R, GAP),
        (D, D, R, D),
        (C, nets.Residual((R, C), (C,)), R, FLATTEN, D, R, D),
        (D, nets.Residual((R, D), (R, D)), R, D),
        (D, nets.Residual((R, D, nets.Dropout(0.9))), D, R, D),
        (C, nets.Residual((R, C, nets.AvgPool((2,))), (nets.AvgPool((2,)),)), R, FLATTEN, D),
        (nets.SelfAttention(), R, FLATTEN, D),
        (nets.Residual((D,), (D,)), R, D),
        (D, nets.Residual((R, nets.Residual((D, R, D), (D,)))), R, D),
    ],
)
def test_accepted_nets(layers):
    assert nets.serial(*layers).layers == layers


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: nets.mlp(0), "depth must be an integer of at least 1, not 0"),
        (lambda: nets.mlp(2.5), "depth must be an integer of at least 1, not 2.5"),
        (lambda: nets.mlp(True), "depth must be an integer of at least 1, not True"),
        (lambda: nets.mlp(activation="tahn"), "unknown layer 'tahn'"),
        (lambda: nets.mlp(activation="dense"), "must be an activation such as 'relu', not the layer 'dense'"),
        (lambda: nets.mlp(activation=D), "must be an activation such as 'relu', not the layer 'dense'"),
        (lambda: nets.mlp(w_std=-1.0), "dense: w_std must be a finite number of at least 0, not -1.0"),
        (lambda: nets.mlp(b_std=math.nan), "dense: b_std must be a finite number of at least 0, not nan"),
        (lambda: nets.mlp(w_std=math.inf), "dense: w_std must be a finite number"),
        (lambda: nets.mlp(w_std=None), "dense: w_std must be a finite number"),
        (lambda: nets.cnn(head="max"), "head must be 'flatten' or 'gap' (global average pooling), not 'max'"),
        (lambda: nets.cnn(depth=-1), "depth must be an integer of at least 1"),
        (lambda: nets.cnn(padding="FULL"), "conv: padding must be one of ('SAME', 'VALID', 'CIRCULAR'), not 'FULL'"),
        (lambda: nets.cnn(kernel=(3, 0)), "conv: kernel must be one or two positive integers, not (3, 0)"),
        (lambda: nets.cnn(kernel=(3, 3, 3)), "conv: kernel must be one or two positive integers"),
        (lambda: nets.Conv((3, 3), (2,)), "conv: strides must be 2 positive integers, not (2,)"),
        (lambda: nets.Conv((3, 3), (0, 1)), "conv: strides must be 2 positive integers"),
        (lambda: nets.Conv(2.5), "conv: kernel must be one or two positive integers, not 2.5"),
        (lambda: nets.AvgPool((2, 0)), "avg_pool: window must be one or two positive integers"),
        (lambda: nets.SumPool((2,), (1, 1)), "sum_pool: strides must be 1 positive integers"),
        (lambda: nets.AvgPool((2,), padding="FULL"), "avg_pool: padding must be one of"),
        (lambda: nets.Rbf(0.0), "rbf: gamma must be above 0"),
        (lambda: nets.LayerNorm(-1.0), "layer_norm: eps must be a finite number of at least 0"),
        (lambda: nets.myrtle(6), "depth of a Myrtle net must be one of (5, 7, 10), not 6"),
        (lambda: nets.resnet(0), "blocks must be an integer of at least 1, not 0"),
        (lambda: nets.resnet((1, -1)), "blocks must be an integer of at least 0, not -1"),
        (lambda: nets.LeakyRelu(math.nan), "leaky_relu: alpha must be a finite number, not nan"),
        (lambda: nets.Dense(keep=0.0), "dense: keep is the share of weights that stay, above 0 and at most 1, not 0"),
        (lambda: nets.Conv(keep=1.5), "conv: keep is the share of weights"),
        (lambda: nets.Dense(trainable=1), "dense: trainable must be true or false, not 1"),
        (lambda: nets.Dense(parametrisation="mup"), "dense: parametrisation must be 'ntk' or 'standard', not 'mup'"),
        (lambda: nets.Dense(base_width=0), "dense: base_width must be above 0"),
        (lambda: nets.Dropout(0.0), "dropout: keep is a probability above 0 and at most 1, not 0"),
        (lambda: nets.Gaussian(b=0.5), "gaussian: b must be at most 0, not 0.5"),
        (lambda: nets.Hermite(-1), "hermite: degree must be an integer from 0 to 30, not -1"),
        (lambda: nets.Monomial(2.0), "monomial: degree must be an integer from 0 to 30, not 2.0"),
        (lambda: nets.RectifiedMonomial(31), "rectified_monomial: degree must be an integer from 0 to 30, not 31"),
        (lambda: nets.Polynomial(()), "polynomial: coef must be 1 to 31 numbers, the constant first, not ()"),
        (lambda: nets.Polynomial((1.0, math.inf)), "polynomial: coef must be a finite number, not inf"),
        (lambda: nets.ShiftedRelu(math.nan), "shifted_relu: bias must be a finite number, not nan"),
        (lambda: nets.ShiftedRelu(1.0, "no"), "shifted_relu: trainable must be true or false, not 'no'"),
        (lambda: nets.ShiftedRelu(1.0, clip=0.0), "shifted_relu: clip must be above 0, or infinite for none, not 0.0"),
        (lambda: nets.ShiftedRelu(1.0, clip=math.nan), "shifted_relu: clip must be a finite number, not nan"),
        (lambda: nets.Elementwise(3), "elementwise: function must be a function of an array, not 3"),
        (lambda: nets.Elementwise(math.tanh), "elementwise: function cannot be applied to an array with JAX"),
        (lambda: nets.Elementwise(jnp.sum), "elementwise: function must keep the shape of its argument"),
        (lambda: nets.Elementwise("jax.numpy:tanhh"), "elementwise: no function at 'jax.numpy:tanhh'"),
        (lambda: nets.Elementwise("tanh"), "elementwise: no function at 'tanh', which should read 'module:function'"),
        (lambda: nets.Elementwise(jnp.tanh, 0), "elementwise: degree must be an integer from 1 to 256, not 0"),
        (lambda: nets.Residual(()), "residual: the body has no layers"),
        (lambda: nets.Residual((nets.Relu,)), "residual is made of layers, not of"),
    ],
)
def test_refused_arguments(build, message):
    with pytest.raises(NetError) as caught:
        build()
    assert message in str(caught.value)


def test_branches_that_do_not_fit(series):
    uneven = nets.serial(C, nets.Residual((R, nets.Conv((3,), (2,))), (C,)), R, FLATTEN, D)
    with pytest.raises(NetError, match=r"the body leaves positions \(3,\) and the shortcut \(5,\)"):
        uneven.kernel(series)
    with pytest.raises(NetError, match=r"residual: the body gives .* and the shortcut"):
        uneven.init(0, (5, 2), width=4)
    with pytest.raises(NetError, match="put a dense or conv layer before the block"):
        nets.serial(nets.Residual((D, R, D)), D).init(0, (3,), width=4)


def test_net_that_ends_in_a_block_has_no_outputs_to_choose():
    with pytest.raises(NetError, match="ends in a residual block: add a dense read-out"):
        nets.serial(D, nets.Residual((R, D))).init(jax.random.key(0), (3,), width=4)


def test_pruned_inputs_are_warned_of():
    with pytest.warns(LimitWarning, match=r"dense: with keep 0.5 on the inputs themselves.*keep=1"):
        nets.serial(nets.Dense(keep=0.5), R, D)
    with pytest.warns(LimitWarning, match="conv: with keep 0.5"):
        nets.serial(nets.Residual((nets.Conv((3,), keep=0.5),)), FLATTEN, D)
    nets.serial(D, R, nets.Dense(keep=0.5))


def test_function_without_a_path_cannot_be_saved():
    net = nets.serial(D, nets.Elementwise(lambda x: jnp.sin(x) + x), D)
    assert net.kernel(np.eye(2)).ntk.shape == (2, 2)
    assert str(net) == "dense(w_std 1) > elementwise(function <lambda>, degree 64) > dense(w_std 1)"
    with pytest.raises(
        NetError, match="has no import path, so that a net with it cannot be saved: define the function"
    ):
        net.to_spec()


def test_attention_needs_positions_in_the_data(series):
    net = nets.serial(nets.SelfAttention(), FLATTEN, D)
    with pytest.raises(NetError, match=r"needs \(n, time, channels\)"):
        net.kernel(series.reshape(3, 10))
