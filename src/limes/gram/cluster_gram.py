"""A Gram matrix whose tiles are on the workers of a Dask cluster, or are made there for every product."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from limes.core.types import Array, Kind
from limes.gram import cluster
from limes.gram.store import GramStore
from limes.gram.task import TILE, check_inputs, compute_tile, on_tile, read_tile
from limes.gram.tiled import Number, TiledGram
from limes.nets import Net

if TYPE_CHECKING:
    from distributed import Client


class ClusterGram(TiledGram):
    """A Gram matrix on a cluster: rows, products and the diagonal, computed where the tiles are.

    `limes.linalg.cg.solve` takes it as it takes an array. A bounded number of tasks is in flight; what comes back is
    added up here in the order of the tiles, so that on workers of one kind a product has the same bits whatever their
    number, their speed, and whether some died. Without any worker it waits for one. See
    `limes.gram.tiled.TiledGram` for rows and products.

    Make one with `from_inputs` or `from_store`; `close`, or the end of a `with` block, gives up what it holds there.
    """

    def __init__(
        self,
        scheduler: "str | Client",
        n: int,
        tile: int,
        dtype: np.dtype,
        recipe: "Callable[[ClusterGram, int, int], tuple[Callable[..., np.ndarray], tuple]]",
        keep: bool = False,
    ) -> None:
        self._n, self._tile, self._dtype = n, tile, np.dtype(dtype)
        self._recipe, self._keep = recipe, keep
        self._kept: dict[Number, Any] = {}
        self._rows: list[Any] = []
        self.client, self._own = cluster.connect(scheduler)

    @classmethod
    def from_inputs(
        cls,
        net: Net,
        x: Array,
        scheduler: "str | Client",
        *,
        kind: Kind = "ntk",
        tile: int = TILE,
        memory: str | int | None = None,
        keep: bool = True,
    ) -> Self:
        """The Gram matrix of a batch, without any file.

        Args:
            net: the architecture.
            x: (n, features...), float32 or float64.
            scheduler: address of a running scheduler ("tcp://HOST:PORT"), or a `distributed.Client`.
            kind: "ntk" or "nngp".
            tile: rows and columns of a tile.
            memory: limit for computing a tile; by default 0.6 of what a worker has for each of its threads.
            keep: whether workers keep the tiles. All together they then hold n^2 / 2 numbers, and write to their own
                disks what does not fit; a tile that is lost with its worker is made again. If not, every product makes
                every tile anew.

        Raises:
            InputError, NetError: for data or a net that cannot be used.
            ClusterError: if no scheduler answers.
            MissingPackage: without the package `distributed`.

        Cost: none before the first product.

        Example:
            >>> import numpy as np, limes as lm
            >>> from distributed import Client
            >>> x = np.random.default_rng(0).normal(size=(40, 3))
            >>> with Client(processes=False, dashboard_address=None) as client:
            ...     with lm.gram.ClusterGram.from_inputs(lm.nets.mlp(2), x, client, tile=16) as gram:
            ...         np.allclose(gram @ np.eye(40), lm.nets.mlp(2).kernel(x).ntk)
            True
        """
        x, tile = check_inputs(net, x, kind, tile)

        def recipe(self: ClusterGram, i: int, j: int) -> tuple[Callable[..., np.ndarray], tuple]:
            if not self._rows:
                self._rows = cluster.lend(self.client, [x[self._slice(k)] for k in range(self._side)])
            return compute_tile, (net, kind, self._rows[i], None if i == j else self._rows[j], memory)

        return cls(scheduler, len(x), tile, x.dtype, recipe, keep)

    @classmethod
    def from_store(cls, store: GramStore, scheduler: "str | Client", *, keep: bool = False) -> Self:
        """A Gram matrix on disk, read by the workers: its folder has the same path on all of them.

        Args:
            store: what `limes.gram.build` made.
            scheduler: address of a running scheduler ("tcp://HOST:PORT"), or a `distributed.Client`.
            keep: whether workers keep the tiles in memory after the first product.

        Raises:
            ClusterError: if no scheduler answers.
            MissingPackage: without the package `distributed`.
            FormatError, InputError: at the first product, for a store that workers do not see, that is not finished,
                damaged, or another one.
        """
        path, manifest = str(Path(store.path).resolve()), store.manifest

        def recipe(self: ClusterGram, i: int, j: int) -> tuple[Callable[..., np.ndarray], tuple]:
            return read_tile, (path, manifest, i, j)

        return cls(scheduler, manifest.n, manifest.tile, store.dtype, recipe, keep)

    def _map(self, function: Callable[..., Any], calls: Iterable[tuple[Number, tuple]]) -> Iterator[Any]:
        def submit(call: tuple[Number, tuple]) -> Any:
            (i, j), arguments = call
            key = cluster.key(function.__name__, i, j)
            if self._keep:
                return self.client.submit(function, self._kept_tile(i, j), *arguments, key=key)
            return self.client.submit(on_tile, function, *self._recipe(self, i, j), *arguments, key=key)

        with closing(cluster.in_flight(self.client, calls, submit, in_order=True, small=True)) as found:
            for _, value in found:
                yield value

    def _kept_tile(self, i: int, j: int) -> Any:
        if (i, j) not in self._kept:
            make, of = self._recipe(self, i, j)
            self._kept[i, j] = self.client.submit(make, *of, key=cluster.key("tile", i, j))
        return self._kept[i, j]

    def _shared(self, parts: list[np.ndarray]) -> list[Any]:
        return cluster.lend(self.client, parts)

    def close(self) -> None:
        """Give up tiles and inputs on the cluster, and the client if it was made here."""
        self._kept.clear()
        self._rows.clear()
        if self._own:
            self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
