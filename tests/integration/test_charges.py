"""Covers `kube.charges` against both clusters' API: 500 generated pods, our figure equals the growth of ``status.used``.

The embedded cluster counts with code of its own. Three namespaces: in the first containers say requests and limits, in the second only requests, in the third limit
ranges fill what they leave open. Admission adds to ``used`` what a pod is charged before it answers the create, so
each pod is compared by itself; at the end a change of the quota makes the controller count all of them afresh, and that
sum is compared too. A pod the API server finds invalid is none of the 500. Where there are no runtime classes, as on the
embedded cluster, no pod names one.
"""

import random
from collections import Counter
from decimal import Decimal

import pytest

from tenantspawner.kube.charges import in_quota
from tenantspawner.kube.quantities import parse
from tests.support.clusters import MERGE
from tests.support.hubs import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

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


def some_pod(dice, namespace, number, runtime):
    spec = {"containers": [container(dice, namespace, f"c{i}") for i in range(dice.choice((1, 1, 2, 3)))]}
    before = [container(dice, namespace, f"i{i}") for i in range(dice.choice((0, 0, 1, 2, 3)))]
    for early in before:
        if dice.random() < 0.4:
            early["restartPolicy"] = "Always"
    if before:
        spec["initContainers"] = before
    if dice.random() < 0.25 and runtime:
        spec["runtimeClassName"] = runtime
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


def path_of(cluster, namespace):
    return f"/api/v1/namespaces/{cluster.home}-{namespace}"


async def used(cluster, namespace):
    quota = (await cluster.ask("GET", f"{path_of(cluster, namespace)}/resourcequotas/all")).body
    return {key: parse(str(amount)) for key, amount in quota.get("status", {}).get("used", {}).items()}


def grown(before, after):
    return {key: after[key] - before[key] for key in after if after[key] != before[key]}


@pytest.fixture
async def runtime(cluster):
    """The name of a runtime class with an overhead, which has no namespace; empty where there are none."""
    name = f"{cluster.home}-sandboxed"
    made = {"metadata": {"name": name}, "handler": "sandboxed", "overhead": {"podFixed": OVERHEAD}}
    answer = await cluster.ask("POST", "/apis/node.k8s.io/v1/runtimeclasses", made)
    assert answer.status == (201 if cluster.is_real else 404)
    return name if cluster.is_real else ""


@pytest.fixture
async def quotas(cluster):
    for namespace, hard in HARD.items():
        path = path_of(cluster, namespace)
        await cluster.namespace(f"{cluster.home}-{namespace}")
        if namespace == "ranged":
            made = await cluster.ask("POST", f"{path}/limitranges", {"metadata": {"name": "all"}, **LIMIT_RANGE})
            assert made.status == 201, made.body
        said = {key: str(value) for key, value in hard.items()}
        made = await cluster.ask(
            "POST", f"{path}/resourcequotas", {"metadata": {"name": "all"}, "spec": {"hard": said}}
        )
        assert made.status == 201, made.body

        async def counts(namespace=namespace, hard=hard):
            return (await used(cluster, namespace)).keys() == hard.keys()

        async def has_account(path=path):
            return (await cluster.ask("GET", f"{path}/serviceaccounts/default")).status == 200

        await eventually(counts, 120, "the quota controller did not come to it")
        await eventually(has_account, 120, "there is no account")


async def test_what_we_say_a_pod_is_charged_is_what_the_api_server_charges(cluster, runtime, quotas):
    dice = random.Random(SEED)
    made, refused, wrong, seen = Counter(), Counter(), [], Counter()
    totals = {namespace: Counter() for namespace in HARD}
    counted = {namespace: await used(cluster, namespace) for namespace in HARD}
    number = 0
    while sum(made.values()) < PODS:
        number += 1
        namespace = dice.choice(list(HARD))
        pod = some_pod(dice, namespace, number, runtime)
        reply = await cluster.ask("POST", f"{path_of(cluster, namespace)}/pods", pod)
        if reply.status != 201:
            refused[reply.status] += 1
            assert number < 3 * PODS, (refused, reply.body["message"])
            continue
        made[namespace] += 1
        before, counted[namespace] = counted[namespace], await used(cluster, namespace)
        theirs, expected = grown(before, counted[namespace]), ours(pod, namespace)
        totals[namespace].update(expected)
        seen.update(trait for trait in ("initContainers", "resources", "runtimeClassName") if trait in pod["spec"])
        if theirs != expected:
            differ = {key for key in expected.keys() | theirs.keys() if expected.get(key) != theirs.get(key)}
            wrong.append((namespace, pod["spec"], {key: (expected.get(key), theirs.get(key)) for key in differ}))
    print(f"{dict(made)} pods made, {dict(refused)} refused as invalid; of those made {dict(seen)}")
    assert wrong == [], f"{len(wrong)} differ, the first: {wrong[0]}"
    assert min(seen.values()) >= 50
    for namespace, total in totals.items():
        await counted_afresh(cluster, namespace, total)


async def counted_afresh(cluster, namespace, total):
    """A change of hard makes the controller count every pod from the beginning."""
    path = f"{path_of(cluster, namespace)}/resourcequotas/all"
    assert (await cluster.ask("PATCH", path, {"spec": {"hard": {"pods": "9999"}}}, content=MERGE)).status == 200

    async def again():
        return (await cluster.ask("GET", path)).body["status"]["hard"]["pods"] == "9999"

    await eventually(again, 120, "the quota controller did not come to it")
    counted = {key: amount for key, amount in (await used(cluster, namespace)).items() if amount}
    assert counted == {key: Decimal(amount) for key, amount in total.items()}
