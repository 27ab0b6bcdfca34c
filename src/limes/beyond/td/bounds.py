"""Right sides of the rates of Cai et al. 2019 (arXiv 1905.10027), without their terms of the width.

Those are O(B^3 m^(-1/2) + B^(5/2) m^(-1/4)) with constants that are not given, so what is here bounds wide networks
only. All are in units of the mean square of Q over mu.
"""

from limes.core.errors import InputError


def population_bound(radius: float, discount: float, steps: int) -> float:
    """Theorem 4.4: 16 B^2 / ((1 - gamma)^2 T) bounds E(Q_out - Q_0(W*))^2 of population steps.

    Raises:
        InputError: for a discount outside of [0, 1), no steps, or negative sizes.

    Example:
        >>> round(population_bound(10.0, 0.5, 1000), 6)
        6.4
    """
    _require(discount, steps, radius)
    return 16 * radius**2 / ((1 - discount) ** 2 * steps)


def stochastic_bound(radius: float, discount: float, steps: int, variance: float) -> float:
    """Theorem 4.6: 16 (B^2 + sigma_g^2) / ((1 - gamma)^2 T^(1/2)) bounds the same of steps on samples.

    Args:
        radius: B.
        discount: gamma.
        steps: T.
        variance: sigma_g^2, a bound on `semigradient_variance` along the way.

    Raises:
        InputError: as `population_bound`.
    """
    _require(discount, steps, radius, variance)
    return 16 * (radius**2 + variance) / ((1 - discount) ** 2 * steps**0.5)


def value_bound(radius: float, discount: float, steps: int, variance: float, misfit: float) -> float:
    """Theorem 4.6 with Proposition 4.7: bounds E(Q_out - Q^pi)^2.

    Args:
        radius, discount, steps, variance: as for `stochastic_bound`.
        misfit: mean square of Q^pi less its projection on F_B.

    Raises:
        InputError: as `population_bound`.
    """
    _require(discount, steps, radius, variance, misfit)
    return 2 * stochastic_bound(radius, discount, steps, variance) + 2 * misfit / (1 - discount) ** 2


def _require(discount: float, steps: float, *sizes: float) -> None:
    if not 0 <= discount < 1 or not steps > 0 or not all(size >= 0 for size in sizes):
        raise InputError(
            f"bounds take a discount in [0, 1), at least one step, and radius, variance and misfit from 0 on; not "
            f"{discount!r}, {steps!r} and {', '.join(map(repr, sizes))}"
        )
