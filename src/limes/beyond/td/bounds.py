"""Right sides of the rates of Cai et al. 2019 (arXiv 1905.10027), without their terms of the width.

Those are O(B^3 m^(-1/2) + B^(5/2) m^(-1/4)) with constants that are not given, so what is here bounds wide networks
only. All are in units of the mean square of Q over mu.
"""


def population_bound(radius: float, discount: float, steps: int) -> float:
    """Theorem 4.4: 16 B^2 / ((1 - gamma)^2 T) bounds E(Q_out - Q_0(W*))^2 of population steps.

    Example:
        >>> round(population_bound(10.0, 0.5, 1000), 6)
        6.4
    """
    return 16 * radius**2 / ((1 - discount) ** 2 * steps)


def stochastic_bound(radius: float, discount: float, steps: int, variance: float) -> float:
    """Theorem 4.6: 16 (B^2 + sigma_g^2) / ((1 - gamma)^2 T^(1/2)) bounds the same of steps on samples.

    Args:
        radius: B.
        discount: gamma.
        steps: T.
        variance: sigma_g^2, a bound on `semigradient_variance` along the way.
    """
    return 16 * (radius**2 + variance) / ((1 - discount) ** 2 * steps**0.5)


def value_bound(radius: float, discount: float, steps: int, variance: float, misfit: float) -> float:
    """Theorem 4.6 with Proposition 4.7: bounds E(Q_out - Q^pi)^2.

    Args:
        radius, discount, steps, variance: as for `stochastic_bound`.
        misfit: mean square of Q^pi less its projection on F_B.
    """
    return 2 * stochastic_bound(radius, discount, steps, variance) + 2 * misfit / (1 - discount) ** 2
