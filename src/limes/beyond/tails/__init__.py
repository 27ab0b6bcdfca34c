"""Heavy tails of weights, and what may be pruned because of them.

Large steps on small batches give stochastic gradient descent iterates with heavy tails, and a vector with heavy-tailed
independent entries is well approximated by few of them (Barsbey, Sefidgaran, Erdogdu, Richard & Simsekli 2021, arXiv
2106.03795; with stable noise put in on purpose: Wan, Barsbey, Zaidi & Simsekli 2024, arXiv 2306.08125). Here are
indices of tails, of samples and of networks from anywhere; stable laws; pruning of trained layers; and descent on
linear regression, whose index is known in theory.
"""

from limes.beyond.tails.chains import growth_factors, growth_index, sgd_chains, theoretical_index
from limes.beyond.tails.index import TailIndex, heaviness_index, hill_index
from limes.beyond.tails.layers import (
    LayerTails,
    Layout,
    from_vectors,
    last_layer,
    layer_tails,
    layer_vectors,
    weight_vectors,
)
from limes.beyond.tails.noise import stable_noise
from limes.beyond.tails.pruning import (
    PruningKind,
    best_term_error,
    kept_parameters,
    prunable_ratio,
    prune_vectors,
    pruning_errors,
)
from limes.beyond.tails.stable import elliptical_stable, positive_stable, symmetric_stable

__all__ = [
    "LayerTails",
    "Layout",
    "PruningKind",
    "TailIndex",
    "best_term_error",
    "elliptical_stable",
    "from_vectors",
    "growth_factors",
    "growth_index",
    "heaviness_index",
    "hill_index",
    "kept_parameters",
    "last_layer",
    "layer_tails",
    "layer_vectors",
    "positive_stable",
    "prunable_ratio",
    "prune_vectors",
    "pruning_errors",
    "sgd_chains",
    "stable_noise",
    "symmetric_stable",
    "theoretical_index",
    "weight_vectors",
]
