"""The steps of the experiment on networks with large bias at each size."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

from limes.papers.bias_ntk import closed_forms, kernel_limit, mnist, spectra, training
from limes.papers.claim import Size
from limes.papers.paper import Plan, Request, Step, plain
from limes.papers.sources import mnist_folder
from limes.papers.steps import seeded


@dataclass(frozen=True)
class Sizes:
    """What is measured at a size.

    Attributes:
        draws: pairs of normal numbers of claim 1, and seeds.
        limits: widths of claim 3, and seeds.
        spectra: (n, d) of claims 4, 5 and 9 to 12, and seeds.
        samples: vectors of each kind tried in the region.
        searched: largest n at which the region's minimum is found.
        widths: of claims 6 to 8, with the seeds of each.
        steps: of training.
        teacher: seeds of claim 13; at the first width.
    """

    draws: tuple[int, int]
    limits: tuple[tuple[int, ...], int]
    spectra: tuple[tuple[tuple[int, int], ...], int]
    samples: int
    searched: int
    widths: tuple[tuple[int, int], ...]
    steps: int
    teacher: int


SIZES: dict[Size, Sizes] = {
    "smoke": Sizes((2_000_000, 2), ((1_000, 10_000), 3), (((100, 20), (200, 30)), 2), 200, 100, ((4_000, 2),), 300, 1),
    "full": Sizes(
        draws=(20_000_000, 5),
        limits=((1_000, 10_000, 100_000), 5),
        spectra=(((100, 20), (500, 50), (1000, 100)), 5),
        samples=1000,
        searched=100,
        widths=((4_000, 5), (12_000, 5), (40_000, 3)),
        steps=600,
        teacher=5,
    ),
}
MNIST_SEEDS = 3
_MISSING = "claim 15 is about MNIST, whose files were not given: pass --data DIR"


def plan(request: Request) -> Plan:
    """All steps at a size; those on MNIST at full size, where the files are given.

    Raises:
        FormatError: for a data folder that was named and has no MNIST.
    """
    sizes = SIZES[request.size]
    folder, notes = (None, ()) if request.size == "smoke" else mnist_folder(request, _MISSING)
    steps = [*_kernel(request, sizes), *_spectra(request, sizes), *_training(request, sizes), *_mnist(request, folder)]
    settings = {"sizes": plain(asdict(sizes)), "seeds": request.seeds, "mnist": folder is not None}
    return Plan(settings, steps, notes, 1_500_000_000 if request.size == "full" else 600_000_000)


def _kernel(request: Request, sizes: Sizes) -> Iterator[Step]:
    each = partial(seeded, settings=plain(asdict(sizes)))
    draws, seeds = sizes.draws
    yield from each("forms", range(1), lambda s: closed_forms.forms(), 12.0)
    yield from each("draws", request.seed_range(seeds), lambda s: closed_forms.drawn(s, draws), 2e-7 * draws)
    widths, seeds = sizes.limits
    yield from each("limit", request.seed_range(seeds), lambda s: kernel_limit.measured(s, widths), 4e-5 * sum(widths))


def _spectra(request: Request, sizes: Sizes) -> Iterator[Step]:
    shapes, seeds = sizes.spectra
    for n, d in shapes:
        search = n <= sizes.searched
        yield from seeded(
            f"spectrum-{n}",
            request.seed_range(seeds),
            lambda s, n=n, d=d, search=search: spectra.on_sphere(s, n, d, sizes.samples, search),
            2.0 + 1e-8 * n**3 + 5e-6 * n * n,
            plain(asdict(sizes)),
        )


def _training(request: Request, sizes: Sizes) -> Iterator[Step]:
    each, steps = partial(seeded, settings=plain(asdict(sizes))), sizes.steps
    for width, seeds in sizes.widths:
        cost = 4.5e-6 * width * steps
        compute = partial(training.random_task, width=width, steps=steps)
        yield from each(f"width-{width}", request.seed_range(seeds), compute, cost)
    width, seeds = sizes.widths[0]
    cost = 2e-6 * width * steps
    frozen = partial(training.random_task, width=width, steps=steps, biases=(1.0,), trainable=False)
    yield from each("frozen", request.seed_range(seeds), frozen, cost)
    teacher = partial(training.teacher_task, width=width, steps=steps)
    yield from each("teacher", request.seed_range(sizes.teacher), teacher, 2 * cost)


def _mnist(request: Request, folder: str | None) -> Iterator[Step]:
    if folder is None:
        return
    settings = {"rows": [mnist.TRAINED, mnist.DECOMPOSED], "width": mnist.WIDTH, "steps": mnist.STEPS}
    seeds = request.seed_range(MNIST_SEEDS)
    yield from seeded("mnist-training", seeds, lambda s: mnist.trained(s, folder), 60.0, settings)
    yield from seeded("mnist-spectrum", seeds, lambda s: mnist.decomposed(s, folder), 30.0, settings)
