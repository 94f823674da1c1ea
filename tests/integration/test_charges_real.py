"""Covers `kube.charges` against a real API server: 500 generated pods, our figure equals the growth of ``status.used``.

Three namespaces: in the first containers say requests and limits, in the second only requests, in the third limit
ranges fill what they leave open. Admission adds to ``used`` what a pod is charged before it answers the create, so
each pod is compared by itself; at the end a change of the quota makes the controller count all of them afresh, and that
sum is compared too. A pod the API server finds invalid is none of the 500.
"""

import random
import time
from collections import Counter
from decimal import Decimal

import pytest

from tenantspawner.kube.charges import in_quota
from tenantspawner.kube.quantities import parse
from tests.support.controlplane.fixture import running_control_plane

pytestmark = [pytest.mark.realcluster, pytest.mark.timeout(1800)]

PODS = 500
SEED = 20261124
DEVICES = ("nvidia.com/gpu", "nvidia.com/mig-1g.10gb", "amd.com/gpu", "example.org/fpga")
PAGES = ("hugepages-2Mi", "hugepages-1Gi")
OVERHEAD = {"cpu": "250m", "memory": "120Mi"}
CPUS = ("1m", "100m", "250m", "0.3", "1", "1500m", "2", "3.25", "1e1", "700u")
MEMORIES = ("1", "64Mi", "100M", "1Gi", "1536Mi", "2G", "3Gi", "0.5Gi", "1e9")
SIZES = {"cpu": CPUS, "memory": MEMORIES, "ephemeral-storage": ("1Mi", "1Gi", "2500k", "10G")}
EVERYWHERE = {
    "pods": 10_000,
    "count/pods": 10_000,
    "ephemeral-storage": "9Ti",
    "requests.ephemeral-storage": "9Ti",
    "limits.ephemeral-storage": "9Ti",
    **{f"requests.{device}": 100_000 for device in DEVICES},
    **{f"requests.{page}": "90Ti" for page in PAGES},
    **dict.fromkeys(PAGES, "90Ti"),
}
REQUESTS = {"cpu": 100_000, "memory": "90Ti", "requests.cpu": 100_000, "requests.memory": "90Ti"}
LIMITS = {"limits.cpu": 100_000, "limits.memory": "90Ti"}
HARD = {
    "both": EVERYWHERE | REQUESTS | LIMITS,
    "requests": EVERYWHERE | REQUESTS,
    "ranged": EVERYWHERE | REQUESTS | LIMITS,
}
LIMIT_RANGE = {
    "spec": {
        "limits": [
            {
                "type": "Container",
                "max": {"cpu": "64", "example.org/fpga": "8"},
                "min": {"memory": "1"},
                "default": {"cpu": "1500m", "memory": "512Mi", "example.org/fpga": "1"},
                "defaultRequest": {"cpu": "300m", "example.org/fpga": "1"},
            }
        ]
    }
}


def resources(dice, namespace):
    """Amounts of one container; in the namespace with limit ranges any of them may be left out."""
    said = {"requests": {}, "limits": {}}
    for name, sizes in SIZES.items():
        low, high = sorted(dice.sample(sizes, 2), key=parse)
        optional = name == "ephemeral-storage" or namespace == "ranged"
        if optional and dice.random() < 0.4:
            continue
        if namespace != "requests" or dice.random() < 0.3:
            said["limits"][name] = high
        if namespace == "requests" or dice.random() < 0.6:
            said["requests"][name] = low
    if dice.random() < 0.4:
        said["limits"][dice.choice(DEVICES)] = str(dice.choice((0, 1, 2, 4)))
    if dice.random() < 0.2 and "memory" in said["requests"]:
        said["limits"][dice.choice(PAGES)] = "2Gi"
    return said


def container(dice, namespace, name):
    return {"name": name, "image": "example.org/x", "resources": resources(dice, namespace)}


def some_pod(dice, namespace, number):
    spec = {"containers": [container(dice, namespace, f"c{i}") for i in range(dice.choice((1, 1, 2, 3)))]}
    before = [container(dice, namespace, f"i{i}") for i in range(dice.choice((0, 0, 1, 2, 3)))]
    for early in before:
        if dice.random() < 0.4:
            early["restartPolicy"] = "Always"
    if before:
        spec["initContainers"] = before
    if dice.random() < 0.25:
        spec["runtimeClassName"] = "sandboxed"
    if dice.random() < 0.25:
        spec["resources"] = whole(dice)
    spec["automountServiceAccountToken"] = False
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec}


def whole(dice):
    """Amounts of the whole pod: enough for what its containers may say."""
    said = {"limits": {"cpu": "100", "memory": "90Gi"}, "requests": {"cpu": "90", "memory": "80Gi"}}
    for part in ("limits", "requests"):
        for name in ("cpu", "memory"):
            if dice.random() < 0.4:
                del said[part][name]
    return said


def ours(pod, namespace):
    """What we expect, from the manifest as it is sent and what the cluster adds."""
    spec = pod["spec"]
    seen = {**pod, "spec": {**spec, "overhead": OVERHEAD} if "runtimeClassName" in spec else spec}
    counted = in_quota(seen, [LIMIT_RANGE] if namespace == "ranged" else [])
    return {key: amount for key, amount in counted.items() if key in HARD[namespace] and amount}


def used(plane, namespace):
    status = plane.request("GET", f"/api/v1/namespaces/{namespace}/resourcequotas/all").body.get("status") or {}
    return {key: parse(str(amount)) for key, amount in (status.get("used") or {}).items()}


def grown(before, after):
    return {key: after[key] - before[key] for key in after if after[key] != before[key]}


def settled(happens):
    deadline = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < deadline, "the quota controller did not come to it"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def plane():
    with running_control_plane() as running:
        runtime = {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": "sandboxed"},
            "handler": "sandboxed",
            "overhead": {"podFixed": OVERHEAD},
        }
        assert running.request("POST", "/apis/node.k8s.io/v1/runtimeclasses", runtime).status == 201
        for namespace in HARD:
            prepare(running, namespace)
        yield running


def prepare(plane, namespace):
    path = f"/api/v1/namespaces/{namespace}"
    assert plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).status == 201
    if namespace == "ranged":
        made = plane.request("POST", f"{path}/limitranges", {"metadata": {"name": "all"}, **LIMIT_RANGE})
        assert made.status == 201, made.body
    quota = {"metadata": {"name": "all"}, "spec": {"hard": {key: str(value) for key, value in HARD[namespace].items()}}}
    made = plane.request("POST", f"{path}/resourcequotas", quota)
    assert made.status == 201, made.body
    settled(lambda: used(plane, namespace).keys() == HARD[namespace].keys())
    settled(lambda: plane.request("GET", f"{path}/serviceaccounts/default").status == 200)


def test_what_we_say_a_pod_is_charged_is_what_the_api_server_charges(plane):
    dice = random.Random(SEED)
    made, refused, wrong, seen = Counter(), Counter(), [], Counter()
    totals = {namespace: Counter() for namespace in HARD}
    number = 0
    while sum(made.values()) < PODS:
        number += 1
        namespace = dice.choice(list(HARD))
        pod = some_pod(dice, namespace, number)
        before = used(plane, namespace)
        reply = plane.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
        if reply.status != 201:
            refused[reply.status] += 1
            assert number < 3 * PODS, (refused, reply.body["message"])
            continue
        made[namespace] += 1
        theirs, expected = grown(before, used(plane, namespace)), ours(pod, namespace)
        totals[namespace].update(expected)
        seen.update(trait for trait in ("initContainers", "resources", "runtimeClassName") if trait in pod["spec"])
        if theirs != expected:
            wrong.append(
                (
                    namespace,
                    pod["spec"],
                    {
                        key: (expected.get(key), theirs.get(key))
                        for key in expected.keys() | theirs.keys()
                        if expected.get(key) != theirs.get(key)
                    },
                )
            )
    print(f"{dict(made)} pods made, {dict(refused)} refused as invalid; of those made {dict(seen)}")
    assert wrong == [], f"{len(wrong)} differ, the first: {wrong[0]}"
    assert min(seen.values()) >= 50
    for namespace, total in totals.items():
        counted_afresh(plane, namespace, total)


def counted_afresh(plane, namespace, total):
    """A change of hard makes the controller count every pod from the beginning."""
    path = f"/api/v1/namespaces/{namespace}/resourcequotas/all"
    change = {"spec": {"hard": {"pods": "9999"}}}
    assert plane.request("PATCH", path, change, content="application/merge-patch+json").status == 200
    settled(lambda: plane.request("GET", path).body["status"]["hard"]["pods"] == "9999")
    counted = {key: amount for key, amount in used(plane, namespace).items() if amount}
    assert counted == {key: Decimal(amount) for key, amount in total.items()}
