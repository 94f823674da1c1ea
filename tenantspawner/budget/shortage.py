"""Why something cannot be had, as a value with numbers and names, and the sentence it becomes for the person who asked.

Names are those of the tenant's own people; who asks is one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from tenantspawner.budget.amounts import Amounts
from tenantspawner.errors import BudgetExhausted, OverOwnQuota, PersonMustAct
from tenantspawner.kube.quantities import format as written

_MOST_NAMES = 10
_BYTES = ("memory", "ephemeral-storage", "storage")


class Cause(Enum):
    """What it is that does not suffice."""

    BUDGET = auto()  # the team's budget
    OWN = auto()  # the person's own quota
    TAKEN = auto()  # something else in the namespace uses what was granted
    FULL = auto()  # the ledger holds no more grants


@dataclass(frozen=True, slots=True)
class Shortage:
    """Of `key` was `asked`, and of `total` only `free` is left; `holders` have the rest, the one with most first."""

    cause: Cause
    key: str = ""
    asked: Decimal = Decimal(0)
    free: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    holders: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Speech:
    """What a sentence needs beside the numbers: the tenant's name, the document's gpu resource, whom to ask."""

    tenant: str
    gpu: str
    contact: str | None = None

    @property
    def ask(self) -> str:
        """Whom to ask, as the beginning of a sentence."""
        return f"Ask {self.contact}" if self.contact else "Ask the administrator of this hub"


def refusal(shortage: Shortage, speech: Speech) -> PersonMustAct:
    """Build the error for a shortage."""
    match shortage.cause:
        case Cause.BUDGET:
            what = amount_of(shortage.key, shortage.total, speech.gpu)
            fewer = "fewer" if _counts(shortage.key) else "less"
            return BudgetExhausted(
                f"{speech.tenant} has {written(shortage.free)} of {what} free. {_in_use(shortage.holders)}"
                f"{speech.ask}, choose {fewer}, or try again later."
            )
        case Cause.OWN:
            return over_own(shortage, [("", shortage.total - shortage.free)], speech)
        case Cause.TAKEN:
            return OverOwnQuota(
                "Something else in your namespace uses what this server was to get, so it was not started. "
                f"Stop what you do not need there and try again. {speech.ask} if it stays."
            )
        case Cause.FULL:
            return BudgetExhausted(
                f"{speech.tenant} runs as many servers at once as its budget can keep account of. {speech.ask}, or try again later."
            )


def in_line(position: int, asked: Shortage | None, speech: Speech) -> str:
    """Tell somebody who waits their place, and who would free what; None where it would fit, but others were first."""
    where = f"You are number {position} in line for the budget of {speech.tenant}."
    if asked is None:
        return f"{where} Whoever came before you is first."
    what, whole = (amount_of(asked.key, amount, speech.gpu) for amount in (asked.asked, asked.total))
    free = f"You wait for {what}; {written(asked.free)} of {whole} are free."
    return f"{where} {free} {_in_use(asked.holders)}".rstrip()


def waited_in_vain(how_long: str, asked: Shortage | None, speech: Speech) -> BudgetExhausted:
    """Build the error for somebody who waited as long as one may."""
    waited = f"You waited {how_long} in line for the budget of {speech.tenant}."
    if asked is None:
        return BudgetExhausted(f"{waited} Others are still before you. {speech.ask}, or try again later.")
    return BudgetExhausted(f"{waited} {refusal(asked, speech)}")


def over_own(shortage: Shortage, servers: Sequence[tuple[str, Decimal]], speech: Speech) -> OverOwnQuota:
    """Build the error for more than the person's own quota.

    Parameters
    ----------
    servers
        The person's other servers by name (empty for the default one), with what each uses of that key.
    """
    may = f"You may use {amount_of(shortage.key, shortage.total, speech.gpu)}"
    asks = f"asks for {written(shortage.asked)}"
    using = [(name, amount) for name, amount in servers if amount]
    match using:
        case []:
            return OverOwnQuota(f"{may}, and this server {asks}.")
        case [(name, amount)]:
            return OverOwnQuota(f"{may}; {_server(name)} uses {written(amount)}, and this one {asks}.")
        case _:
            each = ", ".join(f"{_server(name)} {written(amount)}" for name, amount in using)
            return OverOwnQuota(f"{may}; in use: {each}; and this one {asks}.")


def own_shortage(ceilings: Iterable[tuple[str, Decimal]], used: Amounts, need: Amounts) -> Shortage | None:
    """Hold what is used and asked against a person's ceilings; keys without one are not bounded."""
    for key, ceiling in ceilings:
        if need[key] and used[key] + need[key] > ceiling:
            return Shortage(Cause.OWN, key, need[key], max(ceiling - used[key], Decimal(0)), ceiling)
    return None


def holders_of(amounts: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    """Sum amounts by name; who has most comes first."""
    held: dict[str, Decimal] = {}
    for name, amount in amounts:
        held[name] = held.get(name, Decimal(0)) + amount
    return tuple(
        sorted(((name, amount) for name, amount in held.items() if amount), key=lambda item: (-item[1], item[0]))
    )


def amount_of(key: str, amount: Decimal, gpu: str) -> str:
    """Say an amount of a quota key: ``2 GPUs``, ``16 CPUs``, ``64Gi of memory``, ``1 nvidia.com/mig-1g.10gb``."""
    resource = key.removeprefix("requests.").removeprefix("limits.")
    words: Mapping[str, str] = {gpu: "GPU", "cpu": "CPU", "pods": "pod", "count/pods": "pod"}
    number = written(amount)
    if (word := words.get(resource)) is not None:
        return f"{number} {word}" if amount == 1 else f"{number} {word}s"
    return f"{number} of {resource}" if not _counts(key) else f"{number} {resource}"


def _counts(key: str) -> bool:
    """Whether there are "fewer" of it rather than "less"."""
    resource = key.removeprefix("requests.").removeprefix("limits.")
    return resource not in _BYTES and not resource.startswith("hugepages-")


def _server(name: str) -> str:
    return f"your server *{name}*" if name else "your other server"


def _in_use(holders: Sequence[tuple[str, Decimal]]) -> str:
    if not holders:
        return ""
    named = [f"{name} {written(amount)}" for name, amount in holders[:_MOST_NAMES]]
    if len(holders) > _MOST_NAMES:
        rest = sum(amount for _, amount in holders[_MOST_NAMES:])
        named.append(f"{len(holders) - _MOST_NAMES} others {written(Decimal(rest))}")
    return f"In use: {', '.join(named)}. "
