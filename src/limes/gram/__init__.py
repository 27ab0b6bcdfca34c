"""Gram matrices larger than memory: tiles on disk."""

from limes.gram.store import GramStore, build, open

__all__ = ["GramStore", "build", "open"]
