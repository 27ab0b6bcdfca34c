"""Claims 1 to 3 and 5: one neuron of truth, two that learn it, by the no-U-turn sampler on the population likelihood.

All seeds run side by side, some chains each. A seed decides the starts, near even splits. The draws come from one key
for all chains, that of the first seed: those of a seed depend on its place among the seeds and on their number, too.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limes.beyond.posterior import (
    PopulationPosterior,
    contributions,
    fit_exponent,
    function_variance,
    mixing,
    nuts,
    respond,
    shares,
    split,
    weight_variance,
    weights_of_balance,
)

GROUP = 2
BINS = 40
_PROBES = 1000


def truth(inputs: int, neurons: int = 1) -> np.ndarray:
    """Balanced neurons along the first axes, of unit length both ways: (neurons, inputs + 1)."""
    return np.concatenate([np.eye(neurons, inputs), np.ones((neurons, 1))], axis=1)


def probes(inputs: int) -> np.ndarray:
    """Standard normal inputs at which functions are looked at, the same in every step."""
    return np.random.default_rng(7).standard_normal((_PROBES, inputs))


def witnesses(inputs: int) -> np.ndarray:
    """Five inputs at which all neurons of the truth are active, so that f varies there."""
    return np.abs(probes(inputs)[:5])


def measured(
    seeds: Sequence[int], inputs: int, n: float, chains: int, warmup: int, draws: int, doublings: int
) -> dict[str, Any]:
    """The variance of function and weights, the law of the shares, and whether the chains mixed.

    Returns:
        By seed: `scaled` (n times the mean variance of f), `weights` (tr Cov of the posterior over both orders),
        `parts` (discrete, scaling, split), `both` (share of draws whose neurons both work for the truth), `spread`
        (variance of a share among these), `cosine` (of neurons with the truth, among these), `exponent` and
        `balanced` (of the density of shares, without a condition and for balanced neurons). Over all chains: `mixing`
        of the function, of sums over neurons, and of single weights; `histogram` of shares.
    """
    target = PopulationPosterior(truth(inputs), n)
    starts = np.concatenate([_starts(seed, chains, inputs) for seed in seeds])
    found = nuts(target, starts, key=seeds[0], warmup=warmup, draws=draws, doublings=doublings)
    outputs = respond(found.draws, witnesses(inputs))
    c = shares(found.draws, target.truth[0, :-1])
    nets, parts = (a.reshape(len(seeds), -1, *a.shape[2:]) for a in (found.draws, c))
    per_seed = [_of_a_seed(nets[k], parts[k], target) for k in range(len(seeds))]
    kept = c[_both(found.draws, c)][:, 0]
    sums = np.stack([(found.draws**2).sum((-1, -2)), c.max(-1), *np.moveaxis(found.draws.sum(-2), -1, 0)], axis=-1)
    return {name: [one[name] for one in per_seed] for name in per_seed[0]} | {
        "inputs": inputs,
        "n": n,
        "low": _low(n),
        "seeds": list(seeds),
        "mixing": {
            name: told(values, found.divergent)
            for name, values in (("function", outputs), ("sums", sums), ("weights", found.draws))
        },
        "histogram": np.histogram(kept, BINS, (0, 1), density=True)[0].tolist(),
    }


def told(values: np.ndarray, divergent: np.ndarray | None) -> dict[str, Any]:
    """A certificate of mixing, or the lack of one, as plain values."""
    found = mixing(values, divergent)
    return {"rhat": found.rhat, "ess": found.ess, "divergent": found.divergent, "certified": found.certified}


def _starts(seed: int, chains: int, inputs: int) -> np.ndarray:
    rng = np.random.default_rng([seed, inputs])
    even = split(truth(inputs), (0,) * GROUP, (1 / GROUP,) * GROUP)
    return even + 0.01 * rng.standard_normal((chains, *even.shape))


def _both(draws: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Where both neurons add to the function along the truth, and with its sign."""
    return np.all((c > 0) & (draws[..., -1] > 0), axis=-1)


def _low(n: float) -> float:
    """Where the window of exponents begins: below it a neuron may turn as it likes."""
    return 4 / float(n) ** 0.5


def _of_a_seed(draws: np.ndarray, c: np.ndarray, target: PopulationPosterior) -> dict[str, Any]:
    parts = weight_variance(draws, target.truth, target.prior)
    both = _both(draws, c)
    kept, share = draws[both], c[both][:, 0]
    cosine = kept[..., 0] / np.linalg.norm(kept[..., :-1], axis=-1)
    weights = weights_of_balance(contributions(kept), target.prior)
    return {
        "scaled": target.n * function_variance(draws),
        "weights": parts.total,
        "parts": [parts.discrete, parts.scaling, parts.split],
        "both": float(both.mean()),
        "spread": float(share.var(ddof=1)),
        "cosine": float(cosine.mean()),
        "exponent": fit_exponent(share, _low(target.n)),
        "balanced": fit_exponent(share, _low(target.n), weights),
    }
