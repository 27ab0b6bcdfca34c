"""Claim 7: deep ensembles, and the same members continued by a sampler; on average over data, and on data sets."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.posterior import (
    DataPosterior,
    PopulationPosterior,
    discrete_variance,
    function_variance,
    laplace,
    nuts,
    respond,
    sgld,
    total_variance,
    train_ensemble,
    weight_variance,
)
from limes.machines import NNGPRegressor
from limes.nets import mlp
from limes.papers.epistemic.posterior import probes, told, truth, witnesses


def population(
    seeds: Sequence[int],
    inputs: int,
    served: int,
    neurons: int,
    n: float,
    members: int,
    steps: int,
    warmup: int,
    draws: int,
    continued: int,
) -> dict[str, Any]:
    """Weight variance of an ensemble, and of its first members continued by the sampler: by seed.

    Returns:
        `ensemble` and `sampled` with `weights`, `discrete`, `continuous` (the rest) and `scaled` (n times the mean
        variance of f); `parts` of the sampled; mixing of the function over all chains of a seed.
    """
    target = PopulationPosterior(truth(inputs, served), n)
    starts = np.stack([_starts(seed, members, neurons, inputs) for seed in seeds])
    found = train_ensemble(target, starts.reshape(-1, *starts.shape[2:]), steps=steps).reshape(starts.shape)
    chosen = found[:, :continued]
    chains = nuts(target, chosen.reshape(-1, *chosen.shape[2:]), key=seeds[0], warmup=warmup, draws=draws, doublings=8)
    drawn = chains.draws.reshape(len(seeds), continued, *chains.draws.shape[1:])
    divergent = chains.divergent.reshape(len(seeds), continued, -1)
    parts = [weight_variance(nets, target.truth, target.prior) for nets in drawn]
    return {
        "n": n,
        "inputs": inputs,
        "served": served,
        "neurons": neurons,
        "seeds": list(seeds),
        "ensemble": [_summary(nets, target.truth, n) for nets in found],
        "sampled": [_summary(nets, target.truth, n) for nets in drawn],
        "parts": [[one.discrete, one.scaling, one.split] for one in parts],
        "mixing": [
            told(respond(nets, witnesses(inputs)), lost) | {"weights_rhat": told(nets, None)["rhat"]}
            for nets, lost in zip(drawn, divergent, strict=True)
        ],
    }


_AT_MOST = 2000  # networks of a method whose outputs are compared

METHODS = ("nuts", "sgld", "ensemble", "laplace", "ntk-gp")
"""In the order of `data`."""


def data(
    seeds: Sequence[int],
    inputs: int,
    served: int,
    neurons: int,
    n: int,
    members: int,
    steps: int,
    warmup: int,
    draws: int,
    langevin: int,
) -> dict[str, Any]:
    """Five methods on a data set a seed: y = f*(x) + N(0, 1).

    Returns:
        By method, for each seed: `variance` of f and squared `error` of its mean, both means over inputs, `covered`:
        the share of inputs whose f* lies within two standard deviations; `weights`: tr Cov of the weights, where the
        method has weights. Ensembles and samplers count all orders of neurons, the Laplace approximation one mode.
    """
    known, x = truth(inputs, served), probes(inputs)
    rngs = [np.random.default_rng([seed, n, 1]) for seed in seeds]
    rows = np.stack([rng.standard_normal((n, inputs)) for rng in rngs])
    targets = np.stack([respond(known, r) + rng.standard_normal(n) for r, rng in zip(rows, rngs, strict=True)])
    each = DataPosterior(np.repeat(rows, members, axis=0), np.repeat(targets, members, axis=0))
    starts = np.concatenate([_starts(seed, members, neurons, inputs) for seed in seeds])
    modes = train_ensemble(each, starts, steps=steps, each=True)
    chains = nuts(each, modes, key=seeds[0], warmup=warmup, draws=draws, doublings=8, each=True)
    walks = sgld(each, modes, step_size=0.1 / n, key=seeds[0], warmup=langevin, draws=langevin, every=10, each=True)

    def of(seed: int, nets: np.ndarray) -> np.ndarray:
        return nets.reshape(len(seeds), -1, *nets.shape[-2:])[seed]

    results: dict[str, list[dict[str, Any]]] = {method: [] for method in METHODS}
    for k in range(len(seeds)):
        for method, nets in (("nuts", chains.draws), ("sgld", walks), ("ensemble", modes)):
            every = -(-len(of(k, nets)) // _AT_MOST)
            outputs = respond(of(k, nets)[::every], x)
            entry = _judged(outputs.mean(0), outputs.std(0, ddof=1), respond(known, x))
            results[method].append(entry | {"weights": total_variance(of(k, nets))})
        here = DataPosterior(rows[k], targets[k])
        mode = max(of(k, modes), key=lambda net: float(here.log_density(net)))
        normal = laplace(mode, rows[k])
        results["laplace"].append(_judged(*normal.predict(x), respond(known, x)) | {"weights": normal.weight_variance})
        process = NNGPRegressor(mlp(depth=2), noise=1.0, kind="ntk").fit(rows[k], targets[k])
        mean, std = process.predict(x, return_std=True)
        results["ntk-gp"].append(_judged(mean, std, respond(known, x)))
    shape = (len(seeds), members, -1)
    outputs = respond(chains.draws, witnesses(inputs)).reshape(*shape, 5)
    walked = respond(walks, witnesses(inputs)).reshape(*shape, 5)
    divergent = chains.divergent.reshape(shape)
    return {
        "n": n,
        "seeds": list(seeds),
        "methods": results,
        "mixing": {
            "nuts": [told(a, b) for a, b in zip(outputs, divergent, strict=True)],
            "sgld": [told(a, None) for a in walked],
        },
    }


def _starts(seed: int, members: int, neurons: int, inputs: int) -> np.ndarray:
    return np.random.default_rng([seed, neurons, 2]).standard_normal((members, neurons, inputs + 1))


def _summary(nets: np.ndarray, known: np.ndarray, n: float) -> dict[str, float]:
    total, discrete = total_variance(nets), discrete_variance(nets, known)
    scaled = float(n) * function_variance(nets)
    return {"weights": total, "discrete": discrete, "continuous": total - discrete, "scaled": scaled}


def _judged(mean: np.ndarray, std: np.ndarray, known: np.ndarray) -> dict[str, float]:
    return {
        "variance": float((std**2).mean()),
        "error": float(((mean - known) ** 2).mean()),
        "covered": float((np.abs(mean - known) <= 2 * std).mean()),
    }
