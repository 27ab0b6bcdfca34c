"""What a user writes, for type checkers: no name may be unknown, and results have the types that they say."""

from typing import assert_type

import numpy as np

import limes as lm
from limes.attacks import AttackResult, EvaluationReport
from limes.certify import Certificate
from limes.kernels import Kernel
from limes.nets import Net

x: np.ndarray = np.zeros((6, 4))
y: np.ndarray = np.arange(6) % 2

net = lm.nets.mlp(depth=3, activation="relu", w_std=2**0.5, b_std=0.0)
assert_type(net, Net)
assert_type(lm.nets.serial(lm.nets.Dense(w_std=1.5), lm.nets.Relu(), lm.nets.Dense()), Net)
assert_type(net.kernel(x, get=("nngp", "ntk")), Kernel)

clf = lm.NTKClassifier(net=net, time=float("inf"), ridge=0.0).fit(x, y)
assert_type(clf, lm.NTKClassifier)
assert_type(clf.scores(x), np.ndarray)
assert_type(clf.predict_at(x, 1.0), np.ndarray)

found = lm.attacks.PGD(norm="linf", steps=10)(clf, x, y, eps="8/255", bounds=None, key=0)
assert_type(found, AttackResult)
assert_type(found.x_adv, np.ndarray)
assert_type(lm.attacks.evaluate(clf, x, y, eps=[0, "2/255"], bounds=(0, 1)), EvaluationReport)
assert_type(lm.certify.radius(clf, x, norm="linf", bounds=(0, 1)), Certificate)
assert_type(lm.certify.label_flips(clf, x), np.ndarray)

robust = lm.AdvNTKClassifier(eps="8/255", steps=50).fit(x, y)
assert_type(robust, lm.AdvNTKClassifier)
lazy = lm.LazyATClassifier(eps="8/255").fit(x, y)
assert_type(lazy, lm.LazyATClassifier)

assert_type(lm.papers.run("adv-ntk", size="smoke"), lm.papers.PaperResult)
