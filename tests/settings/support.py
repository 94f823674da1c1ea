"""A spawner with a person and a hub, without a database or a cluster."""

from types import SimpleNamespace
from typing import Any

from jupyterhub.orm import Spawner as Row
from traitlets.config import Config

from tenantspawner.kubespawner import KubeSpawner


def world(username: str = "ada", servername: str = "") -> dict[str, Any]:
    """Return what the hub gives to a spawner it makes."""
    hub = SimpleNamespace(
        public_host="https://hub", url="http://hub:8081/hub/", base_url="/hub/", api_url="http://hub:8081/hub/api"
    )
    user = SimpleNamespace(name=username, id=7, url=f"/user/{username}/")
    return {"hub": hub, "user": user, "orm_spawner": Row(name=servername)}


def section(config: dict[str, Any] | None) -> Config:
    return Config({"KubeSpawner": config or {}})


def spawner(
    config: dict[str, Any] | None = None, username: str = "ada", servername: str = "", **more: Any
) -> KubeSpawner:
    return KubeSpawner(config=section(config), **world(username, servername), **more)
