"""Whether architectures agree on which features are robust: features are compared by the rank of their eigenvalue."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from limes.core.errors import InputError
from limes.measure.singles import Singles, spearman


@dataclass(frozen=True, eq=False)
class Agreement:
    """Spearman's rank correlations between nets, over the features that all of them have measured.

    Attributes:
        names: of the k nets.
        ranks: (m,) of the features compared.
        robust: (k, k) correlation of robust accuracies.
        clean: (k, k) correlation of clean balanced accuracies.
    """

    names: tuple[str, ...]
    ranks: np.ndarray
    robust: np.ndarray
    clean: np.ndarray


def agreement(found: Mapping[str, Singles]) -> Agreement:
    """Compare the features of several nets, rank by rank.

    Args:
        found: name of a net to what `singles` measured on it.

    Raises:
        InputError: for nets without two ranks in common.
    """
    names = tuple(found)
    common = sorted(set.intersection(*(set(one.ranks.tolist()) for one in found.values()))) if names else []
    if len(common) < 2:
        raise InputError(f"the nets {', '.join(names) or '(none)'} have no two ranks in common: measure the same ones")
    places = {name: np.searchsorted(one.ranks, common, sorter=np.argsort(one.ranks)) for name, one in found.items()}
    picked = {name: np.argsort(found[name].ranks)[places[name]] for name in names}

    def table(values: str) -> np.ndarray:
        columns = [getattr(found[name], values)[picked[name]] for name in names]
        return np.array([[spearman(a, b) for b in columns] for a in columns])

    return Agreement(names, np.array(common), table("robust"), table("clean_balanced"))
