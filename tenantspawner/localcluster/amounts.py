"""Quantities with their notation: what a person wrote as ``Gi`` is summed and shown as ``Gi``.

`kube.quantities` knows the exact value; this adds the rest of Kubernetes' behaviour, which shows in
messages and in ``status.used``: a sum keeps the notation of its first part that is not zero, and
the canonical form is the largest suffix with a whole number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Self

from tenantspawner.kube.quantities import parse

_DECIMAL = ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"))
_KIBI = 1024


class Notation(Enum):
    """How a quantity was written."""

    decimal = "M"
    binary = "Mi"
    exponent = "e6"


@dataclass(frozen=True, slots=True)
class Amount:
    """An exact value and the notation to show it in; two amounts are equal when their values are."""

    value: Decimal
    notation: Notation = Notation.decimal

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a quantity; ValueError when it is none."""
        value = parse(text)
        if text.endswith("i"):
            return cls(value, Notation.binary)
        exponent = "e" in text or "E" in text[:-1]
        return cls(value, Notation.exponent if exponent else Notation.decimal)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.value + other.value, self.notation if self.value else other.notation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __str__(self) -> str:
        if not self.value:
            return "0"
        whole = self.value == self.value.to_integral_value()
        if self.notation is Notation.binary and whole and abs(self.value) >= _KIBI:
            return _binary(int(self.value))
        for power, suffix in _DECIMAL:
            scaled = self.value.scaleb(-power)
            if scaled == scaled.to_integral_value():
                number = int(scaled)
                return f"{number}e{power}" if self.notation is Notation.exponent and power else f"{number}{suffix}"
        return str(self.value)


ZERO = Amount(Decimal(0))
ONE = Amount(Decimal(1))

Amounts = dict[str, Amount]


def read(quantities: Mapping[str, str] | None) -> Amounts:
    """Read a list of resources, as in ``requests`` or ``status.used``."""
    return {name: Amount.read(str(text)) for name, text in (quantities or {}).items()}


def write(amounts: Mapping[str, Amount]) -> dict[str, str]:
    """Write amounts as they stand in an object."""
    return {name: str(amount) for name, amount in amounts.items()}


def total(lists: Iterable[Mapping[str, Amount]]) -> Amounts:
    """Add up lists of resources, name by name."""
    result: Amounts = {}
    for amounts in lists:
        for name, amount in amounts.items():
            result[name] = result[name] + amount if name in result else amount
    return result


def largest(lists: Iterable[Mapping[str, Amount]]) -> Amounts:
    """Return the largest amount of each resource."""
    result: Amounts = {}
    for amounts in lists:
        for name, amount in amounts.items():
            if name not in result or amount.value > result[name].value:
                result[name] = amount
    return result


def only(amounts: Mapping[str, Amount], names: Iterable[str]) -> Amounts:
    """Keep the named resources."""
    wanted = set(names)
    return {name: amount for name, amount in amounts.items() if name in wanted}


def _binary(value: int) -> str:
    suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    power = 0
    while value % _KIBI == 0 and power < len(suffixes) - 1:
        value //= _KIBI
        power += 1
    return f"{value}{suffixes[power]}"
