"""The environment of the notebook container, in an order in which ``$(NAME)`` finds what it names.

The kubelet expands ``$(NAME)`` from the variables that stand before. So a variable comes after those it refers to,
and otherwise in the order of names, which keeps a manifest the same from start to start.
"""

import re
from collections.abc import Mapping
from typing import Any

from tenantspawner.kube.fields import ENV_VAR, keyed
from tenantspawner.plan.settings import ServerContext

_REFERENCE = re.compile(r"\$\(([^)]+)\)")


def environment(server: ServerContext, more: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``env`` of the container: the hub's environment and `more`, which wins.

    Raises
    ------
    ValueError
        With the end of a sentence: a value is an object that is no EnvVar.
    """
    entries = {key: _entry(key, value) for key, value in {**server.env, **more}.items()}
    by_name = {entry["name"]: key for key, entry in entries.items()}  # two keys for one name: the later one counts
    return [_from_secret(entry, server) for entry in _ordered({key: entries[key] for key in by_name.values()})]


def _entry(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return keyed(ENV_VAR, {"name": key, **value})
    return {"name": key} if value is None else {"name": key, "value": value}


def _from_secret(entry: dict[str, Any], server: ServerContext) -> dict[str, Any]:
    name = entry["name"]
    if name not in server.secret_env_names or "value" not in entry:
        return entry
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": server.env_secret_name, "key": name}}}


def _ordered(entries: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries round by round, each those whose references stand already; what goes in circles comes last."""
    waiting = dict(sorted(entries.items()))
    standing: dict[str, dict[str, Any]] = {}
    while ready := [key for key, entry in waiting.items() if _references(entry) <= standing.keys()]:
        for key in ready:
            entry = waiting.pop(key)
            standing[entry["name"]] = entry
    return [*standing.values(), *waiting.values()]


def _references(entry: dict[str, Any]) -> set[str]:
    value = entry.get("value")
    return set(_REFERENCE.findall(value)) - {entry["name"]} if isinstance(value, str) else set()
