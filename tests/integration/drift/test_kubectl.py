"""Covers that kubectl says the same of both clusters: the same commands, the same words, up to ages and addresses.

Both have a node of ours, which runs the pods as processes; the scheduler is each cluster's own.
"""

import asyncio
import json
import os
import re

import pytest

from tenantspawner.localcluster import LocalCluster
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.node import Node, NodeOptions
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tenantspawner.localcluster.scheduler import Scheduler
from tests.integration.drift.objects import config, container, namespace, pod, quota

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

N = "drift-kubectl"
POD = pod(
    "web",
    container(command=["sh", "-c", "echo hello; exec sleep 60"]),
    restartPolicy="Never",
    terminationGracePeriodSeconds=1,
)
# (words, what comes in by stdin)
COMMANDS = [
    ("create -f -", namespace(N)),
    ("get namespaces drift-kubectl default kube-node-lease kube-public kube-system", None),
    (f"-n {N} wait --for=create serviceaccount/default --timeout=10s", None),
    (f"-n {N} create -f -", config("made", {"a": "1"})),
    (f"-n {N} create -f -", config("made", {"a": "1"})),
    (f"-n {N} create -f -", {**config("bad"), "bogus": 1}),
    (f"-n {N} apply --server-side --field-manager=one -f -", config("applied", {"a": "1"})),
    (f"-n {N} apply --server-side --field-manager=two -f -", config("applied", {"a": "2"})),
    (f"-n {N} apply --server-side --field-manager=two --force-conflicts -f -", config("applied", {"a": "2"})),
    (f"-n {N} apply -f -", config("client", {"a": "1"})),
    (f"-n {N} apply -f -", config("client", {"a": "2"})),
    (f"-n {N} apply -f -", config("client", {"a": "2"})),
    (f'-n {N} patch configmap made --type=merge -p {{"data":{{"b":"2"}}}}', None),
    (f'-n {N} patch configmap made --type=json -p [{{"op":"remove","path":"/data/zz"}}]', None),
    (f"-n {N} label configmap made team=physics", None),
    (f"-n {N} get configmaps", None),
    (f"-n {N} get configmaps -l team=physics -o name", None),
    (f"-n {N} get configmap made -o jsonpath={{.data}}", None),
    (f"-n {N} describe configmap made", None),
    (f"-n {N} create -f -", quota("q", {"pods": "2"})),
    (f"-n {N} wait --for=jsonpath={{.status.hard.pods}}=2 resourcequota/q --timeout=10s", None),
    (f"-n {N} describe resourcequota q", None),
    (f"-n {N} create -f -", POD),
    (f"-n {N} wait --for=condition=Ready pod/web --timeout=20s", None),
    (f"-n {N} get pods", None),
    (f"-n {N} get pods -o wide", None),
    (f"-n {N} logs web", None),
    (f"-n {N} logs web -c none", None),
    (f"-n {N} get pod web --watch --request-timeout=1s -o name", None),
    (f"-n {N} describe pod web", None),
    ("get nodes", None),
    ("describe node local-1", None),
    (f"-n {N} auth can-i create pods", None),
    (f"-n {N} delete pod web --timeout=20s", None),
    (f"-n {N} get pods", None),
    (f"-n {N} get pod web", None),
    (f"-n {N} delete configmap made applied", None),
    (f"-n {N} get bogus", None),
    (f"delete namespace {N} --timeout=30s", None),
]  # fmt: skip
SAME = [
    (re.compile(r"\b\d+s\b|\b\d+m\d+s\b|<unknown>"), "<age>"),
    (re.compile(r"\b127(\.\d+){3}\b"), "<address>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"kube-api-access-\w{5}"), "kube-api-access-<random>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}"), "<time>"),
    (re.compile(r"[ \t]+"), " "),
]
# What the descriptions hold besides the objects: when things happened, and what the machine is.
SECTIONS = ("describe pod", "describe node")


def plain(words, text):
    for pattern, instead in SAME:
        text = pattern.sub(instead, text)
    if any(name in words for name in SECTIONS):
        return [line.partition(":")[0] for line in text.splitlines() if re.match(r"[A-Z][\w -]*:", line)]
    return [line.strip() for line in text.splitlines()]


async def run(kubectl, kubeconfig, home):
    answers = []
    environment = {"PATH": os.defpath, "HOME": str(home), "KUBECONFIG": str(kubeconfig)}
    for words, stdin in COMMANDS:
        process = await asyncio.create_subprocess_exec(
            str(kubectl), *words.split(), env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate(None if stdin is None else json.dumps(stdin).encode())
        answers.append((process.returncode, plain(words, out.decode())))
    return answers


async def on_the_real_one(plane, folder):
    access = read_kubeconfig(plane.kubeconfig(), folder / "admin")
    options = NodeOptions()
    async with Node(
        access.url, access.token, access.ca_file, name="local-1", data_dir=folder / "node", options=options
    ):
        return await run(plane.binaries / "kubectl", plane.kubeconfig(), folder)


async def on_the_embedded_one(plane, folder):
    users = {"scheduler": UserInfo("system:kube-scheduler")}
    async with (
        LocalCluster(users) as cluster,
        Scheduler(cluster.url, cluster.token("scheduler"), cluster.ca_file),
        Node(
            cluster.url, cluster.token("admin"), cluster.ca_file, name="local-1", data_dir=folder / "node",
            options=NodeOptions(log_token=cluster.kubelet_token),
        ),
    ):  # fmt: skip
        return await run(plane.binaries / "kubectl", cluster.kubeconfig(), folder)


@pytest.fixture(scope="module")
def said(plane, tmp_path_factory):
    async def both():
        real, ours = (tmp_path_factory.mktemp(name) for name in ("real", "ours"))
        return await asyncio.gather(on_the_real_one(plane, real), on_the_embedded_one(plane, ours))

    plane.resume("kube-scheduler")
    try:
        real, ours = asyncio.run(both())
    finally:
        plane.pause("kube-scheduler")
    return list(zip(real, ours, strict=True))


@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=lambda n: f"{n} {COMMANDS[n][0]}")
def test_kubectl_says_the_same_of_both(said, number):
    real, ours = said[number]
    assert ours == real
