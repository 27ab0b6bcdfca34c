"""Published systems by key. A paper's package, with its numerics, is imported only when the paper is asked for."""

import difflib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from limes.core.errors import InputError
from limes.papers.paper import Paper


@dataclass(frozen=True)
class Entry:
    """A paper in the list: its key and title, and the package that offers it as `PAPER`."""

    key: str
    title: str
    package: str


_ENTRIES = (
    Entry(
        "adv-ntk",
        "Adv-NTK: adversarial training dynamics of wide networks (Fu & Wang 2024)",
        "limes.papers.adv_ntk",
    ),
    Entry(
        "ntk-features",
        "NTK features: which parts of a kernel are robust (Tsilivis & Kempe 2022)",
        "limes.papers.ntk_features",
    ),
    Entry(
        "nn-svm",
        "Networks as support vector machines: dynamics and certificates (Chen et al. 2021)",
        "limes.papers.nn_svm",
    ),
    Entry(
        "deep-vs-kernel",
        "Deep learning versus kernel learning: the motion of the tangent kernel (Fort et al. 2020)",
        "limes.papers.deep_vs_kernel",
    ),
    Entry(
        "rntk",
        "RNTK: the kernel of wide recurrent networks (Alemohammad et al. 2021)",
        "limes.papers.rntk",
    ),
    Entry(
        "uci",
        "NTK on small tables: 90 UCI data sets (Arora et al. 2020)",
        "limes.papers.uci",
    ),
    Entry(
        "stability-at",
        "Stability of adversarial training: early stopping and smoothing (Zhang, Wang & Arora 2024)",
        "limes.papers.stability_at",
    ),
    Entry(
        "convergence-at",
        "Convergence of adversarial training in wide networks (Gao et al. 2019)",
        "limes.papers.convergence_at",
    ),
    Entry(
        "bias-ntk",
        "Bias-generalised NTK: wide networks with large bias (Yang et al. 2024)",
        "limes.papers.bias_ntk",
    ),
    Entry(
        "fast-training",
        "Fast training with inactive neurons (Song, Yang & Zhang 2021)",
        "limes.papers.fast_training",
    ),
    Entry(
        "pruned-ntk",
        "The tangent kernel of randomly pruned networks (Yang & Wang 2023)",
        "limes.papers.pruned_ntk",
    ),
    Entry(
        "norm-bounds",
        "Norm-based bounds for networks with local connections (Galanti et al. 2023)",
        "limes.papers.norm_bounds",
    ),
    Entry(
        "feature-learning",
        "How gradient descent learns features: annealed weight decay (Zhou & Ge 2024)",
        "limes.papers.feature_learning",
    ),
    Entry(
        "tensor-decomposition",
        "Tensor decomposition beyond lazy training (Wang et al. 2020)",
        "limes.papers.tensor_decomposition",
    ),
    Entry(
        "symmetries",
        "Symmetries in overparametrised networks: a mean-field view (Maass Martinez & Fontbona 2024)",
        "limes.papers.symmetries",
    ),
    Entry(
        "heavy-tails",
        "Heavy tails of descent and compressibility (Barsbey et al. 2021)",
        "limes.papers.heavy_tails",
    ),
    Entry(
        "epistemic",
        "Epistemic uncertainty of overparametrised networks (Ruegamer 2026)",
        "limes.papers.epistemic",
    ),
    Entry(
        "neural-td",
        "Neural temporal-difference learning and Q-learning (Cai et al. 2019)",
        "limes.papers.neural_td",
    ),
)


def entries() -> Iterator[Entry]:
    """All papers, in the order in which they are listed."""
    return iter(_ENTRIES)


def entry(key: str) -> Entry:
    """The list's entry of a paper.

    Raises:
        InputError: for an unknown key, naming the closest ones.

    Example:
        >>> entry("adv-ntk").title[:7]
        'Adv-NTK'
    """
    known = {e.key: e for e in entries()}
    if key not in known:
        near = difflib.get_close_matches(str(key).lower().replace("_", "-"), known, n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        raise InputError(f"there is no paper {key!r}: {hint}")
    return known[key]


def find(key: str) -> Paper:
    """A paper, with its numerics.

    Raises:
        InputError: for an unknown key, naming the closest ones.
    """
    found = entry(key)
    paper: Paper = importlib.import_module(found.package).PAPER
    assert (paper.key, paper.title) == (found.key, found.title), f"{found.package} is listed under another name"
    return paper
