"""Numbers as they are written everywhere in the window: a true minus, "53 %", no exponents."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_value(value: float) -> str:
    """A number for a read-out: four significant digits, a true minus sign, no exponent soup.

    >>> format_value(-1234.56), format_value(0.01234567), format_value(float("nan"))
    ('−1235', '0.01235', '–')
    >>> format_value(9999.7), format_value(-3.20e-5)
    ('10,000', '−3.2·10⁻⁵')
    """
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 9999.5:
        text = f"{value:,.0f}"
    elif value and abs(value) < 1e-4:
        digits, power = f"{value:.3e}".split("e")
        text = f"{float(digits):g}·10{str(int(power)).translate(SUPERSCRIPTS)}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def decimals_for(spread: float) -> int:
    """Decimals that show three digits of a spread: what numbers that vary by it are told apart by.

    >>> [decimals_for(spread) for spread in (1188.0, 6.15, 0.069, 0.0)]
    [0, 2, 4, 0]
    """
    return max(0, 2 - math.floor(math.log10(spread))) if spread > 0.0 else 0


def with_decimals(value: float, decimals: int, sign: str = "") -> str:
    """A number with these decimals and a true minus sign; what rounds to 0 has no minus.

    >>> with_decimals(-1234.56, 1), with_decimals(-0.001, 2), with_decimals(0.25, 2, "+")
    ('−1,234.6', '0.00', '+0.25')
    """
    if not math.isfinite(value):
        return "–"
    return f"{round(value, decimals) + 0.0:{sign},.{decimals}f}".replace("-", "−")


def with_error(value: float, error: float) -> str:
    """A value and its standard error, both to the first digit of the error, at most 3 decimals.

    >>> with_error(18.2345, 0.048), with_error(18.0, 0.0), with_error(-512.3, 31.0)
    ('18.23 ± 0.05', '18.000 ± 0.000', '−512 ± 31')
    """
    decimals = min(3, max(0, decimals_for(error) - 2)) if error > 0.0 else 3
    return f"{with_decimals(value, decimals)} ± {with_decimals(error, decimals)}"


def percent(share: float, decimals: int = 0, sign: str = "") -> str:
    """A share as it is written everywhere here.

    >>> percent(0.534), percent(0.0049, 1)
    ('53 %', '0.5 %')
    """
    return f"{with_decimals(100.0 * share, decimals, sign)} %"


def counted(count: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "household"), counted(1200, "run")
    ('1 household', '1,200 runs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(42), duration(125), duration(7260)
    ('42 s', '2 min 05 s', '2 h 01 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
