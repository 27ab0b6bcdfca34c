"""Whether chains have mixed: a certificate, or what speaks against one."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from limes.beyond.posterior.chains import require_blackjax
from limes.core.errors import InputError
from limes.core.precision import require_finite, scope


@dataclass(frozen=True)
class Mixing:
    """What is known about the mixing of some quantities.

    Attributes:
        rhat: largest rank-normalised split R-hat of the quantities; near 1 where all chains say the same,
            infinite where a quantity never changes, of which nothing is known.
        ess: smallest effective number of draws (bulk), of all chains together.
        divergent: share of draws whose trajectory diverged.
        rhat_at_most, ess_at_least: what a certificate asks for.
    """

    rhat: float
    ess: float
    divergent: float
    rhat_at_most: float
    ess_at_least: float

    @property
    def certified(self) -> bool:
        """Whether nothing speaks against the draws: R-hat and effective number as asked for, under 1 % divergent."""
        return self.rhat <= self.rhat_at_most and self.ess >= self.ess_at_least and self.divergent < 0.01

    def __str__(self) -> str:
        found = f"R-hat {self.rhat:.3f}, effective draws {self.ess:.0f}, divergent {self.divergent:.1%}"
        asked = f"at most {self.rhat_at_most:g} and at least {self.ess_at_least:g} asked for"
        return f"{'mixed' if self.certified else 'not shown to have mixed'}: {found} ({asked})"


def mixing(
    values: np.ndarray,
    divergent: np.ndarray | None = None,
    *,
    rhat_at_most: float = 1.01,
    ess_at_least: float = 400,
) -> Mixing:
    """R-hat and effective numbers of draws of some quantities, the worst of them.

    Weights that a symmetry exchanges never mix where the function does: ask about what a figure is made of.

    Args:
        values: (chains, draws, ...) of quantities, at least 2 chains and 4 draws.
        divergent: (chains, draws), as `Chains` has them.
        rhat_at_most, ess_at_least: the thresholds of Vehtari et al. 2021 are the defaults.

    Raises:
        InputError: for too few chains or draws, or values that are not finite.

    Reference: Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021 (Bayesian Analysis 16), as blackjax has them.

    Example:
        >>> draws = np.random.default_rng(0).standard_normal((4, 500))
        >>> str(mixing(draws))[:5], mixing(draws + np.arange(4)[:, None]).certified
        ('mixed', False)
    """
    require_blackjax()
    values = np.asarray(values, float)
    if values.ndim < 2 or values.shape[0] < 2 or values.shape[1] < 4:
        raise InputError(f"R-hat needs at least 2 chains of 4 draws, (chains, draws, ...), not {values.shape}")
    require_finite(values, "values")
    with scope(np.float64):
        columns = values.reshape(*values.shape[:2], -1)
        found = np.array([_diagnose(jnp.asarray(columns[..., k])) for k in range(columns.shape[2])])
    rhat, ess = found.T
    share = 0.0 if divergent is None else float(np.mean(divergent))
    # what never changes has neither: it counts as not mixed
    worst = float(np.where(np.isfinite(rhat), rhat, np.inf).max())
    return Mixing(worst, float(np.where(np.isfinite(ess), ess, 0.0).min()), share, rhat_at_most, ess_at_least)


@jax.jit
def _diagnose(values: jax.Array) -> jax.Array:
    """R-hat and effective number of draws of one quantity, compiled once for all that have as many draws."""
    blackjax = require_blackjax()
    return jnp.stack([blackjax.rhat(values), blackjax.ess_bulk(values)])
