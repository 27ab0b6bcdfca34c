"""Claim 6: as many neurons as the truth has. Each chain starts in an order of its own, and stays in it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond import posterior as p
from limes.papers.epistemic.posterior import told, truth, witnesses


def measured(
    seeds: Sequence[int], inputs: int, neurons: int, n: float, chains: int, warmup: int, draws: int
) -> dict[str, Any]:
    """Switches of the order, and what single chains see of the variance of the weights; by seed."""
    target = p.PopulationPosterior(truth(inputs, neurons), n)
    starts = np.concatenate([_starts(seed, chains, target.truth) for seed in seeds])
    found = p.nuts(target, starts, key=seeds[0], warmup=warmup, draws=draws)
    by_seed = found.draws.reshape(len(seeds), chains, *found.draws.shape[1:])
    divergent = found.divergent.reshape(len(seeds), chains, -1)
    results = []
    for nets, lost in zip(by_seed, divergent, strict=True):
        parts = p.weight_variance(nets, target.truth, target.prior)
        results.append(
            {
                "switches": float(p.switches(p.chambers(nets, target.truth)).mean()),
                "parts": [parts.discrete, parts.scaling, parts.split],
                "weights": parts.total,
                "pooled": _trace(nets.reshape(-1, *nets.shape[2:])),
                "within": float(np.mean([_trace(chain) for chain in nets])),
                "mixing": {
                    "weights": told(nets, lost),
                    "function": told(p.respond(nets, witnesses(inputs)), lost),
                },
            }
        )
    about = {"inputs": inputs, "neurons": neurons, "n": n, "chains": chains, "seeds": list(seeds)}
    return about | {name: [one[name] for one in results] for name in results[0]}


def _starts(seed: int, chains: int, known: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng([seed, len(known)])
    orders = np.stack([rng.permutation(len(known)) for _ in range(chains)])
    return known[orders] + 0.01 * rng.standard_normal((chains, *known.shape))


def _trace(draws: np.ndarray) -> float:
    return float(draws.reshape(len(draws), -1).var(0, ddof=1).sum())
