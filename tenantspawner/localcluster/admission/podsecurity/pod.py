"""How the Pod Security checks look at a pod, and how they name what they found.

Containers are visited in the order of the API server (init, main, ephemeral), because the
order shows in the message. Names are quoted, singular and plural are told apart: the
sentences are compared with a real API server's, letter by letter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """What a check found: the short word for it, and the detail that goes into parentheses."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Json], Violation | None]


def spec_of(pod: Json) -> Json:
    """Return the pod's spec; empty where there is none."""
    return pod.get("spec") or {}


def containers(pod: Json) -> Iterator[Json]:
    """Walk over all containers as the standard does: init, main, ephemeral."""
    spec = spec_of(pod)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def security(holder: Json) -> Json:
    """Return the security context of a pod's spec or of a container; empty where there is none."""
    return holder.get("securityContext") or {}


def names(found: Iterable[Json]) -> list[str]:
    """The names of containers or volumes, in order."""
    return [item.get("name", "") for item in found]


def quoted(items: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(f'"{item}"' for item in items)


def counted(singular: str, plural: str, items: Sequence[Any] | set[Any]) -> str:
    """Return the word that fits the number of items."""
    return singular if len(items) == 1 else plural


def these(bad: Sequence[str]) -> str:
    """``container "a"`` or ``containers "a", "b"``."""
    return f"{counted('container', 'containers', bad)} {quoted(bad)}"


def setters(*, pod_is_bad: bool, bad: Sequence[str]) -> str:
    """Who set it: ``pod``, the containers, or both joined by ``and``; empty when nobody did."""
    parts = ["pod"] if pod_is_bad else []
    if bad:
        parts.append(these(bad))
    return " and ".join(parts)
