"""Nets as plain data: specifications, equality, hashes, printed form."""

import json
import pickle

import jax.numpy as jnp
import pytest

from limes import nets
from limes.core.errors import NetError

NETS = {
    "mlp": nets.mlp(depth=4, activation="gelu", w_std=1.5, b_std=0.1),
    "leaky": nets.mlp(2, nets.LeakyRelu(0.3)),
    "cnn": nets.cnn(2, "gap", 1.2, 0.1, activation="erf", kernel=(3, 2), padding="CIRCULAR"),
    "series": nets.cnn(1, "flatten", kernel=(5,), padding="VALID"),
    "resnet": nets.resnet((1, 0, 2), "gap", activation="abs"),
    "myrtle": nets.myrtle(7, activation="erf"),
    "every activation": nets.serial(
        *(
            layer
            for activation in (
                nets.Exp(0.5, 0.3),
                nets.Gaussian(),
                nets.Hermite(3),
                nets.Monomial(2),
                nets.Polynomial((1, 0, 2)),
                nets.RectifiedMonomial(2),
                nets.ShiftedRelu(1.5, trainable=False),
                nets.ShiftedRelu(0.5, clip=1.5),
                nets.Elementwise(jnp.tanh),
                nets.Elementwise("math_functions:cube", 5),
            )
            for layer in (nets.Dense(), activation)
        ),
    ),
    "recurrent": nets.serial(nets.Recurrent("erf", 2, True, readout="mean_shared"), nets.Dense()),
    "recurrent with a field": nets.serial(nets.Recurrent(nets.LeakyRelu(0.3), frozen=1)),
    "weights": nets.serial(
        nets.ConvLocal((3,), trainable=False),
        nets.SelfAttention(key_std=0.5),
        nets.Dropout(0.3),
        nets.Dense(keep=0.5, rescale=False, parametrisation="standard", base_width=64),
    ),
    "nested": nets.serial(
        nets.Conv((3,), (2,)),
        nets.Residual(
            (nets.Relu(), nets.Conv(3), nets.Residual((nets.Relu(), nets.Conv(3)), (nets.Conv(1),))),
            (nets.Conv((1,), padding="VALID"),),
        ),
        nets.Relu(),
        nets.Flatten(),
        nets.Dense(),
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_round_trip_also_through_json_and_pickle(name):
    net = NETS[name]
    for copy in (
        nets.from_spec(net.to_spec()),
        nets.from_spec(json.loads(json.dumps(net.to_spec()))),
        pickle.loads(pickle.dumps(net)),
    ):
        assert copy == net
        assert hash(copy) == hash(net)
        assert copy.to_spec() == net.to_spec()


def test_different_nets_differ():
    assert len({*NETS.values(), *(nets.from_spec(n.to_spec()) for n in NETS.values())}) == len(NETS)
    assert nets.mlp(w_std=1.5) != nets.mlp(w_std=1.4)
    assert nets.Relu() != nets.Abs()


def test_spec_form():
    assert nets.cnn(1, w_std=1.5, b_std=0.1).to_spec() == [
        {
            "layer": "conv",
            "kernel": [3, 3],
            "strides": [1, 1],
            "padding": "SAME",
            "w_std": 1.5,
            "b_std": 0.1,
        },
        {"layer": "relu"},
        {"layer": "flatten"},
        {"layer": "dense", "w_std": 1.5, "b_std": 0.1},
    ]


def test_rare_fields_are_left_out_at_their_defaults():
    assert nets.Dense(1.5).to_dict() == {"layer": "dense", "w_std": 1.5, "b_std": 0.0}
    assert nets.Dense(trainable=False).to_dict() == {"layer": "dense", "w_std": 1.0, "b_std": 0.0, "trainable": False}
    assert nets.Elementwise(jnp.tanh).to_dict() == {"layer": "elementwise", "function": "jax.numpy:tanh", "degree": 64}


def test_left_out_fields_take_the_defaults_of_the_design():
    net = nets.from_spec([{"layer": "conv", "kernel": [3]}, {"layer": "flatten"}, {"layer": "dense"}])
    assert net == nets.serial(nets.Conv((3,), (1,), "SAME", 1.0, 0.0), nets.Flatten(), nets.Dense(1.0, 0.0))
    assert nets.mlp() == nets.mlp(depth=3, activation="relu", w_std=2**0.5, b_std=0.0)


def test_numbers_are_normalised():
    assert nets.Dense(1, 0) == nets.Dense(1.0, 0.0)
    assert nets.Conv(3) == nets.Conv([3]) == nets.Conv((3,), 1)
    assert nets.Conv((3, 3)).strides == (1, 1)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([{"layer": "rleu"}], "unknown layer 'rleu', did you mean 'relu'"),
        ([{"layer": "transformer"}], "unknown layer 'transformer': known layers are abs, avg_pool, "),
        ([{"layer": 3}], "unknown layer 3"),
        ([{"layer": "dense", "w_sdt": 1}], "layer 'dense' has no field 'w_sdt': its fields are w_std, b_std, "),
        ([{"layer": "relu", "alpha": 1}], "layer 'relu' has no field 'alpha': its fields are none"),
        ([{"layer": "residual"}], "layer 'residual' needs the field 'body'"),
        ([{"w_std": 1}], 'is a dict with the key "layer", not'),
        (["dense"], 'is a dict with the key "layer", not'),
        ("dense", "a specification is a list of dicts, one a layer, not str"),
        ({"layer": "dense"}, "not dict"),
        ([], "a net needs at least one layer"),
        ([{"layer": "residual", "body": "relu"}], "a specification is a list of dicts"),
        ([{"layer": "dense", "w_std": "big"}], "dense: w_std must be a finite number of at least 0, not 'big'"),
    ],
)
def test_bad_specifications(spec, message):
    with pytest.raises(NetError) as caught:
        nets.from_spec(spec)
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_printed_form():
    assert str(nets.mlp(2)) == "dense(w_std 1.414) > relu > dense(w_std 1.414)"
    block = nets.Residual((nets.Relu(), nets.Dense(1.5, 0.1)), (nets.Dense(),))
    net = nets.serial(nets.Dense(), block, nets.LeakyRelu(0.2), nets.Dense())
    assert str(net) == (
        "dense(w_std 1) > residual(relu > dense(w_std 1.5, b_std 0.1) | dense(w_std 1)) > leaky_relu(alpha 0.2) "
        "> dense(w_std 1)"
    )
    assert str(nets.cnn(1, "gap")).startswith("conv(kernel [3, 3], strides [1, 1], padding SAME, w_std 1.414) > relu")


def test_serial_takes_nets_in():
    body = nets.serial(nets.Dense(), nets.Relu())
    assert nets.serial(body, nets.Dense()) == nets.serial(nets.Dense(), nets.Relu(), nets.Dense())
