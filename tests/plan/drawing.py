"""From a document and a person to a plan, as the spawner does it, without a hub or a cluster."""

from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

import yaml

from tenantspawner.plan import (
    Binding,
    Chosen,
    Manifest,
    Plan,
    ServerContext,
    Surroundings,
    draw,
    namespace_name,
    subject_of,
    with_secret_env,
)
from tenantspawner.plan.settings import settings_from
from tenantspawner.policy import Choice, Identity, Username, choose, entitle, hub_profiles, read_request
from tenantspawner.tenancy.models import Envelope, Tenancy

TODAY = date(2026, 11, 24)
HUB = Envelope.model_validate({"hub_id": "hub1", "hub_namespace": "hub1", "namespace_prefix": "hub1-"}, by_name=True)
SECRET = "notebook-0123456789abcdef0123"
ENV = {
    "JUPYTERHUB_API_TOKEN": "canary-token",
    "JPY_API_TOKEN": "canary-token",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
    "JUPYTERHUB_USER": "ada",
}
TEN_LINES = """
version: 1
images:
  scipy: {image: "quay.io/jupyter/scipy-notebook:2026-10-20"}
profiles:
  small: {cpu: 1, memory: 2Gi}
tenants:
  everybody:
    members: [{users: ["*"]}]
    images: [scipy]
    profiles: [small]
"""


def parsed(document: str | dict[str, Any]) -> dict[str, Any]:
    return deepcopy(_read(document)) if isinstance(document, str) else document


@cache
def _read(document: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(document)
    return found


def tenant(document: str | dict[str, Any] = TEN_LINES, **keys: Any) -> dict[str, Any]:
    """The document with further keys in its first tenant, under their names in the document."""
    said = parsed(document)
    first = next(iter(said["tenants"]))
    return {**said, "tenants": {**said["tenants"], first: {**said["tenants"][first], **keys}}}


def profile(document: str | dict[str, Any] = TEN_LINES, **keys: Any) -> dict[str, Any]:
    """The document with further keys in its first profile."""
    said = parsed(document)
    first = next(iter(said["profiles"]))
    return {**said, "profiles": {**said["profiles"], first: {**said["profiles"][first], **keys}}}


def chosen(document: Any = TEN_LINES, name: str = "ada", *groups: str, hub: Any = (), **asked: Any) -> Choice:
    tenancy = Tenancy.model_validate(parsed(document))
    identity = Identity(Username(name), frozenset(groups))
    return choose(entitle(tenancy, identity, TODAY, hub_profiles(hub)), read_request(asked))


def drawn(
    document: Any = TEN_LINES,
    name: str = "ada",
    *groups: str,
    config: dict[str, Any] | None = None,
    env: dict[str, Any] | None = None,
    around: dict[str, Any] | None = None,
    hub: Any = (),
    servername: str = "",
    with_service: bool = False,
    **asked: Any,
) -> Plan:
    """Draw what a person gets; `config` is the hub's, `asked` the options."""
    choice = chosen(document, name, *groups, hub=hub, **asked)
    configured = settings_from(config or {})
    surroundings = Surroundings(**{"envelope": HUB, **(around or {})})
    pvc = f"claim-{name}"
    of_choice = Chosen.of(choice, configured, pvc)
    server = ServerContext(
        pod_name=f"jupyter-{name}",
        namespace=namespace_name(choice.entitlement, surroundings.envelope, "hub1"),
        username=name,
        servername=servername,
        pvc_name=pvc,
        userid=7,
        hub_namespace="hub1",
        jupyterhub_version="6.1.1",
        with_service=with_service,
        # As the hub does it, what is configured is in the environment, filled already.
        env={**ENV, **of_choice.shaped.environment, **(env or {})},
    )
    return draw(of_choice, with_secret_env(server, surroundings, SECRET), surroundings, "spawn-1")


def of_kind(plan: Plan, kind: str) -> list[Manifest]:
    return [obj for obj in plan.objects() if obj["kind"] == kind]


def notebook(plan: Plan) -> Manifest:
    return plan.pod["spec"]["containers"][0]


def binding() -> Binding:
    return Binding("tenantspawner-hub-namespace", subject_of("system:serviceaccount:hub1:hub"))


def pull_secret(name: str) -> Manifest:
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "uid": "x", "resourceVersion": "1"},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="},
    }  # fmt: skip
