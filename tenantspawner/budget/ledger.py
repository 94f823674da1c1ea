"""The ledger of one tenant: which grants there are, in the annotation of one Lease in the hub's namespace.

A grant is what one spawn of one namespace was given, by the spawn's id. A namespace's own entry is the sum of its grants, and its
ResourceQuota never allows more than that. `FOUND` stands for what pods use that no grant speaks of.
The ledger's nonce is new at every change, so that the API server, which skips writes that change nothing, gives each a version.

Promise: reading is strict, since a wrong number here is a wrong budget; what is written reads back as the same ledger, and
equal ledgers are written alike. Annotations may have 256 KiB in all; at 100 bytes a grant, 2,000 servers of one tenant run
at once, and one more is refused in words.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NewType

from tenantspawner.budget.amounts import Amounts, total
from tenantspawner.kube.names import MAX_LENGTH, digest
from tenantspawner.kube.quantities import format as written

Nonce = NewType("Nonce", str)
SpawnId = NewType("SpawnId", str)

FOUND = SpawnId("")
"""The id of what was found in a namespace beside its grants."""

MAX_BYTES = 200_000
_NO_NONCE = Nonce("")
_LEASE_NAME = "tenantspawner-budget-"
_VERSION = 1
_FIELDS = 5
_LONGEST_TEXT = 1024


def lease_name(tenant_id: str) -> str:
    """The name of a tenant's Lease; cut with a hash where the tenant's id is long."""
    name = _LEASE_NAME + tenant_id
    return name if len(name) <= MAX_LENGTH else f"{name[: MAX_LENGTH - 17]}-{digest(tenant_id)}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one spawn was given. `holder` is the person, for the sentence that says who has the rest."""

    namespace: str
    spawn: SpawnId
    holder: str
    nonce: Nonce
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Ledger:
    """All grants that are not zero, ordered by namespace and spawn; a value, never changed in place."""

    grants: tuple[Grant, ...] = ()
    nonce: Nonce = _NO_NONCE

    @classmethod
    def of(cls, grants: Iterable[Grant], nonce: Nonce) -> "Ledger":
        """Make one; grants of nothing are left out."""
        kept = (grant for grant in grants if grant.amounts)
        return cls(tuple(sorted(kept, key=lambda grant: (grant.namespace, grant.spawn))), nonce)

    @classmethod
    def parse(cls, text: str) -> "Ledger":
        """Read an annotation.

        Raises
        ------
        ValueError
            It is not what `text` writes; the ledger has to be rebuilt.
        """
        if len(text) > MAX_BYTES:
            raise ValueError("the ledger is too long")
        try:
            match json.loads(text):
                case {"version": 1, "nonce": str(nonce), "keys": [*keys], "grants": [*rows], **rest} if not rest:
                    ledger = cls.of((_grant(row, keys) for row in rows), Nonce(nonce))
                case _:
                    raise ValueError("the ledger has not the form of version 1")
        except RecursionError:
            raise ValueError("the ledger is nested too deeply") from None
        if len({(grant.namespace, grant.spawn) for grant in ledger.grants}) < len(ledger.grants):
            raise ValueError("the ledger has two grants of one spawn")
        if ledger.text() != text:
            raise ValueError("the ledger is not written as this program writes it")
        return ledger

    def text(self) -> str:
        """Write it for the annotation, in the one way there is."""
        keys = sorted({key for grant in self.grants for key in grant.amounts})
        rows = [
            [grant.namespace, grant.spawn, grant.holder, grant.nonce, [written(grant.amounts[key]) for key in keys]]
            for grant in self.grants
        ]
        content = {"version": _VERSION, "nonce": self.nonce, "keys": keys, "grants": rows}
        return json.dumps(content, separators=(",", ":"), ensure_ascii=True)

    @property
    def granted(self) -> Amounts:
        """The sum of all grants."""
        return total(grant.amounts for grant in self.grants)

    def of_namespace(self, namespace: str) -> tuple[Grant, ...]:
        """The grants of one namespace."""
        return tuple(grant for grant in self.grants if grant.namespace == namespace)

    def entry(self, namespace: str) -> Amounts:
        """What one namespace was granted; its ResourceQuota never allows more."""
        return total(grant.amounts for grant in self.of_namespace(namespace))

    def grant(self, namespace: str, spawn: SpawnId) -> Grant | None:
        """The grant of one spawn."""
        return next((grant for grant in self.of_namespace(namespace) if grant.spawn == spawn), None)

    def with_grant(self, new: Grant) -> "Ledger":
        """The ledger with one grant added, or put in the place of the same spawn's; its nonce becomes the ledger's."""
        others = (grant for grant in self.grants if (grant.namespace, grant.spawn) != (new.namespace, new.spawn))
        return Ledger.of((*others, new), new.nonce)

    def with_namespace(self, namespace: str, grants: Iterable[Grant], nonce: Nonce) -> "Ledger":
        """The ledger with all grants of one namespace replaced."""
        others = (grant for grant in self.grants if grant.namespace != namespace)
        return Ledger.of((*others, *grants), nonce)


def _grant(row: Any, keys: list[Any]) -> Grant:
    match row:
        case [str(namespace), str(spawn), str(holder), str(nonce), [*quantities]] if len(quantities) == len(keys):
            if not all(
                isinstance(item, str) and len(item) <= _LONGEST_TEXT for item in (*row[:-1], *quantities, *keys)
            ):
                raise ValueError("a grant in the ledger has a field that is no short text")
            amounts = Amounts.read(dict(zip(keys, quantities, strict=True)))
            return Grant(namespace, SpawnId(spawn), holder, Nonce(nonce), amounts)
        case _:
            raise ValueError(f"a grant in the ledger has not its {_FIELDS} fields")
