"""What goes into pods and onto namespaces as it is written: labels, environment, tolerations, mounts.

Found here with its line, not by the API server with a 422 at somebody's first start. Labels that carry meaning for
Kubernetes or for us (Pod Security, ownership) are not a document's to set.
"""

import re
from collections.abc import Iterator, Mapping

from tenantspawner.errors import Problem
from tenantspawner.tenancy.checks.view import View
from tenantspawner.tenancy.models import Profile, Tenant, Toleration
from tenantspawner.tenancy.words import Location

_PREFIX = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"({_PREFIX}/)?{_NAME}")
_LABEL_VALUE = re.compile(rf"({_NAME})?")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS = re.compile(r"(?:[a-z0-9.-]+\.)?(?:kubernetes\.io|k8s\.io)/.*|tenantspawner\.io/.*|hub\.jupyter\.org/.*")
_HUBS_ENV = re.compile(r"JUPYTERHUB_.*|JPY_.*|NVIDIA_VISIBLE_DEVICES")


def labels(view: View) -> Iterator[Problem]:
    """Check labels, annotations and node selectors."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        namespace: Location = ("tenants", tenant_id, "namespace")
        account: Location = ("tenants", tenant_id, "serviceAccount", "annotations")
        yield from _labels(view, (*namespace, "labels"), tenant.namespace.labels, ours=True)
        yield from _keys(view, (*namespace, "annotations"), tenant.namespace.annotations, ours=True)
        yield from _keys(view, account, tenant.service_account.annotations)
    for profile_id, profile in view.tenancy.profiles.items():
        yield from _labels(view, ("profiles", profile_id, "nodeSelector"), profile.node_selector)


def profiles(view: View) -> Iterator[Problem]:
    """Check environment and tolerations."""
    for profile_id, profile in view.tenancy.profiles.items():
        yield from _environment(view, ("profiles", profile_id, "env"), profile)
        for index, toleration in enumerate(profile.tolerations):
            if (message := _toleration(toleration)) is not None:
                yield view.error(("profiles", profile_id, "tolerations", index), message)


def mounts(view: View) -> Iterator[Problem]:
    """Check that volumes have a place each."""
    for tenant_id, tenant in view.tenancy.tenants.items():
        yield from _mounts(view, ("tenants", tenant_id), tenant)


def _labels(view: View, base: Location, said: Mapping[str, str], *, ours: bool = False) -> Iterator[Problem]:
    yield from _keys(view, base, said, ours=ours)
    for key, value in said.items():
        if not _LABEL_VALUE.fullmatch(value):
            yield view.error(
                (*base, key),
                "is no label's value: at most 63 letters, digits, - _ . and a letter or digit at both ends",
            )


def _keys(view: View, base: Location, said: Mapping[str, str], *, ours: bool = False) -> Iterator[Problem]:
    for key in said:
        if not _LABEL_KEY.fullmatch(key):
            yield view.key((*base, key), "is no label's or annotation's key, such as cost-centre or example.org/team")
        elif ours and _OURS.fullmatch(key):
            hint = "; use podSecurity" if key.startswith("pod-security.") else ""
            yield view.key((*base, key), f"is set by Kubernetes or by tenantspawner, not by a document{hint}")


def _environment(view: View, base: Location, profile: Profile) -> Iterator[Problem]:
    for name in profile.env:
        if not _ENV_NAME.fullmatch(name):
            yield view.key((*base, name), "is no name of an environment variable")
        elif _HUBS_ENV.fullmatch(name):
            yield view.key((*base, name), "is set by the hub or the device plugin, not by a document")


def _toleration(said: Toleration) -> str | None:
    if said.operator == "Exists" and said.value:
        return "operator Exists takes no value"
    if not said.key and said.operator != "Exists":
        return "without a key the operator must be Exists"
    if said.toleration_seconds is not None and said.effect != "NoExecute":
        return "tolerationSeconds needs effect: NoExecute"
    return None


def _mounts(view: View, base: Location, tenant: Tenant) -> Iterator[Problem]:
    taken = {tenant.storage.mount_path.rstrip("/"): "storage"} if tenant.storage else {}
    if tenant.storage and ".." in tenant.storage.mount_path.split("/"):
        yield view.error((*base, "storage", "mountPath"), "must not contain ..")
    for index, volume in enumerate(tenant.volumes):
        path = volume.mount_path.rstrip("/")
        if ".." in path.split("/") or not path:
            yield view.error((*base, "volumes", index, "mountPath"), "must be a directory below /, without ..")
        if path in taken:
            yield view.error((*base, "volumes", index, "mountPath"), f"{path} is taken by {taken[path]}")
        taken[path] = f"volumes[{index}]"
        sub_path = volume.sub_path or ""
        if sub_path.startswith("/") or ".." in sub_path.split("/"):
            yield view.error((*base, "volumes", index, "subPath"), "must be relative, without ..")
