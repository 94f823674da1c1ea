"""What is at the paths that are no resources: health, version, discovery, OpenAPI."""

from tenantspawner.localcluster.api import discovery, openapi
from tenantspawner.localcluster.api.exchange import Reply
from tenantspawner.localcluster.attributes import Refusal

_HEALTH = {"healthz", "livez", "readyz"}
OK = 200


def document(path: str, accept: str, host: str) -> Reply:
    """Return the document at a path.

    Raises
    ------
    Refusal
        404 where there is none.
    """
    parts = path.strip("/").split("/")
    match parts:
        case [health, *_] if health in _HEALTH:
            return Reply(OK, b"ok", "text/plain; charset=utf-8")
        case ["version"]:
            found = discovery.version_info()
        case ["api"] | ["apis"] if "as=APIGroupDiscoveryList" in accept and "v=v2" in accept:
            return Reply(OK, discovery.aggregated(core=parts == ["api"]), discovery.AGGREGATED)
        case ["api"]:
            found = discovery.api_versions(host)
        case ["api", version]:
            found = _or_404(discovery.resource_list("", version))
        case ["apis"]:
            found = discovery.group_list()
        case ["apis", group] if discovery.group_document(group) is None:
            return page_not_found()
        case ["apis", group]:
            found = _or_404(discovery.group_document(group))
        case ["apis", group, version]:
            found = _or_404(discovery.resource_list(group, version))
        case ["openapi", "v2"]:
            found = openapi.v2()
        case ["openapi", "v3", *rest]:
            found = _or_404(openapi.v3("/".join(rest)))
        case [""]:
            found = {
                "paths": [
                    "/api",
                    "/api/v1",
                    "/apis",
                    "/healthz",
                    "/livez",
                    "/openapi/v2",
                    "/openapi/v3",
                    "/readyz",
                    "/version",
                ]
            }
        case ["api", *_]:
            raise Refusal.no_such_path()
        case _:
            return page_not_found()
    return Reply(OK, found)


def page_not_found() -> Reply:
    """Return what is at a path that nobody knows."""
    return Reply(404, b"404 page not found\n", "text/plain; charset=utf-8")


def _or_404(found: dict[str, object] | None) -> dict[str, object]:
    if found is None:
        raise Refusal.no_such_path()
    return found
