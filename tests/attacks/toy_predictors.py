"""Small predictors in plain NumPy, whose rows do not depend on the batch they are in."""

import numpy as np


class Linear:
    """scores = W x + b, on inputs of any shape; records what it was asked."""

    def __init__(self, weights, offset=0.0, classes=None, targets=None):
        self.weights, self.offset = np.asarray(weights, np.float64), offset
        self.n_outputs = len(self.weights)
        self.asked, self.differentiated = [], []
        if classes is not None:
            self.classes_ = np.asarray(classes)
        if targets is not None:
            self.targets = targets

    def scores(self, x):
        self.asked.append(x.copy())
        return (np.einsum("nd,cd->nc", x.reshape(len(x), -1), self.weights) + self.offset).astype(x.dtype)

    def scores_vjp(self, x, v):
        self.differentiated.append(x.copy())
        return np.einsum("nc,cd->nd", v, self.weights).reshape(x.shape).astype(x.dtype)


class Tanh(Linear):
    """scores = V tanh(W x)."""

    def __init__(self, d=6, width=20, c=3, seed=0, gain=2.0):
        rng = np.random.default_rng(seed)
        super().__init__(rng.standard_normal((c, width)) / width**0.5)
        self.inner = gain * rng.standard_normal((width, d)) / d**0.5

    def hidden(self, x):
        return np.tanh(np.einsum("nd,wd->nw", x.reshape(len(x), -1), self.inner))

    def scores(self, x):
        self.asked.append(x.copy())
        return np.einsum("nw,cw->nc", self.hidden(x), self.weights).astype(x.dtype)

    def scores_vjp(self, x, v):
        self.differentiated.append(x.copy())
        back = np.einsum("nc,cw->nw", v, self.weights) * (1 - self.hidden(x) ** 2)
        return np.einsum("nw,wd->nd", back, self.inner).reshape(x.shape).astype(x.dtype)


class Together(Tanh):
    """Gives scores and gradient in one call."""

    def __init__(self, **options):
        super().__init__(**options)
        self.n_together = 0

    def scores_and_vjp(self, x, cotangent):
        self.n_together += 1
        scores = Tanh.scores(self, x)
        return scores, Tanh.scores_vjp(self, x, cotangent(scores))


class Quantised:
    """The scores of another predictor, rounded: right almost everywhere and without a gradient."""

    def __init__(self, inner, step=0.05):
        self.inner, self.step, self.n_outputs = inner, step, inner.n_outputs

    def scores(self, x):
        return np.round(self.inner.scores(x) / self.step) * self.step

    def scores_vjp(self, x, v):
        return np.zeros_like(x)


class Noisy:
    """The scores of another predictor plus fresh noise at every call."""

    def __init__(self, inner, noise):
        self.inner, self.noise, self.n_outputs = inner, noise, inner.n_outputs
        self.rng = np.random.default_rng(0)

    def scores(self, x):
        scores = self.inner.scores(x)
        return scores + self.noise * self.rng.standard_normal(scores.shape)

    def scores_vjp(self, x, v):
        return self.inner.scores_vjp(x, v)


def points(n=40, d=6, dtype=np.float64, seed=1):
    """Inputs in (0, 1)."""
    return np.random.default_rng(seed).uniform(0.2, 0.8, (n, d)).astype(dtype)


def labelled(predictor, x, wrong=0):
    """The predictor's own predictions as labels, the first `wrong` of them shifted by one."""
    y = predictor.scores(x).argmax(axis=1)
    y[:wrong] = (y[:wrong] + 1) % predictor.n_outputs
    predictor.asked.clear()
    return y
