"""Every claim about symmetries can fail: given wrong answers it does, given right ones it holds."""

import json

import numpy as np
import pytest

from limes.core.errors import InputError
from limes.papers.paper import Request
from limes.papers.registry import find
from limes.papers.symmetries.claims import claims
from limes.papers.symmetries.experiment import ANGLES, SCALES, SIZES, plan
from limes.papers.symmetries.limit import PAIRS
from limes.papers.symmetries.plane_claims import ERRORS
from limes.papers.symmetries.plane_claims import TABLE as PLANE
from limes.papers.symmetries.reading import ratio
from limes.papers.symmetries.swap_claims import TABLE

SEEDS = range(4)
WIDTHS = [5, 10, 50, 100]
ROUNDING = dict.fromkeys(WIDTHS, 1e-32)
NOISE = np.array([0.9, 1.0, 1.1, 1.0])


def _run(case, teacher, scheme, rmd, loss=1e-5):
    rmd = rmd if isinstance(rmd, dict) else dict.fromkeys(WIDTHS, rmd)
    about = {"case": case, "teacher": teacher, "scheme": scheme, "widths": list(rmd), "angles": 16}
    rows = {"rmd": [(v * NOISE).tolist() for v in rmd.values()], "loss": [(loss * NOISE).tolist() for _ in rmd]}
    return {0: about | rows}


def _limit(teacher, factor):
    same = [(v * NOISE).tolist() for v in (0.3, 0.2, 0.07, 0.05)]
    apart = (factor * np.array(same)).tolist()
    near = [(v * NOISE).tolist() for v in (0.1, 0.05, 0.005, 0.002)]
    pairs = {" ".join(pair): {"independent": apart, "coupled": near, "models": near} for pair in PAIRS}
    return {0: {"teacher": teacher, "widths": WIDTHS, "same": same} | pairs}


def _search(teacher):
    return {"teacher": teacher, "n": 100, "dimensions": [0, 1, 2], "finished": True, "outside": 1e-4}


def _digits():
    def scheme(upright, turned, changed, moved):
        return {"upright": upright, "turned": turned, "changed": changed, "moved": moved}

    return {
        "n": 50,
        "vanilla": scheme(0.98, 0.4, 0.9, 1.0),
        "augmented": scheme(0.95, 0.95, 0.06, 0.5),
        "averaged": scheme(0.97, 0.97, 0.0, 1e-15),
        "equivariant": scheme(0.84, 0.84, 0.0, 1e-15),
    }


def _leaving(factor):
    row = [4e-3, 2e-3, factor * 1e-3]
    return {"widths": [25, 50, 100], "times": [2.0, 20.0], "rmd": [row, row]}


def right():
    """What a run might find, in agreement with every claim."""
    falling = {"WI": TABLE["WI"], "SI": TABLE["SI"] | {100: 8e-5}, "arbitrary": 0.1}
    found = {}
    for teacher, rmd in falling.items():
        loss = 6e-6 if teacher == "arbitrary" else 1e-5
        found[f"swap-{teacher}-vanilla"] = _run("swap", teacher, "vanilla", rmd, loss)
        found[f"swap-{teacher}-augmented"] = _run("swap", teacher, "augmented", rmd, 0.035)
        for scheme in ("averaged", "equivariant", "orbit"):
            found[f"swap-{teacher}-{scheme}"] = _run("swap", teacher, scheme, ROUNDING, 0.033)
        plane = PLANE if teacher != "arbitrary" else 0.1
        found[f"plane-{teacher}-vanilla"] = _run("plane", teacher, "vanilla", plane)
        found[f"plane-{teacher}-augmented"] = _run("plane", teacher, "augmented", plane)
        for scheme in ("averaged", "equivariant"):
            found[f"plane-{teacher}-{scheme}"] = _run("plane", teacher, scheme, ROUNDING, 0.09)
        if teacher != "SI":
            found[f"two-layer-{teacher}-vanilla"] = _run("two-layer", teacher, "vanilla", plane)
            for scheme in ("averaged", "equivariant"):
                found[f"two-layer-{teacher}-{scheme}"] = _run("two-layer", teacher, scheme, ROUNDING)
        if teacher != "arbitrary":
            found[f"wide-{teacher}"] = _run("swap", teacher, "vanilla", {500: 1e-6})
    found["fine-WI-averaged"] = _run("plane", "WI", "averaged", {5: 1e-32, 10: 1e-32})
    found |= {"limit-WI": _limit("WI", 1.0), "limit-arbitrary": _limit("arbitrary", 4.0)}
    found |= {f"search-{teacher}": {s: _search(teacher) for s in SEEDS} for teacher in ("WI", "SI")}
    found["equivariance"] = {s: {"error": 1e-15} for s in SEEDS}
    found["shortcut"] = {s: {"n": 500, "solver": "simplex", "error": 1e-15} for s in SEEDS}
    errors = [[ERRORS[scale].get(k, 1e-15) for k in ANGLES] for scale in SCALES]
    found["quadrature"] = {s: {"scales": list(SCALES), "angles": list(ANGLES), "errors": errors} for s in SEEDS}
    found["digits"] = {s: _digits() for s in SEEDS}
    found["leaving"] = {s: _leaving(1 + 0.1 * s) for s in SEEDS}
    return found


def judged(found):
    return {claim.id: claim for claim in claims(found, "full", {})}


def test_right_answers_hold():
    made = judged(right())
    assert {name for name, claim in made.items() if claim.verdict != "holds"} == set()
    assert {name.rstrip("abcdefghijklmnop") for name in made} == {str(i) for i in range(1, 12)}
    assert {name for name, claim in made.items() if claim.headline} == {"1a", "2a", "5b", "9h"}
    assert list(made) == sorted(made, key=lambda name: (int(name.rstrip("abcdefghijklmnop")), name))


def change(quantity, *path, value):
    def apply(found):
        for result in found[quantity].values():
            for key in path[:-1]:
                result = result[key]
            result[path[-1]] = value

    return apply


def rmd(quantity, *figures):
    return change(quantity, "rmd", value=[(v * NOISE).tolist() for v in figures])


def loss(quantity, figure):
    return change(quantity, "loss", value=[(figure * NOISE).tolist()] * 4)


def errors(scale, figures):
    rows = [[ERRORS[s].get(k, 1e-15) for k in ANGLES] for s in SCALES]
    rows[SCALES.index(scale)] = figures
    return change("quadrature", "errors", value=rows)


FLAT, OUT = (0.02, 0.02, 0.02, 0.02), (1e-32, 1e-32, 1e-5, 1e-32)
WRONG = [
    ("1a", rmd("swap-WI-vanilla", *FLAT)),
    ("1b", rmd("swap-SI-vanilla", *FLAT)),
    ("1c", rmd("swap-WI-vanilla", 0.1, 3.4e-3, 2e-4, 3.3e-5)),
    ("1f", rmd("swap-WI-vanilla", 2.4e-2, 3.4e-3, 2e-4, 1e-5)),
    ("1g", rmd("swap-SI-vanilla", 1e-3, 6.5e-3, 3.4e-4, 8e-5)),
    ("1m", rmd("wide-WI", 3e-5)),
    ("1n", rmd("wide-SI", 8e-5)),
    ("2a", rmd("swap-arbitrary-vanilla", 0.1, 0.05, 1e-3, 1e-4)),
    ("2b", loss("swap-arbitrary-vanilla", 1e-2)),
    ("2c", loss("swap-arbitrary-augmented", 1e-4)),
    ("2d", loss("swap-arbitrary-averaged", 1e-4)),
    ("2e", loss("swap-arbitrary-equivariant", 0.1)),
    ("3a", rmd("swap-WI-averaged", *OUT)),
    ("3b", rmd("swap-arbitrary-averaged", 1e-5, 1e-32, 1e-32, 1e-32)),
    ("3c", rmd("swap-SI-equivariant", *OUT)),
    ("4a", rmd("swap-WI-orbit", *OUT)),
    ("4b", rmd("swap-WI-augmented", *ROUNDING.values())),
    ("5a", change("limit-WI", "vanilla augmented", "independent", value=[(0.2 * NOISE).tolist()] * 4)),
    ("5b", change("limit-WI", "vanilla averaged", "independent", value=[(0.2 * NOISE).tolist()] * 4)),
    ("5c", change("limit-WI", "augmented averaged", "independent", value=[(0.2 * NOISE).tolist()] * 4)),
    ("5d", change("limit-WI", "vanilla averaged", "coupled", value=[[v] * 4 for v in (0.1, 0.11, 0.12, 0.13)])),
    ("5e", change("limit-WI", "vanilla averaged", "models", value=[[v] * 4 for v in (0.1, 0.11, 0.12, 0.13)])),
    ("5f", change("limit-arbitrary", "vanilla averaged", "independent", value=[(0.05 * NOISE).tolist()] * 4)),
    ("6", loss("swap-arbitrary-equivariant", 6e-6)),
    ("7a", change("search-WI", "dimensions", value=[0, 1, 3, 4])),
    ("7b", change("search-SI", "finished", value=False)),
    ("7a", change("search-WI", "outside", value=0.1)),
    ("7c", change("search-WI", "dimensions", value=[0, 1, 2, 3, 4])),
    ("7d", change("search-SI", "dimensions", value=[0])),
    ("8", change("shortcut", "error", value=1e-4)),
    ("9a", errors(0.25, [2.7e-2, 1.1e-4, 7.9e-5, 1e-15, 1e-15])),
    ("9b", errors(1.0, [0.13, 1e-2, 8.9e-4, 1.3e-5, 3.2e-5])),
    ("9c", errors(4.0, [0.18, 3.8e-2, 8.2e-3, 1e-5, 3.1e-4])),
    ("9d", errors(1.0, [0.13, 1e-2, 1e-3, 1e-4, 1e-5])),
    ("9e", rmd("plane-arbitrary-averaged", *OUT)),
    ("9f", rmd("fine-WI-averaged", 1e-32, 1e-8)),
    ("9g", rmd("plane-SI-equivariant", *OUT)),
    ("9h", rmd("plane-WI-vanilla", *FLAT)),
    ("9i", rmd("plane-WI-vanilla", 1e-4, 1e-4, 1e-4, 1e-4)),
    ("9l", rmd("plane-WI-vanilla", *FLAT)),
    ("9m", rmd("plane-arbitrary-vanilla", 1e-3, 1e-3, 1e-3, 1e-3)),
    ("9n", loss("plane-arbitrary-averaged", 1e-3)),
    ("9o", rmd("plane-WI-augmented", *FLAT)),
    ("9p", rmd("plane-SI-vanilla", *FLAT)),
    ("10a", change("equivariance", "error", value=1e-3)),
    ("10b", rmd("two-layer-WI-averaged", *OUT)),
    ("10c", rmd("two-layer-WI-equivariant", *OUT)),
    ("10d", rmd("two-layer-WI-vanilla", 0.01, 0.011, 0.012, 0.013)),
    ("10e", rmd("two-layer-arbitrary-vanilla", 0.1, 0.03, 3e-3, 3e-4)),
    ("11a", change("digits", "averaged", "moved", value=1e-3)),
    ("11b", change("digits", "vanilla", "turned", value=0.98)),
    ("11c", change("digits", "equivariant", "turned", value=0.98)),
    ("11d", change("digits", "augmented", "changed", value=0.0)),
    ("11e", change("leaving", "rmd", value=[[4e-3, 2e-3, 1e-3], [1e-3, 2e-3, 4e-3]])),
    ("11f", change("leaving", "rmd", value=[[1e-3, 2e-3, 4e-3], [4e-3, 2e-3, 1e-3]])),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_answers_fail(name, spoil):
    found = right()
    spoil(found)
    assert judged(found)[name].verdict == "fails"


def test_figures_are_made_of_the_numbers():
    paper = find("symmetries")
    numbers = json.loads(json.dumps(paper.curves(right(), {}), allow_nan=False))
    wi = next(run for run in numbers["drifts"]["swap"] if (run["teacher"], run["scheme"]) == ("WI", "vanilla"))
    assert wi["widths"] == [5, 10, 50, 100, 500]
    assert {run["scheme"] for run in numbers["drifts"]["swap"]} == {"vanilla", "augmented"}
    drawings = paper.figures(numbers)
    assert set(drawings) == {"swap", "plane", "two-layer", "losses", "limit", "angles", "digits", "leaving"}
    assert all(drawing.alt and drawing.caption for drawing in drawings.values())
    assert "turned: 0.400, 0.950, 0.970, 0.840" in drawings["digits"].alt


def test_the_plan():
    for size in SIZES:
        made = plan(Request(size))
        parts = [step.part.name for step in made.steps]
        assert len(set(parts)) == len(parts)
        assert sum(step.seconds for step in made.steps) < (100 if size == "smoke" else 900)


def test_the_jackknife_is_that_of_leaving_out_seeds():
    rng = np.random.default_rng(0)
    above, below = rng.uniform(1, 2, (2, 5))  # of seeds i and i + 1
    found = ratio(above, below)
    for seed, value in enumerate(found):
        kept = [i for i in range(5) if seed not in (i, (i + 1) % 5)]
        left = above[kept].mean() / below[kept].mean()
        assert value == pytest.approx(5 * above.mean() / below.mean() - 4 * left)


def test_the_error_of_a_ratio_counts_that_of_the_baseline():
    found = right()
    for pair in PAIRS:
        found["limit-WI"][0][" ".join(pair)]["independent"] = np.full((4, 4), 0.06).tolist()
    assert judged(found)["5b"].standard_error > 0.01


def test_too_few_seeds_are_refused_before_any_work():
    assert plan(Request("smoke", seeds=3)).steps
    with pytest.raises(InputError, match="3 or more"):
        plan(Request("smoke", seeds=2))


def test_notes_tell_what_was_measured():
    made = judged(right())
    assert "1, lies inside" in made["1c"].note
    found = right()
    rmd("swap-WI-vanilla", 0.1, 3.4e-3, 2e-4, 3.3e-5)(found)
    assert "4.17, lies outside" in judged(found)["1c"].note
    assert made["4a"].quantity.endswith("teachers WI, SI, arbitrary")
    assert made["10b"].quantity.endswith("teachers WI, arbitrary")
