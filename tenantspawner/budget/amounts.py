"""`Amounts`: how much of several resources, by ResourceQuota key; exact, frozen, hashable, and without zeros.

A key that is not there is 0. Sums and differences are by key; a difference never goes below 0.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Self

from tenantspawner.kube.quantities import format as written
from tenantspawner.kube.quantities import parse

_NOTHING = Decimal(0)


class Amounts(Mapping[str, Decimal]):
    """An immutable mapping of quota keys to positive amounts."""

    __slots__ = ("_amounts", "_hash")

    def __init__(self, amounts: Mapping[str, Decimal | int] | None = None) -> None:
        positive = sorted((key, Decimal(amount)) for key, amount in (amounts or {}).items() if amount > 0)
        self._amounts = dict(positive)
        self._hash = hash(tuple(positive))

    @classmethod
    def read(cls, quantities: Mapping[str, object]) -> Self:
        """Read Kubernetes quantities; ValueError where one is none."""
        return cls({key: parse(str(quantity)) for key, quantity in quantities.items()})

    def __getitem__(self, key: str) -> Decimal:
        return self._amounts.get(key, _NOTHING)

    def __contains__(self, key: object) -> bool:
        return key in self._amounts

    def __iter__(self) -> Iterator[str]:
        return iter(self._amounts)

    def __len__(self) -> int:
        return len(self._amounts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amounts) and self._amounts == other._amounts

    def __repr__(self) -> str:
        return f"Amounts({', '.join(f'{key}={written(amount)}' for key, amount in self._amounts.items())})"

    def __add__(self, other: "Amounts") -> "Amounts":
        return self._with(other, lambda one, two: one + two)

    def __sub__(self, other: "Amounts") -> "Amounts":
        return self._with(other, lambda one, two: one - two)

    def __or__(self, other: "Amounts") -> "Amounts":
        """The larger of both, key by key."""
        return self._with(other, max)

    def __and__(self, other: "Amounts") -> "Amounts":
        """The smaller of both, key by key."""
        return self._with(other, min)

    def only(self, keys: frozenset[str]) -> "Amounts":
        """Those keys alone."""
        return Amounts({key: amount for key, amount in self._amounts.items() if key in keys})

    def within(self, other: "Amounts") -> bool:
        """Whether no key has more than `other` has of it."""
        return all(amount <= other[key] for key, amount in self._amounts.items())

    def _with(self, other: "Amounts", how: Callable[[Decimal, Decimal], Decimal]) -> "Amounts":
        return Amounts({key: how(self[key], other[key]) for key in {*self, *other}})


NOTHING = Amounts()


def total(parts: Iterable[Amounts]) -> Amounts:
    """Sum them up."""
    return sum(parts, NOTHING)
