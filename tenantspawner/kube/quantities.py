"""Kubernetes quantities, read and written exactly: ``500m`` is 0.5, ``4Gi`` is 4294967296.

`parse` reads what the API server reads: a signed decimal number and one of the suffixes ``n u m k M G T P E``,
``Ki Mi Gi Ti Pi Ei``, or a decimal exponent. As there, a fraction finer than a billionth is rounded up, away from
zero. What the API server would silently cap (more than 2^63 - 1) is refused. Values are `Decimal`, never float,
so sums are exact: every value fits the 28 digits of the default context.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache

MAX_LENGTH = 64
"""Characters; the longest value Kubernetes can hold needs 29."""

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_GRAMMAR = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE](?P<exponent>[+-]?[0-9]+)|(?P<suffix>[KMGTPE]i|[numkMGTPE]?))"
)
_NANO = Decimal("1e-9")
_ONE = Decimal(1)
_LARGEST = Decimal(2**63 - 1)
_EXACT = Context(prec=200)  # a number of MAX_LENGTH digits times 2^60, without rounding
_FORM = "a number with an optional suffix, such as 500m, 2, 1.5 or 4Gi"


@lru_cache(maxsize=4096)
def parse(text: str) -> Decimal:
    """Read a quantity.

    Raises
    ------
    ValueError
        With a sentence: not a quantity, too long, or more than Kubernetes can hold.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is too long for a quantity: {len(text)} characters, at most {MAX_LENGTH}")
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise ValueError(f"is not a quantity; expected {_FORM}")
    number = Decimal(match["number"])
    if number == 0:
        return Decimal(0)
    if match["exponent"] is not None:
        return _bounded(number, int(match["exponent"]))
    if (power := _BINARY.get(match["suffix"])) is not None:
        return _bounded(_EXACT.multiply(number, Decimal(2**power)), 0)
    return _bounded(number, _DECIMAL[match["suffix"]])


def format(value: Decimal) -> str:  # noqa: A001  # quantities.parse and quantities.format read as a pair
    """Write a quantity in the shortest exact form with a whole number: ``500m``, ``16``, ``4Gi``, ``10G``.

    Binary suffixes are used from ``Mi`` on, so that counts (2048 cores) never look like bytes.
    """
    value = _to_nano(value)
    if value == 0:
        return "0"
    number, suffix = _decimal_form(value)
    if value == value.to_integral_value():
        binary_number, binary_suffix = _binary_form(int(value))
        if len(binary_number) < len(number):
            return binary_number + binary_suffix
    return number + suffix


def _bounded(number: Decimal, exponent: int) -> Decimal:
    """Scale by a power of ten, within what Kubernetes can hold; looks at magnitudes before it computes."""
    magnitude = number.adjusted() + exponent
    if magnitude > 18:  # noqa: PLR2004  # 2^63 has 19 digits
        raise ValueError("is more than Kubernetes can hold (2^63 - 1)")
    if magnitude < -10:  # noqa: PLR2004  # finer than a nano by far: rounded up to one
        return _NANO.copy_sign(number)
    value = _to_nano(_EXACT.scaleb(number, exponent))
    if abs(value) > _LARGEST:
        raise ValueError("is more than Kubernetes can hold (2^63 - 1)")
    return value


def _to_nano(value: Decimal) -> Decimal:
    rounded = value.quantize(_NANO, rounding=ROUND_UP, context=_EXACT)
    whole = rounded.to_integral_value(context=_EXACT)
    return whole if whole == rounded else rounded.normalize(_EXACT)


def _decimal_form(value: Decimal) -> tuple[str, str]:
    for suffix, power in reversed(_DECIMAL.items()):
        scaled = _EXACT.scaleb(value, -power)
        if scaled == (whole := scaled.to_integral_value(context=_EXACT)):
            return f"{whole:f}", suffix
    raise AssertionError("every value is a whole number of nanos")


def _binary_form(value: int) -> tuple[str, str]:
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi"):
        number, rest = divmod(value, 1 << _BINARY[suffix])
        if not rest:
            return str(number), suffix
    return str(value), ""
