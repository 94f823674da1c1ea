"""The template fields of one server, and settings with their templates filled.

The set is KubeSpawner 7.1's; names of existing volumes are made from it. Unknown fields and single braces are
refused where KubeSpawner raises, with the name of the setting.
"""

from typing import Any

from tenantspawner.errors import Misconfigured
from tenantspawner.kube import slugs
from tenantspawner.kube.templates import Fields, Reader, each_text, expand
from tenantspawner.plan.settings import ServerContext


def person_fields(
    username: str, servername: str, *, userid: int | str, hub_namespace: str, slug_scheme: str
) -> dict[str, str | int]:
    """Return the fields that are known of a person and their server before anything is named."""
    user, server = slugs.escape(username), slugs.escape(servername)
    safe = {
        "safe_username": slugs.safe(username, max_length=slugs.FIELD_LENGTH),
        "safe_servername": slugs.safe(servername, max_length=slugs.FIELD_LENGTH) if servername else "",
        "safe_user_server": slugs.joined(username, servername),
    }
    escaped = {"escaped_username": user, "escaped_servername": server, "escaped_user_server": f"{user}--{server}"}
    chosen = (
        (safe["safe_username"], safe["safe_servername"], safe["safe_user_server"])
        if slug_scheme == "safe"
        else (user, server, f"{user}--{server}" if server else user)
    )
    return {
        "userid": userid,
        "unescaped_username": username,
        "unescaped_servername": servername,
        # A prefix of names; "default-ada" would say nothing.
        "hubnamespace": "user" if hub_namespace == "default" else hub_namespace,
        **dict(zip(("username", "servername", "user_server"), chosen, strict=True)),
        **safe,
        **escaped,
    }


def fields_of(server: ServerContext) -> dict[str, str | int]:
    """Return all fields that a template of `server` may have."""
    return {
        **person_fields(
            server.username,
            server.servername,
            userid=server.userid,
            hub_namespace=server.hub_namespace,
            slug_scheme=server.slug_scheme,
        ),
        "pod_name": server.pod_name,
        "pvc_name": server.pvc_name,
        "namespace": server.namespace,
    }


def filled(setting: str, value: Any, fields: Fields) -> Any:
    """Return the value of a setting with all its templates filled.

    Where the kubelet expands ``$(NAME)``, the dollars of what is filled in are doubled: a person who is called
    ``$(JUPYTERHUB_API_TOKEN)`` is called just that. The template's own stay as they are.

    Raises
    ------
    Misconfigured
        Names the setting and the field.
    """
    escaped = {name: item.replace("$", "$$") if isinstance(item, str) else item for name, item in fields.items()}

    def fill(text: str, reader: Reader) -> str:
        return expand(text, escaped if reader.kubelet else fields) if reader.template else text

    try:
        return each_text(setting, value, fill)
    except ValueError as why:
        raise Misconfigured(setting, str(why)) from None
