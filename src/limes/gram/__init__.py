"""Gram matrices larger than memory: tiles on disk, tiles on a cluster."""

from limes.gram.building import build
from limes.gram.cluster_gram import ClusterGram
from limes.gram.store import GramStore, open

__all__ = ["ClusterGram", "GramStore", "build", "open"]
