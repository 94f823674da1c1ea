"""A node and a scripted API: what becomes of a pod, from its binding to its deletion.

Pods run real processes (shells) and light servers.
"""

import asyncio
import base64
import os

import aiohttp
import pytest

from tenantspawner.localcluster.node import AddressMode, Node
from tenantspawner.localcluster.node.reaper import NODE_VARIABLE, tagged

from .fake import FakeApi

BUSY = {"name": "main", "image": "busybox:1", "command": ["sh", "-c", "echo hello; exec sleep 60"]}


def shell(script, **more):
    return {"name": "main", "image": "busybox:1", "command": ["sh", "-c", script], **more}


def state(api, name, index=0, key="containerStatuses"):
    return api.pod_now(name)["status"][key][index]["state"]


def node_processes(tmp_path):
    return tagged(NODE_VARIABLE, (tmp_path / "data" / "node-id").read_text())


async def test_a_node_says_what_it_has(api, node):
    registered = api.objects["/api/v1/nodes/n1"]
    assert registered["status"]["allocatable"]["nvidia.com/gpu"] == "2"
    assert registered["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert {"type": "Ready", "status": "True"}.items() <= registered["status"]["conditions"][-1].items()
    assert registered["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] == node.log_port


async def test_a_pod_runs_and_says_so_as_a_kubelet_does(api, node):
    api.pod("p", containers=[BUSY])
    pod = await api.until_phase("p", "Running")
    assert {one["type"]: one["status"] for one in pod["status"]["conditions"]} == {
        "PodReadyToStartContainers": "True", "Initialized": "True", "Ready": "True", "ContainersReady": "True",
        "PodScheduled": "True",
    }  # fmt: skip
    assert pod["status"]["podIP"].startswith("127.")
    assert pod["status"]["podIP"] != "127.0.0.1"
    status = pod["status"]["containerStatuses"][0]
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)
    await api.until(lambda: len(api.events("p")) >= 4)
    assert [reason for reason, _ in api.events("p")] == ["Pulling", "Pulled", "Created", "Started"]


async def test_a_pod_that_ends_has_its_exit_code(api, node):
    api.pod("good", containers=[shell("exit 0")])
    api.pod("bad", containers=[shell("exit 3")])
    api.pod("killed", containers=[shell("kill -9 $$$$")])
    await api.until_phase("good", "Succeeded")
    await api.until_phase("bad", "Failed")
    await api.until_phase("killed", "Failed")
    assert state(api, "good")["terminated"]["reason"] == "Completed"
    assert state(api, "bad")["terminated"]["exitCode"] == 3
    assert state(api, "killed")["terminated"]["exitCode"] == 137


async def test_a_container_that_fails_is_restarted_with_a_back_off(api, node):
    api.pod("p", restartPolicy="OnFailure", containers=[shell("exit 1")])
    pod = await api.until(
        lambda: api.pod_now("p") if state(api, "p").get("waiting", {}).get("reason") == "CrashLoopBackOff" else None
    )
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
    await api.until(lambda: api.pod_now("p")["status"]["containerStatuses"][0]["restartCount"] >= 3)


async def test_init_containers_come_first_and_one_after_another(api, node, tmp_path):
    order = tmp_path / "order"
    init = [shell(f"echo {name} >> {order}") | {"name": name} for name in ("one", "two")]
    api.pod("p", initContainers=init, containers=[shell(f"echo main >> {order}")])
    await api.until_phase("p", "Succeeded")
    assert order.read_text().split() == ["one", "two", "main"]


async def test_an_init_container_that_fails_keeps_the_others_from_starting(api, node):
    api.pod("p", initContainers=[shell("exit 2") | {"name": "init"}], containers=[BUSY])
    pod = await api.until_phase("p", "Failed")
    assert state(api, "p", key="initContainerStatuses")["terminated"]["exitCode"] == 2
    assert state(api, "p")["waiting"]["reason"] == "PodInitializing"
    assert {one["type"]: one["status"] for one in pod["status"]["conditions"]}["Initialized"] == "False"


async def test_a_sidecar_runs_beside_the_others_and_ends_after_them(api, node):
    sidecar = BUSY | {"name": "proxy", "restartPolicy": "Always"}
    api.pod("p", initContainers=[sidecar], containers=[shell("sleep 0.2")])
    await api.until(lambda: "running" in state(api, "p", key="initContainerStatuses"))
    await api.until_phase("p", "Succeeded")
    await api.until(lambda: "terminated" in state(api, "p", key="initContainerStatuses"))


@pytest.mark.parametrize(
    ("image", "reason"),
    [("example.org/gone:1", "ImagePullBackOff"), ("Not An Image", "InvalidImageName")],
)
async def test_an_image_that_cannot_be_had_is_a_waiting_reason(api, node, image, reason):
    api.pod("p", containers=[BUSY | {"image": image}])
    await api.until(lambda: state(api, "p")["waiting"]["reason"] == reason)
    assert api.pod_now("p")["status"]["phase"] == "Pending"
    await api.until(lambda: ("Failed", f"Error: {reason}") in api.events("p"))


async def test_an_image_is_never_pulled_under_the_policy_never(api, node):
    api.pod("p", containers=[BUSY | {"imagePullPolicy": "Never"}])
    await api.until(lambda: state(api, "p")["waiting"]["reason"] == "ErrImageNeverPull")


async def test_a_command_that_is_not_there_is_a_start_error(api, node):
    api.pod("p", containers=[BUSY | {"command": ["no-such-command"]}])
    await api.until_phase("p", "Failed")
    ended = state(api, "p")["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "no-such-command" in ended["message"]


async def test_a_secret_that_comes_later_is_waited_for(api, node, tmp_path):
    out = tmp_path / "out"
    reference = {"secretKeyRef": {"name": "token", "key": "t"}}
    api.pod("p", containers=[shell(f'echo "$TOKEN" > {out}', env=[{"name": "TOKEN", "valueFrom": reference}])])
    waiting = await api.until(
        lambda: (
            state(api, "p").get("waiting")
            if state(api, "p")["waiting"]["reason"] == "CreateContainerConfigError"
            else None
        )
    )
    assert waiting["message"] == 'secret "token" not found'
    api.put("/api/v1/namespaces/default/secrets/token", {"data": {"t": base64.b64encode(b"s3cret").decode()}})
    await api.until_phase("p", "Succeeded")
    assert out.read_text() == "s3cret\n"


async def test_the_environment_is_clean(api, node, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_NODE", "x")
    out = tmp_path / "out"
    api.pod("p", containers=[shell(f"env > {out}", env=[{"name": "A", "value": "1"}])])
    await api.until_phase("p", "Succeeded")
    names = {line.split("=")[0] for line in out.read_text().splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "A", "PATH", "LANG", "HOME", "HOSTNAME", "TMPDIR", "TENANTSPAWNER_NODE_ID", "TENANTSPAWNER_CONTAINER_ID",
    }  # fmt: skip


async def test_a_claim_is_the_home_and_outlives_the_pod(api, node, tmp_path):
    api.put("/api/v1/namespaces/default/persistentvolumeclaims/home-ada", {"spec": {}})
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "home-ada"}}]
    mount = {"volumeMounts": [{"name": "home", "mountPath": "/home/jovyan"}]}
    api.pod("first", volumes=volumes, containers=[shell("echo kept > $HOME/file; pwd", **mount)])
    await api.until_phase("first", "Succeeded")
    api.delete_pod("first")
    await api.until(lambda: api.pod_now("first") is None)
    out = tmp_path / "out"
    api.pod("second", volumes=volumes, containers=[shell(f"cat file > {out}", **mount)])
    await api.until_phase("second", "Succeeded")
    assert out.read_text() == "kept\n"


async def test_secrets_and_config_maps_are_files(api, node, tmp_path):
    api.put("/api/v1/namespaces/default/configmaps/c", {"data": {"a.txt": "text"}})
    volumes = [
        {"name": "c", "configMap": {"name": "c"}},
        {
            "name": "p",
            "projected": {
                "sources": [{"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}}]
            },
        },
        {"name": "none", "secret": {"secretName": "absent", "optional": True}},
    ]
    mounts = [{"name": "c", "mountPath": "/home/jovyan/c"}, {"name": "p", "mountPath": "/etc/p"}]
    out = tmp_path / "out"
    script = f"cat $0/a.txt $1/n > {out}"
    root = tmp_path / "data" / "pods"
    pod = api.pod("p", volumes=volumes, containers=[shell(script, volumeMounts=mounts)])
    where = root / pod["metadata"]["uid"] / "volumes"
    await api.until_phase("p", "Failed")
    assert (where / "c" / "a.txt").read_text() == "text"
    assert (where / "p" / "n").read_text() == "p"
    assert (where / "c" / "a.txt").stat().st_mode & 0o077 == 0


async def test_a_deleted_pod_gets_its_grace_and_then_goes(api, node, tmp_path):
    out = tmp_path / "out"
    script = f"trap 'echo bye > {out}; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    api.pod("p", containers=[shell(script)])
    await api.until_phase("p", "Running")
    await asyncio.sleep(0.1)
    api.delete_pod("p")
    await api.until(lambda: api.pod_now("p") is None)
    assert out.read_text() == "bye\n"
    await api.until(lambda: ("Killing", "Stopping container main") in api.events("p"))
    assert not node_processes(tmp_path)
    assert not list((tmp_path / "data" / "pods").iterdir())


async def test_a_pod_that_will_not_go_is_killed(api, node, tmp_path):
    api.pod("p", containers=[shell("trap '' TERM; while :; do sleep 0.05; done")])
    await api.until_phase("p", "Running")
    api.delete_pod("p", grace=1)
    await api.until(lambda: api.pod_now("p") is None)
    last = next(event[3]["status"] for event in reversed(api.history) if event[1] == "DELETED")
    assert last["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


async def test_what_left_the_process_group_ends_with_the_container(api, node, tmp_path):
    api.pod("p", containers=[shell("setsid sleep 61 & setsid sleep 62 & sleep 0.2; exit 0")])
    await api.until_phase("p", "Succeeded")
    assert not node_processes(tmp_path)


async def test_a_pod_taken_away_by_force_is_ended(api, node, tmp_path):
    api.pod("p", containers=[BUSY])
    await api.until_phase("p", "Running")
    api.remove("/api/v1/namespaces/default/pods/p")
    await api.until(lambda: not node_processes(tmp_path))


async def test_a_pod_that_waits_for_its_image_can_be_deleted(api, node):
    api.pod("p", containers=[BUSY | {"image": "example.org/gone:1"}])
    await api.until(lambda: state(api, "p")["waiting"]["reason"] == "ImagePullBackOff")
    api.delete_pod("p", grace=30)
    await api.until(lambda: api.pod_now("p") is None, seconds=10)


async def test_fifty_light_servers_start_at_once_and_cost_no_process(api, node, tmp_path):
    container = {
        "name": "notebook",
        "image": "localhost/light:1",
        "env": [{"name": "JUPYTERHUB_SERVICE_URL", "value": "http://0.0.0.0:8888/user/ada/"}],
    }
    for number in range(50):
        api.pod(f"p{number}", containers=[container])
    pods = [await api.until_phase(f"p{number}", "Running") for number in range(50)]
    addresses = {pod["status"]["podIP"] for pod in pods}
    assert len(addresses) == 50
    async with aiohttp.ClientSession() as session:
        for address in addresses:
            async with session.get(f"http://{address}:8888/user/ada/") as answer:
                assert answer.status == 200
    assert not node_processes(tmp_path)


async def test_two_processes_with_one_port_do_not_collide(api, node):
    code = "import os,http.server,urllib.parse as u;p=u.urlsplit(os.environ['JUPYTERHUB_SERVICE_URL']);http.server.HTTPServer((p.hostname,p.port),http.server.SimpleHTTPRequestHandler).serve_forever()"
    container = {
        "name": "n",
        "image": "py:1",
        "args": ["python", "-c", code],
        "env": [{"name": "JUPYTERHUB_SERVICE_URL", "value": "http://:8888/"}],
    }
    api.pod("a", containers=[container])
    api.pod("b", containers=[container])
    for name in "ab":
        pod = await api.until_phase(name, "Running")
        address = pod["status"]["podIP"]

        async def answers(address=address):
            async with aiohttp.ClientSession() as session:
                for _ in range(100):
                    try:
                        async with session.get(f"http://{address}:8888/") as answer:
                            return answer.status
                    except aiohttp.ClientError:
                        await asyncio.sleep(0.05)
            return None

        assert await answers() == 200


async def test_in_shared_mode_every_pod_has_the_address_of_the_machine(api, quick, tmp_path):
    from dataclasses import replace

    options = replace(quick, address_mode=AddressMode.SHARED)
    async with Node(api.url, name="n1", data_dir=tmp_path / "data", options=options):
        api.pod("p", containers=[BUSY])
        pod = await api.until_phase("p", "Running")
        assert pod["status"]["podIP"] == "127.0.0.1"


async def test_closing_a_node_ends_every_process(api, quick, tmp_path):
    async with Node(api.url, name="n1", data_dir=tmp_path / "data", options=quick):
        api.pod("p", containers=[shell("trap '' TERM; setsid sleep 63 & while :; do sleep 0.05; done")])
        await api.until_phase("p", "Running")
        assert node_processes(tmp_path)
    assert not node_processes(tmp_path)
    assert api.pod_now("p") is not None
    ready = next(one for one in api.objects["/api/v1/nodes/n1"]["status"]["conditions"] if one["type"] == "Ready")
    assert ready["status"] == "False"


async def test_a_node_started_again_restarts_what_ran(api, quick, tmp_path):
    api.pod("always", restartPolicy="Always", containers=[BUSY])
    api.pod("never", containers=[BUSY])
    async with Node(api.url, name="n1", data_dir=tmp_path / "data", options=quick):
        await api.until_phase("always", "Running")
        await api.until_phase("never", "Running")
    async with Node(api.url, name="n1", data_dir=tmp_path / "data", options=quick):
        await api.until_phase("never", "Failed")
        pod = await api.until(
            lambda: (
                api.pod_now("always")
                if "running" in state(api, "always")
                and api.pod_now("always")["status"]["containerStatuses"][0]["restartCount"]
                else None
            )
        )
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


async def test_a_node_closes_although_its_api_server_is_gone(quick, tmp_path):
    async with FakeApi() as api:
        node = Node(api.url, name="n1", data_dir=tmp_path / "data", options=quick)
        await node.start()
        api.pod("runs", containers=[BUSY])
        reference = {"name": "T", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k"}}}
        api.pod("waits", containers=[BUSY | {"env": [reference]}])
        await api.until_phase("runs", "Running")
    assert node_processes(tmp_path)
    await asyncio.wait_for(node.close(), 8)
    assert not node_processes(tmp_path)


async def test_a_directory_that_cannot_be_made_is_a_start_error(api, node, tmp_path):
    (tmp_path / "file").touch()
    host = [{"name": "h", "hostPath": {"path": str(tmp_path / "file")}}]
    mount = {"volumeMounts": [{"name": "h", "mountPath": "/home/jovyan"}], "workingDir": "/home/jovyan/below"}
    api.pod("p", volumes=host, containers=[shell("true", **mount)])
    await api.until_phase("p", "Failed")
    assert state(api, "p")["terminated"]["reason"] == "StartError"


async def test_two_nodes_do_not_share_a_data_directory(api, node, quick, tmp_path):
    other = Node(api.url, name="n2", data_dir=tmp_path / "data", options=quick)
    with pytest.raises(RuntimeError, match="another node uses"):
        await other.start()
    assert "/api/v1/nodes/n2" not in api.objects


async def test_a_status_survives_an_api_server_that_fails(api, node):
    api.fail_next = [("PATCH", 500), ("PATCH", 503)]
    api.pod("p", containers=[BUSY])
    await api.until_phase("p", "Running")


async def test_a_node_survives_watches_that_break_and_versions_that_are_gone(api, node):
    api.break_watches()
    api.pod("a", containers=[BUSY])
    await api.until_phase("a", "Running")
    api.pod("b", containers=[BUSY])
    api.objects.pop("/api/v1/namespaces/default/pods/a")
    api.forget()
    await api.until_phase("b", "Running")

    def lists():
        return [query for _, path, query in api.requests if path == "/api/v1/pods" and "watch" not in query]

    await api.until(lambda: len(lists()) == 2)


async def test_a_node_that_was_deleted_registers_again(api, quick, tmp_path):
    from dataclasses import replace

    async with Node(api.url, name="n1", data_dir=tmp_path / "data", options=replace(quick, heartbeat=0.05)):
        api.remove("/api/v1/nodes/n1")
        await api.until(lambda: "/api/v1/nodes/n1" in api.objects)


async def test_logs_are_served_with_tail_times_and_follow(api, node):
    api.pod("p", containers=[shell("echo one; echo two; sleep 0.4; printf three")])
    await api.until_phase("p", "Running")
    base = f"http://127.0.0.1:{node.log_port}/containerLogs/default/p/main"
    async with aiohttp.ClientSession() as session:

        async def get(query):
            async with session.get(base + query) as answer:
                return await answer.text()

        await asyncio.sleep(0.1)
        assert await get("?tailLines=1") == "two\n"
        assert (await get("?timestamps=true")).split("\n")[0].endswith("Z one")
        assert await get("?follow=true") == "one\ntwo\nthree\n"
        async with session.get(base + "x") as answer:
            assert answer.status == 404


async def test_logs_can_ask_for_a_token(api, quick, tmp_path):
    from dataclasses import replace

    options = replace(quick, log_token="s", log_tls=True)
    async with (
        Node(api.url, name="n1", data_dir=tmp_path / "data", options=options) as node,
        aiohttp.ClientSession() as session,
    ):
        url = f"https://127.0.0.1:{node.log_port}/containerLogs/default/p/main"
        async with session.get(url, ssl=False) as answer:
            assert answer.status == 401
        async with session.get(url, ssl=False, headers={"Authorization": "Bearer s"}) as answer:
            assert answer.status == 404


async def test_a_node_killed_by_sigkill_leaves_no_process(api, tmp_path):
    import signal
    import sys

    code = (
        "import asyncio,sys;from pathlib import Path;from tenantspawner.localcluster.node import Node\n"
        "async def main():\n"
        "    async with Node(sys.argv[1], name='n1', data_dir=Path(sys.argv[2])): await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, api.url, str(tmp_path / "data"))
    try:
        api.pod("p", containers=[shell("setsid sleep 64 & sleep 65")])
        await api.until_phase("p", "Running")
        await api.until(lambda: len(node_processes(tmp_path)) >= 2)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await api.until(lambda: not node_processes(tmp_path), seconds=20)
