"""The check of the result: whatever led to the pod, it holds nothing beyond the choice; what the hub added is exempt."""

import copy
from decimal import Decimal

import pytest

from tenantspawner.errors import OverOwnQuota, Refused
from tenantspawner.kube.charges import charge
from tenantspawner.policy import HubAdditions, check_effective, choose, read_request
from tenantspawner.tenancy.models import Envelope, NamespaceRule, ServiceAccount, SharedVolume
from tests.policy.documents import entitled, tenancy

SCIPY = "quay.io/jupyter/scipy-notebook:2026-10-20"
HUB = HubAdditions(claims=frozenset({"claim-bob"}), secrets=frozenset({"token-bob"}))
POD = {
    "spec": {
        "serviceAccountName": "notebook",
        "automountServiceAccountToken": False,
        "containers": [
            {
                "name": "notebook",
                "image": SCIPY,
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "resources": {"limits": {"cpu": 1, "memory": "4Gi"}, "requests": {"cpu": "250m"}},
                "env": [
                    {"name": "T", "valueFrom": {"secretKeyRef": {"name": "token-bob"}}},
                    {"name": "A", "value": "b"},
                ],
                "envFrom": [{"secretRef": {"name": "token-bob"}}, {"configMapRef": {"name": "x"}}],
                "ports": [{"containerPort": 8888}],
            }
        ],
        "volumes": [
            {"name": "home", "persistentVolumeClaim": {"claimName": "claim-bob"}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "datasets"}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
            {"name": "token", "secret": {"secretName": "token-bob"}},
            {
                "name": "both",
                "projected": {"sources": [{"secret": {"name": "token-bob"}}, {"configMap": {"name": "x"}}]},
            },
        ],
    }
}


def chosen(profile="small", **tenant):
    document = tenancy()
    given = {"volumes": (SharedVolume(claim="datasets", mountPath="/data"),), **tenant}
    physics = document.tenants["physics"].model_copy(update=given)
    document = document.model_copy(update={"tenants": {"physics": physics}})
    return choose(entitled("bob", "physics", document=document), read_request({"profile": profile}))


def check(pod, choice=None, hub=HUB, envelope=None):
    choice = choice or chosen()
    check_effective(pod, choice, choice.entitlement, envelope or Envelope(), hub=hub)


def changed(path, value):
    """The pod with one thing put in at a path."""
    pod = copy.deepcopy(POD)
    here = pod["spec"]
    *way, last = path
    for step in way:
        here = here[step]
    here[last] = value
    return pod


def with_volume(**source):
    pod = copy.deepcopy(POD)
    pod["spec"]["volumes"].append({"name": "more", **source})
    return pod


def test_what_was_chosen_passes():
    check(POD)


FIRST = ("containers", 0)


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (changed((*FIRST, "image"), "evil.example/x:1"), "evil.example/x:1 is not among Physics' images"),
        (changed((*FIRST, "image"), "NOT AN IMAGE"), "NOT AN IMAGE is not among"),
        (changed((*FIRST, "image"), None), "None is not among"),
        (changed(("initContainers",), [{"name": "i", "image": "evil.example/x:1"}]), "is not among"),
        (changed(("ephemeralContainers",), [{"name": "i", "image": "evil.example/x:1"}]), "is not among"),
        (changed((*FIRST, "securityContext", "privileged"), True), "privileged container"),
        (changed((*FIRST, "securityContext", "windowsOptions"), {"hostProcess": True}), "privileged container"),
        (changed((*FIRST, "securityContext", "allowPrivilegeEscalation"), True), "more privilege"),
        (changed((*FIRST, "securityContext", "capabilities"), {"add": ["SYS_ADMIN"]}), "more privilege"),
        (changed((*FIRST, "ports"), [{"containerPort": 1, "hostPort": 1}]), "port of the host"),
        (changed((*FIRST, "env"), [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "token-ann"}}}]), "Secret"),
        (changed((*FIRST, "envFrom"), [{"secretRef": {"name": "token-ann"}}]), "Secret"),
        (changed(("hostNetwork",), True), "namespace of the host"),
        (changed(("hostPID",), True), "namespace of the host"),
        (changed(("hostIPC",), True), "namespace of the host"),
        (changed(("resourceClaims",), [{"name": "gpu"}]), "resource claims"),
        (changed(("serviceAccountName",), "default"), "another service account than notebook"),
        (changed(("serviceAccount",), "admin"), "another service account"),
        (changed(("automountServiceAccountToken",), True), "mounts the token"),
        (with_volume(persistentVolumeClaim={"claimName": "claim-ann"}), "neither this person's nor the team's"),
        (with_volume(persistentVolumeClaim=None), "neither"),
        (with_volume(hostPath={"path": "/"}), "hostPath"),
        (with_volume(nfs={"server": "s"}), "nfs"),
        (with_volume(secret={"secretName": "token-ann"}), "secret"),
        (with_volume(projected={"sources": [{"serviceAccountToken": {}}]}), "projected"),
        (with_volume(projected={"sources": [{"secret": {"name": "token-ann"}}]}), "projected"),
        (changed((*FIRST, "resources", "limits", "nvidia.com/gpu"), 1), "comes to 1 GPU, where 0 was chosen"),
        (changed((*FIRST, "resources", "limits", "cpu"), 2), "comes to 2 CPUs, where 1 was chosen"),
        (changed((*FIRST, "resources", "limits", "memory"), "5Gi"), "comes to 5Gi of memory"),
        (changed((*FIRST, "resources", "limits", "cpu"), "many"), "is not a quantity"),
        (changed(("overhead",), {"cpu": "1"}), "comes to"),
    ],
)
def test_what_was_not_chosen_is_refused(pod, words):
    with pytest.raises(Refused) as refused:
        check(pod)
    assert words in refused.value.sentence
    assert "token-ann" not in refused.value.sentence


def test_the_account_must_be_named():
    pod = copy.deepcopy(POD)
    del pod["spec"]["serviceAccountName"]
    with pytest.raises(Refused, match="names no service account"):
        check(pod)
    check(pod, hub=HubAdditions(claims=HUB.claims, secrets=HUB.secrets, service_account="hubs-own"))


def test_the_token_may_be_mounted_where_the_tenant_says_so():
    account = ServiceAccount(automountToken=True)
    check(changed(("automountServiceAccountToken",), True), chosen(service_account=account))


def test_what_hub_configuration_added_is_exempt():
    pod = changed(("initContainers",), [{"name": "fix", "image": "busybox", "securityContext": {"privileged": True}}])
    pod["spec"]["volumes"].append({"name": "host", "hostPath": {"path": "/data"}})
    pod["spec"]["containers"][0]["resources"]["limits"]["smarter-devices/fuse"] = 1
    hub = HubAdditions(
        frozenset({"fix"}), frozenset({"host"}), HUB.claims, HUB.secrets, {"smarter-devices/fuse": Decimal(1)}
    )
    check(pod, hub=hub)


@pytest.mark.parametrize(
    ("level", "most", "fine"),
    [("baseline", "baseline", True), ("baseline", "restricted", False), ("restricted", "privileged", False)],
)
def test_privilege_is_bounded_by_tenant_and_envelope(level, most, fine):
    pod = changed((*FIRST, "securityContext", "allowPrivilegeEscalation"), True)
    choice = chosen(namespace=NamespaceRule(podSecurity=level))
    if fine:
        check(pod, choice, envelope=Envelope(maxPodSecurity=most))
    else:
        with pytest.raises(Refused):
            check(pod, choice, envelope=Envelope(maxPodSecurity=most))


def test_privileged_only_where_both_say_so():
    pod = changed((*FIRST, "securityContext", "privileged"), True)
    check(
        pod,
        chosen(namespace=NamespaceRule(podSecurity="privileged")),
        envelope=Envelope(maxPodSecurity="privileged"),
    )


def test_an_override_that_was_chosen_may_size_the_server_within_the_own_quota():
    choice = chosen("tuned")
    assert choice.override["cpu_limit"] == 4
    check(changed((*FIRST, "resources", "limits", "cpu"), 4), choice)
    with pytest.raises(OverOwnQuota, match="You may use 16 CPUs; this server comes to 17"):
        check(changed((*FIRST, "resources", "limits", "cpu"), 17), choice)


def test_the_devices_chosen_are_allowed_and_no_more():
    choice = chosen("gpu")
    pod = changed((*FIRST, "image"), "quay.io/jupyter/pytorch-notebook:cuda12")
    pod["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    check(pod, choice)
    pod["spec"]["initContainers"] = [
        {
            "name": "side",
            "image": str(choice.image),
            "restartPolicy": "Always",
            "resources": {"limits": {"nvidia.com/gpu": "1"}},
        }
    ]
    with pytest.raises(Refused, match="comes to 2 GPUs, where 1 was chosen"):
        check(pod, choice)


@pytest.mark.parametrize(
    ("init", "containers", "overhead", "cpu"),
    [
        ([], ["1", "500m"], None, "1.5"),
        ([("2", False)], ["1"], None, "2"),
        ([("2", False)], ["1", "3"], None, "4"),
        ([("1", True), ("2", False)], ["1"], None, "3"),
        ([("1", True), ("1", True)], ["1"], None, "3"),
        ([("2", False), ("1", True)], ["500m"], "100m", "2.1"),
    ],
)
def test_a_pod_is_charged_as_kubernetes_charges_it(init, containers, overhead, cpu):
    spec = {
        "initContainers": [
            {"resources": {"limits": {"cpu": amount}}, **({"restartPolicy": "Always"} if sidecar else {})}
            for amount, sidecar in init
        ],
        "containers": [{"resources": {"limits": {"cpu": amount}}} for amount in containers],
        **({"overhead": {"cpu": overhead}} if overhead else {}),
    }
    charged = charge(spec)
    assert charged["limits.cpu"] == charged["requests.cpu"] == Decimal(cpu)


def test_an_empty_pod_is_charged_nothing():
    assert charge({}) == {}
    assert charge({"containers": [{"resources": {"limits": {"cpu": None}}}]}) == {}
