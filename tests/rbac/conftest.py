"""One control plane for all tests of rights: two hubs in mode 3, of which one is cluster-admin, and one each in modes 1 and 2."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.rbac.plans import PULL_SECRET, the_plan
from tests.rbac.world import BASES, MERGE, World, kind_of_refusal
from tests.support.controlplane.fixture import running_control_plane
from tests.support.controlplane.identities import Identity

HUBS = ("jupyterhub", "roothub", "lab1", "lab2")
RIGHTS = "/apis/rbac.authorization.k8s.io/v1"
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


@pytest.fixture(scope="session")
def plane():
    hubs = [
        Identity(f"system:serviceaccount:{name}:hub", ("system:serviceaccounts", f"system:serviceaccounts:{name}"))
        for name in HUBS
    ]
    people = [Identity("ada"), Identity("keeper", ("tenantspawner-break-glass",))]
    with running_control_plane([*hubs, *people]) as running:
        for name in HUBS:
            running.kubectl("create", "namespace", name)
            running.kubectl("create", "serviceaccount", "hub", "-n", name)
            running.kubectl("create", "secret", "generic", PULL_SECRET, "-n", name)
            running.kubectl("create", "secret", "generic", "cookie", "-n", name)
            running.kubectl("create", "configmap", "tenancy", "-n", name)
        running.kubectl("create", "namespace", "other")
        running.kubectl("create", "secret", "generic", "theirs", "-n", "other")
        running.kubectl("run", "theirs", "--image=i", "-n", "other")
        yield running


@pytest.fixture(scope="session")
def hub(plane):
    """A hub in mode 3, with exactly its rights, applied as an admin does it."""
    plane.kubectl("apply", "-k", str(BASES / "mode-3"))
    world = World(plane, "jupyterhub", "jupyterhub", "jupyterhub-")
    populate(world)
    return world


@pytest.fixture(scope="session")
def root_hub(plane, printed):
    """Such a hub that is cluster-admin besides: only the policies are left."""
    plane.kubectl("apply", "-f", "-", stdin=printed("--mode", "user", "--namespace", "roothub", "--prefix", "root-"))
    admin = ("create", "clusterrolebinding", "roothub-admin", "--clusterrole=cluster-admin")
    plane.kubectl(*admin, "--serviceaccount=roothub:hub")
    world = World(plane, "roothub", "roothub", "root-")
    populate(world)
    return world


def populate(world):
    """Wait until the policies are in force; start ada's server; give ada every right in her namespace."""
    until_refused(
        world, "hub-place", "POST", f"{RIGHTS}/namespaces/default/rolebindings", binding(world, namespace="default")
    )
    until_refused(world, "namespace-name", "POST", "/api/v1/namespaces", space(world, "kube-evil"))
    world.start(the_plan(world))
    admin = partial(world.ok, user="admin")
    tenant = world.tenant
    role = {"metadata": {"name": "everything"}, "rules": EVERYTHING}
    admin("POST", f"{RIGHTS}/namespaces/{tenant}/roles", role)
    subject = {"kind": "User", "name": "ada", "apiGroup": "rbac.authorization.k8s.io"}
    role_ref = {"kind": "Role", "name": "everything", "apiGroup": "rbac.authorization.k8s.io"}
    bound = {"metadata": {"name": "everything"}, "roleRef": role_ref, "subjects": [subject]}
    admin("POST", f"{RIGHTS}/namespaces/{tenant}/rolebindings", bound)
    world.ok("POST", f"/api/v1/namespaces/{tenant}/secrets", {"metadata": {"name": "own"}}, user="ada")
    make_wide(world, admin)
    make_rival(world, admin)
    until_all_in_force(world)


def make_wide(world, admin):
    """A namespace of the hub's that an admin has let be privileged, so that Pod Security does not stand in the way."""
    name = f"{world.prefix}wide"
    wide = space(world, name)
    wide["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"
    admin("POST", "/api/v1/namespaces", wide)
    role_ref = {"kind": "ClusterRole", "name": "tenantspawner-hub-namespace", "apiGroup": "rbac.authorization.k8s.io"}
    subject = {"kind": "ServiceAccount", "name": "hub", "namespace": world.namespace}
    bound = {"metadata": {"name": "tenantspawner-hub"}, "roleRef": role_ref, "subjects": [subject]}
    admin("POST", f"{RIGHTS}/namespaces/{name}/rolebindings", bound)
    quota = {"metadata": {"name": "tenantspawner"}, "spec": {"hard": {"pods": "10", "requests.nvidia.com/gpu": "0"}}}
    admin("POST", f"/api/v1/namespaces/{name}/resourcequotas", quota)
    admin("POST", "/api/v1/namespaces", space(world, f"{world.prefix}bare"))


def make_rival(world, admin):
    """A namespace of another hub."""
    rival = space(world, f"rival-of-{world.hub_id}")
    rival["metadata"]["labels"]["tenantspawner.io/hub"] = "rival"
    admin("POST", "/api/v1/namespaces", rival)


def space(world, name, **changes):
    metadata = {
        "name": name,
        "labels": {"tenantspawner.io/hub": world.hub_id, "pod-security.kubernetes.io/enforce": "restricted"},
        "annotations": {"tenantspawner.io/owner": "ada"},
    }
    return {"metadata": {**metadata, **changes}}


def binding(world, role="tenantspawner-notebook", **subject):
    subject = {"kind": "ServiceAccount", "name": "notebook", "namespace": world.tenant, **subject}
    return {
        "metadata": {"generateName": "b-", "labels": {"tenantspawner.io/hub": world.hub_id}},
        "roleRef": {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [subject],
    }


def until_refused(world, token, method, path, *body, user=None):
    """Wait until a policy is in force: ask, without doing it, until it refuses."""
    deadline = time.monotonic() + 30
    path = f"{path}{'&' if '?' in path else '?'}dryRun=All"
    while (kind := kind_of_refusal(world.ask(method, path, *body, user=user))) != token:
        assert time.monotonic() < deadline, f"{token} is not in force: {kind}"
        time.sleep(0.1)


def until_all_in_force(world):
    core, tenant = f"/api/v1/namespaces/{world.tenant}", world.tenant
    labels = {"labels": {"tenantspawner.io/hub": world.hub_id}}
    pod = {"metadata": {"name": "p", **labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    huge = {"spec": {"hard": {"limits.cpu": "9999999"}}}
    gpu = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
    adas = {"labels": {"tenantspawner.io/x": "y"}}
    service = {"metadata": {"name": "s", **labels}, "spec": {"clusterIP": "None"}}
    until = partial(until_refused, world)
    until("binding-account", "POST", f"{RIGHTS}/namespaces/{tenant}/rolebindings", binding(world, namespace="other"))
    until("pod-token", "POST", f"/api/v1/namespaces/{world.prefix}wide/pods", pod)
    until("quota-ceiling", "PATCH", f"{core}/resourcequotas/tenantspawner", huge, MERGE)
    until("tenant-namespace-labels", "PATCH", core, {"metadata": adas}, MERGE, user="ada")
    until("mark", "POST", f"{core}/services", service, user="ada")
    until("fence", "DELETE", f"{core}/resourcequotas/tenantspawner", user="ada")
    account = {"metadata": {"annotations": {"a": "b"}}}
    until("managed-account", "PATCH", f"{core}/serviceaccounts/notebook", account, MERGE, user="ada")
    until("pod-gpu", "POST", f"{core}/pods", restricted({"metadata": {"name": "p"}, "spec": gpu}), user="ada")


def restricted(pod):
    """Make a pod pass Pod Security `restricted`."""
    spec = {"securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}}
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    spec |= pod["spec"]
    for key in ("containers", "initContainers"):
        if key in spec:
            spec[key] = [{**item, "securityContext": {**safe, **item.get("securityContext", {})}} for item in spec[key]]
    return {**pod, "spec": spec}


@pytest.fixture(scope="session")
def printed():
    """What `tenantspawner rbac` prints."""

    def run(*arguments):
        command = [str(Path(sys.executable).parent / "tenantspawner"), "rbac", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run
