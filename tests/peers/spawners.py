"""One configuration, two spawners: KubeSpawner from PyPI and ours, with the same person and hub."""

from types import SimpleNamespace
from typing import Any

import kubespawner.spawner as theirs
from jupyterhub.orm import Spawner as Row
from kubernetes_asyncio.client import ApiClient
from traitlets.config import Config

from tenantspawner.kubespawner import KubeSpawner


def _world(username: str, servername: str) -> dict[str, Any]:
    hub = SimpleNamespace(
        public_host="https://hub", url="http://hub:8081/hub/", base_url="/hub/", api_url="http://hub:8081/hub/api"
    )
    user = SimpleNamespace(name=username, id=7, url=f"/user/{username}/")
    return {"hub": hub, "user": user, "orm_spawner": Row(name=servername)}


def upstream(config: dict[str, Any], username: str = "ada", servername: str = "", **more: Any) -> Any:
    return theirs.KubeSpawner(config=_config(config), _mock=True, **_world(username, servername), **more)


def ours(config: dict[str, Any], username: str = "ada", servername: str = "", **more: Any) -> KubeSpawner:
    return KubeSpawner(config=_config(config), **_world(username, servername), **more)


def _config(config: dict[str, Any]) -> Config:
    return Config({"KubeSpawner": config})


def json_of(model: Any) -> Any:
    """Return what the client would send."""
    return ApiClient.__new__(ApiClient).sanitize_for_serialization(model)
