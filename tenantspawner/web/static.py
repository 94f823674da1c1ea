"""The picker's static files, from the hub itself: a strict Content-Security-Policy needs no exception for us."""

from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from jupyterhub.utils import url_path_join

_PATH = "tenantspawner/static"


def static_url(base_url: str, name: str) -> str:
    """Where a file of ``form/static`` is; the version makes caches forget the one of an older release."""
    return f"{url_path_join(base_url, _PATH, name)}?v={version('tenantspawner')}"


def serve_static() -> bool:
    """Add the handler to the application, once; False while there is no application."""
    if not JupyterHub.initialized():
        return False
    hub: Any = JupyterHub.instance()
    application = getattr(hub, "tornado_application", None)
    if application is None:
        return False
    if not application.settings.get("tenantspawner_static"):
        folder = str(files("tenantspawner.form").joinpath("static"))
        pattern = url_path_join(hub.hub.base_url, _PATH, "(.*)")
        application.add_handlers(".*", [(pattern, CacheControlStaticFilesHandler, {"path": folder})])
        application.settings["tenantspawner_static"] = True
    return True
