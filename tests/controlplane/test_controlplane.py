"""Covers tests/support/controlplane on the real thing: life, data, disturbances, audit, and that nothing is left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.controlplane import build
from tests.support.controlplane.fixture import running_control_plane
from tests.support.controlplane.identities import Identity
from tests.support.controlplane.plane import ControlPlane, StartError

# The first test may have to wait for a build.
pytestmark = [pytest.mark.realcluster, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with running_control_plane([Identity("hub", ("hubs",))]) as running:
        yield running


def wait_until(happens: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.1)
    return False


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a zombie whose new parent does not reap is no process
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def create_quota(plane: ControlPlane, name: str) -> str:
    quota = {"metadata": {"name": name}, "spec": {"hard": {"pods": "3"}}}
    path = "/api/v1/namespaces/default/resourcequotas"
    assert plane.request("POST", path, quota).status == 201
    return f"{path}/{name}"


def test_kubectl_sees_the_namespaces_with_the_admin_kubeconfig(plane: ControlPlane) -> None:
    names = plane.kubectl("get", "namespaces", "-o", "name").split()
    assert {"namespace/default", "namespace/kube-system"} <= set(names)


def test_the_server_is_the_pinned_release(plane: ControlPlane) -> None:
    if "KUBEBUILDER_ASSETS" in os.environ:
        pytest.skip("KUBEBUILDER_ASSETS brings its own release")
    assert plane.request("GET", "/version").body["gitVersion"] == "v1.36.3"


def test_a_caller_s_identity_has_its_name_and_groups_and_no_rights(plane: ControlPlane) -> None:
    assert plane.request("GET", "/api/v1/namespaces", identity="hub").status == 403
    review = plane.kubectl("auth", "whoami", "-o", "json", identity="hub")
    assert json.loads(review)["status"]["userInfo"]["username"] == "hub"
    assert "hubs" in json.loads(review)["status"]["userInfo"]["groups"]


def test_a_kubeconfig_has_the_namespace_asked_for(plane: ControlPlane) -> None:
    context = json.loads(plane.kubeconfig("hub", namespace="kube-system").read_text())["contexts"][0]["context"]
    assert (context["user"], context["namespace"]) == ("hub", "kube-system")


def test_a_request_is_one_row_of_the_audit_log(plane: ControlPlane) -> None:
    mark = plane.audit_mark()
    plane.request("GET", "/api/v1/namespaces/default/pods/nobody", identity="hub")
    plane.request("GET", "/api/v1/namespaces/default/pods/nobody")
    (row,) = plane.audit(user="hub", since=mark)
    assert (row.verb, row.resource, row.namespace, row.name, row.code) == ("get", "pods", "default", "nobody", 403)
    assert [row.code for row in plane.audit(user="admin", since=mark)] == [404]
    assert row not in plane.audit(user="hub", since=plane.audit_mark())
    assert row in plane.audit(user="hub", since=row.time)


def test_a_watch_is_one_row_of_the_audit_log(plane: ControlPlane) -> None:
    mark = plane.audit_mark()
    path = "/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1"
    plane.request("GET", path)
    plane.request("GET", path, identity="hub")
    rows = [row for row in plane.audit(since=mark) if row.uri == path]
    assert [(row.user, row.verb, row.code) for row in rows] == [("admin", "watch", 200), ("hub", "watch", 403)]


def test_a_paused_controller_manager_leaves_a_quota_uncounted(plane: ControlPlane) -> None:
    if not plane.has("kube-controller-manager"):
        pytest.skip("no kube-controller-manager in KUBEBUILDER_ASSETS")
    plane.pause("kube-controller-manager")
    try:
        path = create_quota(plane, "paused")
        time.sleep(2)
        assert plane.request("GET", path).body["status"] == {}
    finally:
        plane.resume("kube-controller-manager")
    assert wait_until(lambda: plane.request("GET", path).body["status"].get("hard") == {"pods": "3"})


def test_the_scheduler_binds_a_pod_to_a_node(plane: ControlPlane) -> None:
    if not plane.has("kube-scheduler"):
        pytest.skip("no kube-scheduler in KUBEBUILDER_ASSETS")
    room = {"cpu": "4", "memory": "8Gi", "pods": "10"}
    node = {"metadata": {"name": "pretended"}, "status": {"capacity": room, "allocatable": room}}
    node["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert plane.request("POST", "/api/v1/nodes", node).status == 201
    pod = {"metadata": {"name": "bound"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    assert plane.request("POST", "/api/v1/namespaces/default/pods", pod).status == 201
    bound = "/api/v1/namespaces/default/pods/bound"
    assert wait_until(lambda: plane.request("GET", bound).body["spec"].get("nodeName") == "pretended")


def test_a_killed_api_server_refuses_and_a_restarted_one_has_the_data(plane: ControlPlane) -> None:
    path = create_quota(plane, "kept")
    url, kubeconfig = plane.url, plane.kubeconfig()
    plane.kill_apiserver()
    with pytest.raises(ConnectionRefusedError):
        plane.request("GET", path)
    assert plane.audit(user="admin")  # what was written before can still be read
    plane.start_apiserver()
    assert (plane.url, plane.kubeconfig()) == (url, kubeconfig)
    assert plane.request("GET", path).status == 200
    plane.restart_apiserver()
    assert plane.request("GET", path).body["metadata"]["name"] == "kept"


def test_controllers_go_on_after_an_api_server_s_restart(plane: ControlPlane) -> None:
    if not plane.has("kube-controller-manager"):
        pytest.skip("no kube-controller-manager in KUBEBUILDER_ASSETS")
    path = create_quota(plane, "after-restart")
    assert wait_until(lambda: plane.request("GET", path).body["status"].get("hard"))


def test_stop_leaves_no_process_and_no_directory(plane: ControlPlane) -> None:
    with ControlPlane() as second:  # beside the first
        directory, pids = second.directory, second.pids()
        assert len(pids) >= 4
        second.pause("kube-apiserver")  # even a paused one
    assert not directory.exists()
    assert not [pid for pid in pids if process_exists(pid)]
    second.stop()
    assert plane.request("GET", "/readyz").status == 200


def test_a_failed_start_says_why_and_leaves_nothing(plane: ControlPlane, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broken = ControlPlane(flags={"kube-apiserver": ["--no-such-flag"]})
    with pytest.raises(StartError, match=r"(?s)kube-apiserver ended by itself.*no-such-flag"):
        broken.start()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_python(plane: ControlPlane, tmp_path: Path, end: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.support.controlplane.run"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout
        assert runner.stdout.readline().startswith("export KUBECONFIG=")
        (directory,) = tmp_path.iterdir()
        runner.send_signal(end)
    assert wait_until(lambda: not directory.exists(), seconds=20)
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(directory) not in found


def test_missing_binaries_are_one_clear_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.BinariesMissingError, match=r"is not tested: install Go .* KUBEBUILDER_ASSETS") as missing:
        build.find_binaries()
    assert "\n" not in str(missing.value)


def test_assets_of_envtest_come_first_and_must_be_complete(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (tmp_path / "etcd").touch()
    (tmp_path / "kubectl").touch()
    with pytest.raises(build.BinariesMissingError, match="lacks kube-apiserver"):
        build.find_binaries()
    (tmp_path / "kube-apiserver").touch()
    assert build.find_binaries() == tmp_path


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_binaries_it_skips_and_in_ci_it_fails(tmp_path: Path, monkeypatch, ci: str, outcome: type) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="lacks etcd"), running_control_plane():
        pass
