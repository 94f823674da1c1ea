"""One configuration, two spawners: KubeSpawner from PyPI and ours, with the same person and hub."""

from typing import Any

import kubespawner.spawner as theirs
from kubernetes_asyncio.client import ApiClient

from tests.settings.support import section, world
from tests.settings.support import spawner as ours

__all__ = ["json_of", "ours", "upstream"]


def upstream(config: dict[str, Any], username: str = "ada", servername: str = "", **more: Any) -> Any:
    return theirs.KubeSpawner(config=section(config), _mock=True, **world(username, servername), **more)


def json_of(model: Any) -> Any:
    """Return what the client would send."""
    return ApiClient.__new__(ApiClient).sanitize_for_serialization(model)
