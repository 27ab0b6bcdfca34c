"""A paper of a few numbers, for tests of what all papers share."""

import sys
from types import ModuleType

import numpy as np

from limes.papers import registry
from limes.papers.claim import Claim, Expected
from limes.papers.paper import Drawing, Paper, Part, Plan, Request, Step
from limes.report import style

KEY, PACKAGE = "toy-heights", "toy_heights_paper"


class Toy:
    """Two quantities; counts what is computed, and is interrupted where it is told to be."""

    def __init__(self):
        self.computed, self.interrupt_at, self.offset = [], None, 0.0

    def paper(self):
        return Paper(KEY, "Toy heights (Nobody 1900)", "Nobody 1900", "Heights.", self.plan, claims, curves, figures)

    def plan(self, request: Request) -> Plan:
        steps = [
            Step(quantity, seed, self._compute(quantity, seed), 1.0, Part(f"seed{seed}", {"offset": self.offset}))
            for quantity in ("height", "double")
            for seed in request.seed_range(3)
        ]
        return Plan({"seeds": len(request.seed_range(3)), "data": request.data}, steps, ("a note",), 1000)

    def _compute(self, quantity, seed):
        def compute(found, progress):
            if self.interrupt_at == (quantity, seed):
                raise KeyboardInterrupt
            self.computed.append((quantity, seed))
            if quantity == "height":
                return {"value": 1.0 + 0.1 * seed + self.offset, "row": np.arange(3)}
            return {"value": 2 * found["height"][seed]["value"]}

        return compute

    def install(self, monkeypatch):
        """Put the paper into the registry."""
        module = ModuleType(PACKAGE)
        module.PAPER = self.paper()
        monkeypatch.setitem(sys.modules, PACKAGE, module)
        entry = registry.Entry(KEY, module.PAPER.title, PACKAGE)
        monkeypatch.setattr(registry, "_ENTRIES", (*registry._ENTRIES, entry))
        return self


def claims(found, size, settings):
    height = {"values": [r["value"] for r in found["height"].values()], "seeds": list(found["height"])}
    double = {"values": [r["value"] for r in found["double"].values()], "seeds": list(found["double"])}
    about = Expected.about(1.1, 0.05)
    return [
        Claim("1", "Heights are about 1.1", "Nobody 1900", "metres", about, **height, size=size, headline=True),
        Claim("2", "Twice | that is at most 1", "Nobody 1900", "metres", Expected.at_most(1.0), **double, size=size),
    ]


def curves(found, settings):
    return {"height": [r["value"] for r in found["height"].values()]}


def figures(curves):
    figure = style.new_figure(3, 2)
    figure.add_axes((0.2, 0.2, 0.7, 0.7)).plot(curves["height"])
    return {"heights": Drawing(figure, "Heights.", f"Heights of {len(curves['height'])} seeds.")}


class Resources:
    """Stands in for importlib.resources, with package data in another folder."""

    def __init__(self, folder):
        self.folder = folder

    def files(self, package):
        return self.folder
