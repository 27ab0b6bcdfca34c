"""How numbers are written for people, the same in figures, reports and on the terminal."""

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_estimate(mean: float | None, se: float | None = None, decimals: int = 3) -> str:
    """A figure with its standard error; only the figure where the error is unknown.

    Example:
        >>> format_estimate(0.9444, 0.0061), format_estimate(0.5), format_estimate(0.5, 0.0001)
        ('0.944 ± 0.006', '0.500', '0.500 ± <0.001')
    """
    if mean is None or math.isnan(mean):
        return "–"
    text = f"{mean:.{decimals}f}"
    if se is None or math.isnan(se):
        return text
    smallest = 10.0**-decimals
    error = f"<{smallest:.{decimals}f}" if 0 < se < smallest / 2 else f"{se:.{decimals}f}"
    return f"{text} ± {error}"


def format_seconds(seconds: float) -> str:
    """A duration in the units a person would use.

    Example:
        >>> [format_seconds(s) for s in (0.0312, 4.26, 125, 3780)]
        ['31 ms', '4.3 s', '2 min 05 s', '1 h 03 min']
    """
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"


def format_number(value: float, digits: int = 3) -> str:
    """A number with a few significant digits, powers of ten in superscripts, infinity as ∞.

    Example:
        >>> [format_number(v) for v in (float("inf"), 0, 0.05, 31.6228, 1e5, 2.5e-7, -3)]
        ['∞', '0', '0.05', '31.6', '10⁵', '2.5·10⁻⁷', '−3']
    """
    if math.isnan(value):
        return "–"
    sign = "−" if value < 0 else ""
    value = abs(value)
    if math.isinf(value):
        return f"{sign}∞"
    if value and not 1e-3 <= float(f"{value:.{digits - 1}e}") < 1e4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
        return sign + (power if mantissa == "1" else f"{mantissa}·{power}")
    return sign + (f"{value:.0f}" if value >= 10 ** (digits - 1) else f"{value:.{digits}g}")
