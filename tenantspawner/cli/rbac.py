"""``tenantspawner rbac``: the hub's rights and the policies that bound it, as manifests for ``kubectl apply -f -``.

The very bases of ``rbac/``, with this hub's names in them: from the source tree, or from the wheel, which carries them as data.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from traitlets import Bool, List, Unicode
from traitlets.config import Config

from tenantspawner.cli.app import Command
from tenantspawner.cli.kustomize import Manifest, apply_component, build

MODES = {"1": "1", "2": "2", "3": "3", "hub": "1", "tenant": "2", "user": "3"}
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9][-a-z0-9]{0,40}")


class Unfit(Exception):
    """What was asked for does not exist or does not fit; the sentence says what would."""


class Rbac(Command):
    """``rbac``."""

    name = "rbac"
    description = "Print the hub's rights, and the policies that bound it, for kubectl apply -f -."
    examples = """
    tenantspawner rbac --mode 3 --namespace jupyterhub | kubectl apply -f -
    tenantspawner rbac --mode tenant --namespace jupyterhub --tenant-namespace physics --policies
    """
    aliases = {
        "mode": "Rbac.mode", "namespace": "Rbac.namespace", "hub-id": "Rbac.hub_id", "prefix": "Rbac.prefix",
        "service-account": "Rbac.service_account", "tenant-namespace": "Rbac.tenant_namespaces",
        "pull-secret": "Rbac.pull_secrets",
    }  # fmt: skip
    flags = {
        "policies": (Config({"Rbac": {"policies": True}}), "With the admission policies, as mode 3 has them anyway."),
        "no-policies": (Config({"Rbac": {"policies": False}}), "Without the admission policies."),
        "services": (Config({"Rbac": {"services": True}}), "For services_enabled and internal_ssl."),
        "cluster-read": (Config({"Rbac": {"cluster_read": True}}), "Mode 3: one watch of a kind, in all namespaces."),
    }

    mode = Unicode("", help="1 or hub, 2 or tenant, 3 or user.").tag(config=True)
    namespace = Unicode("", help="The hub's namespace.").tag(config=True)
    hub_id = Unicode("", help="As c.TenantSpawner.hub_id. By default the namespace.").tag(config=True)
    prefix = Unicode("", help="As c.TenantSpawner.namespace_prefix. By default the hub's id and a hyphen.").tag(
        config=True
    )
    service_account = Unicode("hub", help="The hub's service account.").tag(config=True)
    tenant_namespaces = List(Unicode(), help="Mode 2: a tenant's namespace; may be given several times.").tag(
        config=True
    )
    pull_secrets = List(Unicode(), help="A pull secret the hub may copy; may be given several times.").tag(config=True)
    policies = Bool(None, allow_none=True, help="With the admission policies.").tag(config=True)
    services = Bool(False, help="With rights to services.").tag(config=True)
    cluster_read = Bool(False, help="With the cluster-wide read role.").tag(config=True)

    def run(self) -> int:
        """Print: 0, or 1 where what was asked for does not exist."""
        try:
            manifests = self._manifests()
        except Unfit as why:
            self.remark(str(why))
            return 1
        self.say(yaml.safe_dump_all(manifests, sort_keys=False, width=120, allow_unicode=True).rstrip())
        return 0

    def _manifests(self) -> list[Manifest]:
        mode, values = self._mode(), self._values()
        found = self._rights(mode)
        if self.services:
            apply_component(_read, "services", found, {})
        for name in self.pull_secrets:
            _fit(_ACCOUNT, name, "pull-secret", "the name of a Secret")
        if self.pull_secrets:
            _name_secrets(found, list(self.pull_secrets))
        apply_component(_read, "settings", found, values)
        return found

    def _rights(self, mode: str) -> list[Manifest]:
        policies = mode == "3" if self.policies is None else self.policies
        if policies and mode == "1":
            raise Unfit("mode 1 has no policies: they bound namespaces of tenants, and it has none")
        if self.cluster_read and mode != "3":
            raise Unfit("--cluster-read is for mode 3: in the others the hub sees the namespaces it is bound in")
        if self.tenant_namespaces and mode != "2":
            raise Unfit(
                "--tenant-namespace is for mode 2: in mode 3 the hub makes the namespaces, in mode 1 there are none"
            )
        found = build(_read, f"mode-{mode}", without=() if policies else ("policies",))
        if policies and mode == "2":
            found += build(_read, "policies")
        if self.cluster_read:
            found += build(_read, "cluster-read")
        for namespace in self.tenant_namespaces:
            _fit(_LABEL, namespace, "tenant-namespace", "the name of a namespace")
            found += _placed(build(_read, "mode-2/tenant"), namespace)
        return found

    def _mode(self) -> str:
        if self.mode not in MODES:
            raise Unfit(
                f"there is no mode {self.mode!r}; there are 1 (hub), 2 (tenant) and 3 (user), given with --mode"
            )
        return MODES[self.mode]

    def _values(self) -> dict[str, str]:
        _fit(_LABEL, self.namespace, "namespace", "the name of a namespace")
        _fit(_ACCOUNT, self.service_account, "service-account", "the name of a service account")
        hub_id = _fit(_LABEL, self.hub_id or self.namespace, "hub-id", "fit for names, as the policies carry it")
        return {
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "user": f"system:serviceaccount:{self.namespace}:{self.service_account}",
            "hubId": hub_id,
            "prefix": _fit(_PREFIX, self.prefix or f"{hub_id}-", "prefix", "the beginning of a namespace's name"),
        }


def _fit(pattern: re.Pattern[str], value: str, option: str, what: str) -> str:
    if pattern.fullmatch(value) is None:
        hyphen = "" if pattern is _PREFIX else ", ending in no hyphen"
        raise Unfit(
            f"--{option} {value!r} is not {what}: lower case letters, digits and hyphens, beginning with no hyphen{hyphen}"
        )
    return value


def _placed(manifests: list[Manifest], namespace: str) -> list[Manifest]:
    return [{**each, "metadata": {**each["metadata"], "namespace": namespace}} for each in manifests]


def _name_secrets(manifests: list[Manifest], names: list[str]) -> None:
    """Put the pull secrets' names where the bases have their example; an empty list would mean every Secret."""
    for manifest in manifests:
        for rule in manifest.get("rules", []):
            if rule["resources"] == ["secrets"] and "resourceNames" in rule:
                rule["resourceNames"] = [*names]


def _read(path: str) -> str:
    return _root().joinpath(*path.split("/")).read_text("utf-8")


def _root() -> Traversable | Any:
    packed = files("tenantspawner") / "data" / "rbac"
    return packed if packed.is_dir() else Path(__file__).parents[2] / "rbac"
