"""Gram matrices on a Dask cluster: the bits of one process, whatever happens to the workers."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import Client, KilledWorker, LocalCluster

from limes import gram, nets
from limes.core.errors import ClusterError, FormatError, InputError, MemoryRefused
from limes.gram import cluster as on_cluster
from limes.linalg import cg

NET, N, TILE = nets.mlp(2), 50, 16
X = np.random.default_rng(0).standard_normal((N, 3))
Y = np.random.default_rng(1).standard_normal((N, 2))
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard"]


class Record:
    """Progress that remembers its notes, and does something after a number of steps."""

    def __init__(self, at=0, then=lambda: None):
        self.at, self.then, self.done, self.notes = at, then, 0, []

    def start(self, label, total):
        self.done = 0

    def step(self, n=1):
        self.done += n
        if self.done == self.at:
            self.then()

    def note(self, text):
        self.notes.append(text)


def quiet_cluster(n_workers):
    return LocalCluster(
        n_workers=n_workers, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=":0"
    )


@pytest.fixture(scope="module")
def address():
    """A scheduler, and two workers that are threads of this process."""
    with quiet_cluster(2) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return gram.build(tmp_path_factory.mktemp("one") / "gram", NET, X, tile=TILE)


def chunks(store):
    return {str(p.relative_to(store.path)): p.read_bytes() for p in store.path.rglob("*") if p.is_file()}


def test_a_cluster_makes_the_same_files(address, store, tmp_path):
    record = Record()
    made = gram.build(tmp_path / "gram", NET, X, tile=TILE, scheduler=address, progress=record)
    assert chunks(made) == chunks(store)
    assert record.done == 10
    assert record.notes[0].startswith("cluster: 2 workers, 2 threads; ")
    file = made.path / "c" / "1" / "2"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    (made.path / "c" / "0" / "0").unlink()
    with Client(address, set_as_default=False) as client:
        gram.build(made.path, NET, X, tile=TILE, scheduler=client, progress=record)
    assert record.done == 2
    assert chunks(made) == chunks(store)


@pytest.mark.parametrize("source", ["inputs", "inputs that are kept", "store"])
def test_rows_products_and_solutions_are_those_of_the_store(address, store, source):
    if source == "store":
        made = gram.ClusterGram.from_store(store, address)
    else:
        made = gram.ClusterGram.from_inputs(NET, X, address, tile=TILE, keep=source != "inputs")
    with made as matrix:
        assert (matrix.shape, matrix.dtype, len(matrix)) == (store.shape, store.dtype, N)
        np.testing.assert_array_equal(matrix @ Y, store @ Y)
        np.testing.assert_array_equal(matrix[[49, 3, 3]], store[[49, 3, 3]])
        np.testing.assert_array_equal(matrix[17], store[17])
        np.testing.assert_array_equal(matrix.diagonal(), store.diagonal())
        found = cg.solve(matrix, Y, 10.0, rank=5, tol=1e-3).check()
        assert found.iterations > 0
        np.testing.assert_array_equal(found.coef[0], cg.solve(store, Y, 10.0, rank=5, tol=1e-3).coef[0])
        with pytest.raises(InputError, match="50 rows"):
            matrix @ Y[:9]


class Fragile(gram.ClusterGram):
    """Something happens in the midst of the third product."""

    products = 0

    def _map(self, function, calls):
        self.products += 1
        for k, value in enumerate(super()._map(function, calls)):
            if (self.products, k) == (3, 2):
                self.then()
            yield value


def test_killed_workers_change_no_bit(store, tmp_path):
    """Two worker processes: one is killed in the midst of a build, the other in the midst of a product."""
    calm = gram.build(tmp_path / "calm", NET, X, tile=8)
    with quiet_cluster(0) as cluster, Client(cluster, set_as_default=False) as client:
        start = [*WORKER, cluster.scheduler_address]
        alive = [subprocess.Popen(start, stderr=subprocess.DEVNULL) for _ in range(2)]
        processes = tuple(alive)

        def kill():
            names, busy = client.run(os.getpid), client.processing()
            alive.sort(key=lambda process: any(busy[w] for w, pid in names.items() if pid == process.pid))
            alive.pop().send_signal(signal.SIGKILL)

        try:
            client.wait_for_workers(2, timeout=60)
            client.run(__import__, "limes.gram")  # both are ready to work
            made = gram.build(tmp_path / "gram", NET, X, tile=8, scheduler=client, progress=Record(4, kill))
            assert chunks(made) == chunks(calm)
            assert len(alive) == 1
            with Fragile.from_inputs(NET, X, client, tile=TILE) as matrix:
                matrix.then = lambda: (cluster.scale(1), client.wait_for_workers(2), kill())
                found = cg.solve(matrix, Y, 10.0, preconditioner="none")
            assert not alive
            expected = cg.solve(store, Y, 10.0, preconditioner="none")
            assert found.iterations == expected.iterations > 3
            np.testing.assert_array_equal(found.coef[0], expected.coef[0])
        finally:
            for process in processes:
                process.kill()
                process.wait()


def test_waits_for_workers(tmp_path):
    with quiet_cluster(0) as cluster:
        record = Record()
        record.note = lambda text: (record.notes.append(text), "no workers" in text and cluster.scale(1))
        gram.build(tmp_path / "late", NET, X, tile=TILE, scheduler=cluster.scheduler_address, progress=record)
        assert "the cluster has no workers: waiting" in record.notes[1]


def test_a_lost_scheduler_costs_no_tile_that_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(on_cluster, "_PATIENCE", 1)
    cluster = quiet_cluster(1)
    with pytest.raises(ClusterError, match="connection to the scheduler is lost"):
        gram.build(
            tmp_path / "gram", NET, X, tile=8, scheduler=cluster.scheduler_address, progress=Record(3, cluster.close)
        )
    assert len(gram.open(tmp_path / "gram").missing()) == 28 - 3


def test_a_tile_that_ends_every_worker_is_said():
    error = KilledWorker("tile", SimpleNamespace(address="tcp://a:1"), 3)
    told = on_cluster._explained(SimpleNamespace(status="running"), error)
    assert isinstance(told, ClusterError)
    assert "a tile ended 4 workers, the last one tcp://a:1" in str(told)


def test_a_worker_refuses_what_it_cannot_hold(address, tmp_path):
    with pytest.raises(MemoryRefused, match=r"the limit is 1\.0 kB.*smaller tiles \(tile=8"):
        gram.build(tmp_path / "gram", NET, X, tile=TILE, memory="1kB", scheduler=address)


def test_bad_clusters(address, store, tmp_path, monkeypatch):
    monkeypatch.setattr(on_cluster, "_PATIENCE", 1)
    since = time.monotonic()
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9 within 1 seconds"):
        gram.build(tmp_path / "gram", NET, X, scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - since < 5
    with pytest.raises(InputError, match=r"must be an address as tcp://HOST:PORT"):
        gram.build(tmp_path / "gram", NET, X, scheduler="localhost")
    with pytest.raises(InputError, match=r"no address of a scheduler"):
        gram.build(tmp_path / "gram", NET, X, scheduler="http://localhost:80")
    assert not (tmp_path / "gram").exists()
    with pytest.raises(InputError, match="of another net"):
        gram.build(store.path, nets.mlp(3), X, tile=TILE, scheduler=address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'limes\[scale\]'"):
        gram.build(tmp_path / "gram", NET, X, scheduler=address)


def test_stores_that_workers_cannot_use(address, store, tmp_path):
    started = gram.open(shutil.copytree(store.path, tmp_path / "gram"))
    (started.path / "c" / "1" / "1").unlink()
    with gram.ClusterGram.from_store(started, address) as matrix, pytest.raises(FormatError, match="not there yet"):
        matrix @ Y
    foreign = gram.GramStore(started.path, None, dataclasses.replace(store.manifest, kind="nngp"))
    with gram.ClusterGram.from_store(foreign, address) as matrix, pytest.raises(InputError, match="not the nngp"):
        matrix @ Y
    nowhere = gram.GramStore(tmp_path / "nowhere", None, store.manifest)
    with gram.ClusterGram.from_store(nowhere, address) as matrix, pytest.raises(FormatError, match="all workers share"):
        matrix @ Y
