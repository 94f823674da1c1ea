"""``tenantspawner explain USER``: what a person sees, and the rule behind every part.

Reads documents as ``check`` does (``--file``, once for each), and ends with 1 where they have problems or the person
has nothing to start. ``--objects`` adds the manifests that a start would apply, in order, without what only a running
hub gives: the server's environment, and the Secret with its token.
"""

import json
from datetime import UTC, datetime
from typing import Any

from traitlets import Bool, Enum, List, Unicode
from traitlets.config import Config

from tenantspawner.cli.app import Command
from tenantspawner.cli.explanation import explain, lines, summary
from tenantspawner.cli.hubconfig import HubConfig, UnusableConfig, load
from tenantspawner.cli.manifests import manifests
from tenantspawner.errors import NotEntitled, TenantSpawnerError
from tenantspawner.plan import PodSettings
from tenantspawner.policy import Entitlement, Entitlements, Identity, Username, entitle, option_problems
from tenantspawner.tenancy import Envelope, Tenancy, read


class Explain(Command):
    """``explain``."""

    name = "explain"
    description = "What a person sees, and the rule behind every part."
    examples = """
    tenantspawner explain alice --group physics --file tenants.yaml
    tenantspawner explain alice --group physics --tenant physics --profile gpu --objects --file tenants.yaml
    """
    aliases = {
        "file": "Explain.files", "group": "Explain.groups", "tenant": "Explain.tenant", "profile": "Explain.profile",
        "format": "Explain.format", "config": "Explain.config_file",
    }  # fmt: skip
    flags = {"objects": (Config({"Explain": {"objects": True}}), "Add the manifests that a start would apply.")}

    files = List(Unicode(), help="A tenancy document or ConfigMap manifest; may be given several times.").tag(
        config=True
    )
    groups = List(Unicode(), help="A group of the person; may be given several times.").tag(config=True)
    tenant = Unicode("", help="The tenant, where the person has several.").tag(config=True)
    profile = Unicode("", help="Only this profile.").tag(config=True)
    objects = Bool(False, help="Add the manifests that a start would apply.").tag(config=True)
    format = Enum(["text", "json"], default_value="text", help="How it is printed: text or json.").tag(config=True)
    config_file = Unicode("", help="The hub's configuration file: its bounds, profile_list and settings.").tag(
        config=True
    )

    def run(self) -> int:
        """Explain one person: 0, or 1 where there is nothing to start."""
        if len(self.extra_args) != 1 or not self.files:
            self.stop("who, and from which file? As in: explain alice --group physics --file tenants.yaml")
        hub = self._hub()
        tenancy = self._tenancy(hub)
        if tenancy is None:
            return 1
        identity = Identity(Username(self.extra_args[0]), frozenset(self.groups))
        entitled = entitle(tenancy, identity, datetime.now(UTC).date(), hub.profiles)
        try:
            explained = self._explained(entitled, hub)
        except TenantSpawnerError as refusal:
            self.remark(refusal.sentence)
            return 1
        self._print(explained)
        return 0

    def _hub(self) -> HubConfig:
        if not self.config_file:
            return HubConfig(Envelope(), None, PodSettings())
        try:
            return load(self.config_file)
        except UnusableConfig as why:
            self.stop(str(why))

    def _tenancy(self, hub: HubConfig) -> Tenancy | None:
        sources, problems = self.load_files(list(self.files))
        envelope = hub.envelope if self.config_file else None
        reading = read(sources, envelope, hub_profiles=hub.profiles, further=option_problems)
        for problem in (*problems, *reading.problems):
            self.remark(str(problem))
        return None if problems else reading.tenancy

    def _explained(self, entitled: Entitlements, hub: HubConfig) -> dict[str, Any]:
        person: dict[str, Any] = {"user": str(entitled.identity.name), "groups": sorted(entitled.identity.groups)}
        if not entitled.tenants:
            raise NotEntitled(str(entitled.identity.name), entitled.contact)
        if len(entitled.tenants) > 1 and not self.tenant:
            return person | {"tenant": [summary(each) for each in entitled.tenants]}
        entitlement = self._one(entitled)
        if self.profile and self.profile not in {str(grant.id) for grant in entitlement.profiles}:
            names = ", ".join(str(grant.id) for grant in entitlement.profiles)
            self.stop(f"{entitled.identity.name} has no profile {self.profile} there; they have {names or 'none'}")
        explained = person | explain(entitlement, hub.envelope, self.profile or None)
        if self.objects:
            explained["objects"] = manifests(entitled, entitlement, hub, self.profile or None)
        return explained

    def _one(self, entitled: Entitlements) -> Entitlement:
        by_id = {str(each.tenant_id): each for each in entitled.tenants}
        wanted = self.tenant or next(iter(by_id))
        if wanted not in by_id:
            self.stop(f"{entitled.identity.name} is no member of {wanted}; they are of {', '.join(by_id)}")
        return by_id[wanted]

    def _print(self, explained: dict[str, Any]) -> None:
        if self.format == "json":
            self.say(json.dumps(explained, indent=2, ensure_ascii=False))
            return
        objects = explained.pop("objects", [])
        for line in lines(explained):
            self.say(line)
        for manifest in objects:
            self.say("---")
            self.say(json.dumps(manifest, indent=2, ensure_ascii=False))
