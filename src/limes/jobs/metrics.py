"""What ``metrics.json`` holds: every figure of a run of `robustify`, with standard errors and each seed's value."""

import resource
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from limes.data import summarise
from limes.jobs.defences import DEFENCES
from limes.jobs.estimates import estimate
from limes.jobs.settings import Settings
from limes.jobs.stages import SeedRun

SUITE = (
    "worst of APGD on the margin, on the cross-entropy and towards the likeliest wrong classes "
    "({steps} steps, restarts: {restarts}) and a square attack of {queries} queries"
)
PLAIN, STOPPED = "plain flow, trained to the end", "best stopping time"
Stage = dict[str, Any]


class LeftOut(NamedTuple):
    """A defence for which the budget was too small."""

    key: str
    name: str
    seconds: float


@dataclass
class SeedResult:
    """The stages of one seed.

    Attributes:
        seed, run, fit, validation, test: of the plain flow, the attacks at each time.
        chosen: index of the stopping time that validation chose.
        defences: by key, the stages of fit, validation and test.
    """

    seed: int
    run: SeedRun
    fit: Stage
    validation: list[Stage]
    test: list[Stage]
    chosen: int
    defences: dict[str, tuple[Stage, Stage, Stage]] = field(default_factory=dict)

    def shown(self, key: str) -> Stage:
        """The test stage, with every radius, of a defence or of the best stop."""
        return self.test[self.chosen] if key == "stop" else self.defences[key][2]


class _Pick(NamedTuple):
    """One line of the comparison: a key, its name, its time, and its test stage for each seed."""

    key: str
    name: str
    time: float | None
    stages: list[Stage]


def compose(
    s: Settings, times: tuple[float, ...], results: list[SeedResult], left_out: list[LeftOut], command: str
) -> dict[str, Any]:
    """All figures as plain values."""
    n_test, n_val, several = s.n_test, s.n_validation, len(results) > 1
    per_seed = [times[r.chosen] for r in results]
    common = Counter(per_seed).most_common(1)[0][0]
    picks = [
        _Pick("plain", PLAIN, times[-1], [r.test[-1] for r in results]),
        _Pick("stop", STOPPED, common, [r.test[r.chosen] for r in results]),
        *(_Pick(key, DEFENCES[key].name, None, [r.defences[key][2] for r in results]) for key in results[0].defences),
    ]
    curve = [
        {
            "time": t,
            "clean": estimate([r.test[i]["clean"] for r in results], n_test),
            "robust": estimate([_at(s, r.test[i]) for r in results], n_test),
            "validation_clean": estimate([r.validation[i]["clean"] for r in results], n_val),
            "validation_robust": estimate([_at(s, r.validation[i]) for r in results], n_val),
        }
        for i, t in enumerate(times)
    ]
    key = _most_robust(s, results)
    return {
        "data": summarise(s.data) | {"notes": list(s.notes)},
        "settings": _described(s, times, results),
        "curve": curve,
        "chosen": {"time": common, "per_seed": per_seed},
        "model": {"key": key, "defence": STOPPED if key == "stop" else DEFENCES[key].name},
        "radius": {
            "eps": s.radii,
            "defences": [
                {
                    "name": pick.name,
                    "robust": [estimate([t["robust"][k] for t in pick.stages], n_test) for k in range(len(s.radii))],
                }
                for pick in picks
            ],
        },
        "table": [
            {
                "defence": pick.name,
                "time": pick.time,
                "clean": estimate([t["clean"] for t in pick.stages], n_test),
                "robust": estimate([_at(s, t) for t in pick.stages], n_test),
            }
            for pick in picks
        ],
        "left_out": [
            {"defence": out.name, "seconds": out.seconds, "needed_budget": _spent(results) + out.seconds}
            for out in left_out
        ],
        "audit": [
            {"defence": f"{pick.name}, seed {r.seed}" if several else pick.name, **check}
            for pick in picks
            for r, stage in zip(results, pick.stages, strict=True)
            for check in stage["audit"]
        ],
        "timings": _timings(results),
        "memory": {"peak_bytes": _peak_bytes()},
        "files": {"model": "model.npz", "figures": "metrics.json", "settings": "config.toml", "log": "log.jsonl"},
        "command": command,
    }


def _most_robust(s: Settings, results: list[SeedResult]) -> str:
    """The key of the defence that withstands most on validation rows, over all seeds; ties go to the simpler one."""
    scores = {"stop": np.mean([_at(s, r.validation[r.chosen]) for r in results])}
    for key in results[0].defences:
        scores[key] = np.mean([_at(s, r.defences[key][1]) for r in results])
    return max(scores, key=lambda key: scores[key])


def _at(s: Settings, stage: Stage) -> float:
    """Worst-case accuracy at the run's radius."""
    return float(np.asarray(stage["robust"])[list(stage["eps"]).index(s.eps)])


def _described(s: Settings, times: tuple[float, ...], results: list[SeedResult]) -> dict[str, Any]:
    return {
        "net": str(s.net),
        "net_spec": s.net.to_spec(),
        "kind": s.kind,
        "norm": s.norm,
        "eps": s.eps,
        "bounds": None if s.bounds is None else list(s.bounds),
        "seeds": list(s.seeds),
        "times": list(times),
        "n_train": s.n_train,
        "n_validation": s.n_validation,
        "n_test": s.n_test,
        "scale": s.data.scale,
        "solver": results[0].fit["solver"],
        "attack": SUITE.format(steps=s.steps, restarts=s.restarts, queries=s.queries),
    }


def _timings(results: list[SeedResult]) -> list[dict[str, Any]]:
    parts = {
        "kernel and solve": [r.fit["seconds"] for r in results],
        "attacks on validation rows": [v["seconds"] for r in results for v in r.validation],
        "attacks on test rows, audit": [t["seconds"] for r in results for t in r.test],
    }
    for key in results[0].defences:
        name = DEFENCES[key].name
        parts[f"{name}: training"] = [r.defences[key][0]["seconds"] for r in results]
        parts[f"{name}: attacks"] = [stage["seconds"] for r in results for stage in r.defences[key][1:]]
    return [{"stage": name, "seconds": float(sum(seconds))} for name, seconds in parts.items()]


def _spent(results: list[SeedResult]) -> float:
    return sum(entry["seconds"] for entry in _timings(results))


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
