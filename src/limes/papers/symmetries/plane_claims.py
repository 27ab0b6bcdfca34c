"""Claims 9 and 10: rotations of the plane, and small networks as units."""

import numpy as np

from limes.papers.claim import Claim, Expected, Size
from limes.papers.paper import Found
from limes.papers.reading import Result, over, within
from limes.papers.symmetries.reading import at, drifts, largest, slopes, told, window
from limes.papers.symmetries.swap_claims import RECORDED

ERRORS = {
    0.25: {4: 2.7e-2, 8: 1.1e-4, 16: 7.9e-8},
    1.0: {4: 1.3e-1, 8: 1.0e-2, 16: 8.9e-4, 32: 1.3e-5, 64: 3.2e-9},
    4.0: {4: 1.8e-1, 8: 3.8e-2, 16: 8.2e-3, 32: 2.0e-3, 64: 3.1e-4},
}
"""Recorded errors of averages over angles, by scale of the inputs; those at rounding are left out."""
TABLE = {5: 7.1e-3, 10: 8.0e-4, 50: 1.8e-5, 100: 5.8e-6}
"""Recorded RMD^2 to E^G of vanilla training from there, WI teacher, 3 seeds."""
_OWN = "our own construction: a compact group by quadrature"


def plane_claims(found: Found, size: Size) -> list[Claim]:
    """Claims 9 and 10."""
    return [*_angles(found, size), *_kept(found, size), *_falls(found, size), *_two_layer(found, size)]


def _angles(found: Found, size: Size) -> list[Claim]:
    by_seed = found["quadrature"]
    made = [
        Claim(
            f"9{letter}",
            f"Averages over K angles are as close to SO(2) as recorded, inputs of scale {scale:g}",
            f"{_OWN}; figures recorded from one draw",
            f"decades between the error against 1,024 angles and the recorded one, K = {worst(by_seed, scale)}, where "
            f"it is off most of {', '.join(map(str, ERRORS[scale]))}",
            Expected.about(0.0, float(np.log10(3))),
            **over(by_seed, lambda r, scale=scale: _decades(r, scale)[worst(by_seed, scale)]),
            size=size,
            note="Geometric means: " + ", ".join(f"{v:.1e}" for v in _means(by_seed, scale)) + ".",
        )
        for letter, scale in zip("abc", ERRORS, strict=True)
    ]
    made.append(
        Claim(
            "9d",
            "And come closer geometrically",
            "the trapezoid rule on analytic functions",
            "fall of log error per angle from K = 32 to 64, over that from 16 to 32, inputs of scale 1 (1/2 for any "
            "power of K)",
            Expected.about(1.0, 0.3, refuted_below=0.6),
            **over(by_seed, _steadiness),
            size=size,
        )
    )
    return made


def _errors(result: Result, scale: float) -> dict[int, float]:
    return dict(zip(result["angles"], result["errors"][result["scales"].index(scale)], strict=True))


def _decades(result: Result, scale: float) -> dict[int, float]:
    errors = _errors(result, scale)
    return {k: float(np.log10(errors[k] / recorded)) for k, recorded in ERRORS[scale].items()}


def worst(by_seed: dict[int, Result], scale: float) -> int:
    """The number of angles at which the geometric mean over seeds is furthest from the recorded error."""
    return max(ERRORS[scale], key=lambda k: abs(sum(_decades(r, scale)[k] for r in by_seed.values())))


def _means(by_seed: dict[int, Result], scale: float) -> np.ndarray:
    errors = [[_errors(r, scale)[k] for k in ERRORS[scale]] for r in by_seed.values()]
    return np.exp(np.log(errors).mean(0))


def _steadiness(result: Result) -> float:
    log = {k: np.log(e) for k, e in _errors(result, 1.0).items()}
    return ((log[64] - log[32]) / 32) / ((log[32] - log[16]) / 16)


def _kept(found: Found, size: Size) -> list[Claim]:
    expected = Expected.at_most(1e-14, refuted_above=1e-10)
    cases = [("e", "plane", "averaged", "Averaging over 16 angles keeps E^G")]
    if "fine-WI-averaged" in found:
        cases.append(("f", "fine", "averaged", "Averaging over 32 angles keeps E^G"))
    cases.append(("g", "plane", "equivariant", "The equivariant architecture keeps E^G"))
    return [
        Claim(
            f"9{letter}",
            statement,
            _OWN,
            largest(found, case, scheme),
            expected,
            **within(drifts(found, case, scheme)),
            size=size,
            over="largest",
        )
        for letter, case, scheme, statement in cases
    ]


def _falls(found: Found, size: Size) -> list[Claim]:
    vanilla, arbitrary = (found[f"plane-{teacher}-vanilla"][0] for teacher in ("WI", "arbitrary"))
    made = [
        Claim(
            "9h",
            "Vanilla training leaves E^G less with more particles under rotations, WI teacher",
            f"{_OWN}; {RECORDED}",
            f"exponent in N of RMD^2 to E^G, N = {', '.join(map(str, vanilla['widths']))}",
            Expected.about(-2.4, 0.5, refuted_above=-0.5),
            **within(slopes(vanilla)),
            size=size,
            headline=True,
            note=f"Means: {told(vanilla)}. Recorded: {', '.join(f'{n}: {v:g}' for n, v in TABLE.items())}.",
        )
    ]
    for letter, (n, recorded) in zip("ijkl", TABLE.items(), strict=True):
        ratios = at(vanilla, n) / recorded
        made.append(
            Claim(
                f"9{letter}",
                f"It leaves E^G as far as recorded, N = {n}",
                RECORDED,
                f"RMD^2 to E^G over the recorded {recorded:g}",
                Expected(1 / 3, 3.0, 1 / 3, 3.0),
                **within(ratios),
                size=size,
                note=window(ratios, 1 / 3, 3.0),
            )
        )
    averaged = found["plane-arbitrary-averaged"][0]
    most = max(averaged["widths"])
    made += [
        Claim(
            "9m",
            "Under a teacher without symmetry it leaves E^G whatever N",
            f"{_OWN}; {RECORDED}",
            f"RMD^2 to E^G, N = {max(arbitrary['widths'])}",
            Expected.about(0.1, 0.05, refuted_below=0.01),
            **within(at(arbitrary, max(arbitrary["widths"]))),
            size=size,
            note=f"Means: {told(arbitrary)}; losses: {told(arbitrary, 'loss')}.",
        ),
        Claim(
            "9n",
            "Which averaging cannot fit",
            f"{_OWN}; {RECORDED}",
            f"mean of |f - y|^2, N = {most}",
            Expected.about(0.09, 0.02),
            **within(at(averaged, most, "loss")),
            size=size,
        ),
    ]
    for letter, name in (("o", "plane-WI-augmented"), ("p", "plane-SI-vanilla")):
        if name in found:
            what = "So does augmentation" if letter == "o" else "And vanilla training under the SI teacher"
            made.append(
                Claim(
                    f"9{letter}",
                    f"{what}, with more particles",
                    f"{_OWN}; no figure was recorded",
                    "exponent in N of RMD^2 to E^G",
                    Expected.at_most(-1.0, refuted_above=-0.5),
                    **within(slopes(found[name][0])),
                    size=size,
                    note=f"Means: {told(found[name][0])}.",
                )
            )
    return made


def _two_layer(found: Found, size: Size) -> list[Claim]:
    own = "our own construction: small networks as units; no figure was recorded"
    vanilla, arbitrary = (found[f"two-layer-{teacher}-vanilla"][0] for teacher in ("WI", "arbitrary"))
    made = [
        Claim(
            "10a",
            "Small networks are jointly equivariant units",
            "derived: the swap permutes inputs, hidden units and outputs",
            "largest error, 20 particles at 50 inputs",
            Expected.at_most(1e-14),
            **over(found["equivariance"], lambda r: r["error"]),
            size=size,
            over="largest",
        )
    ]
    for letter, scheme, name in (("b", "averaged", "Averaging"), ("c", "equivariant", "The equivariant architecture")):
        made.append(
            Claim(
                f"10{letter}",
                f"{name} keeps E^G with them",
                own,
                largest(found, "two-layer", scheme),
                Expected.at_most(1e-14, refuted_above=1e-6),
                **within(drifts(found, "two-layer", scheme)),
                size=size,
                over="largest",
            )
        )
    made += [
        Claim(
            "10d",
            "Vanilla training leaves E^G less with more particles, small networks, WI teacher",
            own,
            f"exponent in N of RMD^2 to E^G, N = {', '.join(map(str, vanilla['widths']))}",
            Expected.at_most(-1.0, refuted_above=0.0),
            **within(slopes(vanilla)),
            size=size,
            note=f"Means: {told(vanilla)}; losses: {told(vanilla, 'loss')}.",
        ),
        Claim(
            "10e",
            "And stays away under a teacher without symmetry",
            own,
            f"exponent in N of RMD^2 to E^G, N = {', '.join(map(str, arbitrary['widths']))}",
            Expected.about(0.0, 0.5, refuted_below=-1.0),
            **within(slopes(arbitrary)),
            size=size,
            note=f"Means: {told(arbitrary)}; losses: {told(arbitrary, 'loss')}.",
        ),
    ]
    return made
