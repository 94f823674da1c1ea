"""What is at the paths that are no resources: health, version, discovery, OpenAPI."""

from tenantspawner.localcluster.api import discovery, openapi
from tenantspawner.localcluster.api.exchange import Reply
from tenantspawner.localcluster.attributes import Refusal

_HEALTH = {"healthz", "livez", "readyz"}
_PATHS = ("/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
OK = 200


def document(path: str, accept: str, host: str) -> Reply:
    """Return the document at a path.

    Raises
    ------
    Refusal
        404 where the API is known and this part of it is not.
    """
    first, *rest = path.strip("/").split("/")
    if first in _HEALTH:
        return Reply(OK, b"ok", "text/plain; charset=utf-8")
    if first in {"api", "apis"} and not rest and "as=APIGroupDiscoveryList" in accept and "v=v2" in accept:
        return Reply(OK, discovery.aggregated(core=first == "api"), discovery.AGGREGATED)
    if first in {"api", "apis"}:
        return _discovery(first, rest, host)
    match first, rest:
        case "version", []:
            found = discovery.version_info()
        case "openapi", ["v2"]:
            found = openapi.v2()
        case "openapi", ["v3", *below]:
            found = _or_404(openapi.v3("/".join(below)))
        case "", []:
            found = {"paths": list(_PATHS)}
        case _:
            return page_not_found()
    return Reply(OK, found)


def _discovery(first: str, rest: list[str], host: str) -> Reply:
    match first, rest:
        case "api", []:
            found: dict[str, object] | None = discovery.api_versions(host)
        case "api", [version]:
            found = discovery.resource_list("", version)
        case "apis", []:
            found = discovery.group_list()
        case "apis", [group] if discovery.group_document(group) is not None:
            found = discovery.group_document(group)
        case "apis", [group, version] if discovery.group_document(group) is not None:
            found = discovery.resource_list(group, version)
        case "apis", _:
            return page_not_found()
        case _:
            found = None
    return Reply(OK, _or_404(found))


def page_not_found() -> Reply:
    """Return what is at a path that nobody knows."""
    return Reply(404, b"404 page not found\n", "text/plain; charset=utf-8")


def _or_404(found: dict[str, object] | None) -> dict[str, object]:
    if found is None:
        raise Refusal.no_such_path()
    return found
