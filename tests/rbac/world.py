"""A hub on the real control plane, driven by plain requests in the product's own order."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenantspawner.kube.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD, RESOURCE_QUOTA, SECRET, kind_of
from tenantspawner.lifecycle.gate import in_force
from tenantspawner.plan import owned, with_nothing_leased
from tests.support.controlplane.plane import ControlPlane

BASES = Path(__file__).parents[2] / "rbac"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
GRANTED = {"limits.cpu": "4", "limits.memory": "8Gi", "requests.nvidia.com/gpu": "2"}
RACES = re.compile("cannot|status unknown for quota|quota-gate|error looking up service account")


@dataclass
class World:
    """One hub: where it lives, what it is called, and the control plane it talks to."""

    plane: ControlPlane = field(repr=False)
    namespace: str
    hub_id: str
    prefix: str

    @property
    def user(self):
        return f"system:serviceaccount:{self.namespace}:hub"

    @property
    def tenant(self):
        """The namespace of ada, of physics."""
        return f"{self.prefix}physics--ada"

    def ask(self, method, path, body=None, content="application/json", *, user=None):
        return self.plane.request(method, path, body, identity=user or self.user, content=content)

    def ok(self, method, path, body=None, content="application/json", *, user=None):
        """Ask for what must succeed; what passes within seconds is waited through, as the product does."""
        deadline = time.monotonic() + 15
        while (reply := self.ask(method, path, body, content, user=user)).status == 403:
            if time.monotonic() > deadline or not RACES.search(reply.body["message"]):
                break
            time.sleep(0.05)
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.body}"
        return reply.body

    def apply(self, obj):
        metadata = obj["metadata"]
        path = kind_of(obj).path(metadata.get("namespace"), metadata["name"])
        return self.ok("PATCH", f"{path}?fieldManager=tenantspawner&force=false", obj, APPLY)

    def create(self, obj):
        return self.ok("POST", f"{kind_of(obj).path(obj['metadata'].get('namespace'))}?fieldManager=tenantspawner", obj)

    def look(self, kind, namespace, name, *, there):
        reply = self.ask("GET", kind.path(namespace, name))
        assert reply.status == (200 if there else 404), reply
        return reply.body

    def until_in_force(self, wanted):
        deadline = time.monotonic() + 15
        path = RESOURCE_QUOTA.path(wanted.namespace, wanted.quota["metadata"]["name"])
        while not in_force(seen := self.ok("GET", path), wanted.quota["spec"]["hard"], wanted.leased):
            assert time.monotonic() < deadline, "the quota did not come into force"
            time.sleep(0.02)
        return path, seen

    def make_quota(self, wanted):
        self.create(with_nothing_leased(wanted.quota, wanted.leased))

    def grant(self, wanted):
        """Raise what is leased, as a grant does it: by merge patch, at the version that was read."""
        path, seen = self.until_in_force(wanted)
        raised = {key: amount for key, amount in GRANTED.items() if key in wanted.leased}
        if raised:
            body = {"metadata": {"resourceVersion": seen["metadata"]["resourceVersion"]}, "spec": {"hard": raised}}
            self.ok("PATCH", path, body, MERGE)
            self.until_in_force(wanted)

    def start(self, plan, *, makes_namespace=True):
        """Carry out a plan and return the pod."""
        if plan.provisions is not None:
            self.provision(plan.provisions, makes_namespace=makes_namespace)
        if plan.claim is not None:
            claim = plan.claim["metadata"]
            self.look(PERSISTENT_VOLUME_CLAIM, claim["namespace"], claim["name"], there=False)
            self.create(plan.claim)
        self.look(POD, plan.namespace, plan.pod_name, there=False)
        pod = self.create(plan.pod)
        self.create(owned(plan.token, plan.pod_name, pod["metadata"]["uid"]))
        return pod

    def provision(self, wanted, *, makes_namespace=True):
        space = wanted.space
        self.look(NAMESPACE, None, space["metadata"]["name"], there=not makes_namespace)
        if makes_namespace:
            self.create(space)
        if wanted.rights is not None:
            self.apply(wanted.rights)
        self.make_quota(wanted)
        for obj in wanted.fences:
            self.apply(obj)
        self.grant(wanted)
        for obj in wanted.furnishings:
            if obj["kind"] == "Secret":
                self.ok("GET", SECRET.path(self.namespace, obj["metadata"]["name"]))
            self.apply(obj)
        record = {"metadata": {"annotations": {"tenantspawner.io/plan-digest": wanted.digest}}}
        self.ok("PATCH", NAMESPACE.path(None, space["metadata"]["name"]), record, MERGE)

    def watch(self, path):
        self.ok("GET", f"{path}?watch=1&timeoutSeconds=1")


def kind_of_refusal(reply: Any) -> str:
    """Name what refused a request: a policy's token, ``rbac``, ``escalation``, ``pod-security``, ``quota``; or what came."""
    if reply.status < 400:
        return "ALLOWED"
    message = reply.body.get("message", "") if isinstance(reply.body, dict) else str(reply.body)
    token = re.search(r"\[tenantspawner:([a-z-]+)\]", message)
    words = {
        r'is forbidden: User "[^"]*" cannot ': "rbac",
        "attempting to grant RBAC permissions not currently held": "escalation",
        "violates PodSecurity": "pod-security",
        "exceeded quota": "quota",
    }
    if token:
        assert reply.status == 403, reply
        assert "ValidatingAdmissionPolicy" in message
        return token[1]
    return next((name for pattern, name in words.items() if re.search(pattern, message)), f"{reply.status} {message}")
