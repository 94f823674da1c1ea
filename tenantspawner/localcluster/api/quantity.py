"""Quantities as the API server gives them back: ``1.5`` is ``1500m``, ``1.5Gi`` is ``1536Mi``, ``1000m`` is ``1``.

The suffix's family (binary, decimal, exponent) is kept, the number is made whole and as short as that allows.
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from decimal import ROUND_UP, Decimal
from functools import lru_cache

from tenantspawner.kube import quantities

_DECIMAL = {18: "E", 15: "P", 12: "T", 9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "u", -9: "n"}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_KIBI = 1024
_MILLI = 3

WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@lru_cache(4096)
def canonical(text: str) -> str:
    """Return the form in which the API server gives it back; ValueError with its words when it is none."""
    try:
        value = quantities.parse(text)
    except ValueError:
        raise ValueError(WORDS) from None
    if not value:
        return "0"
    if text.endswith("i") and abs(value) >= _KIBI and value == value.to_integral_value():
        return _binary(int(value))
    return _decimal(value, exponent=text[-1].isdigit() and "e" in text.lower())


@lru_cache(4096)
def canonical_in_a_list(text: str) -> str:
    """The same for an amount of a resource, which is rounded up to thousandths: ``700u`` is ``1m``."""
    form = canonical(text)
    thousandths = quantities.parse(form).scaleb(_MILLI)
    if thousandths == thousandths.to_integral_value():
        return form
    rounded = thousandths.to_integral_value(ROUND_UP).scaleb(-_MILLI)
    return _decimal(rounded, exponent=form[-1].isdigit() and "e" in form)


def _binary(value: int) -> str:
    suffix = ""
    for name in _BINARY:
        if value % _KIBI:
            break
        value //= _KIBI
        suffix = name
    return f"{value}{suffix}"


def _decimal(value: Decimal, *, exponent: bool) -> str:
    for power, suffix in _DECIMAL.items():
        scaled = value.scaleb(-power)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{f'e{power}' if exponent and power else suffix}"
    return str(value)
