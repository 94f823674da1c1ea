"""Covers a hub without some of its rights, or without the cluster: it runs, says what is missing and how to mend it, and does what it can.

One cluster of each kind for all of these: before each test the hub loses its database, its rights and its servers, and starts anew.
"""

import asyncio

import pytest
import pytest_asyncio
import yaml
from trustme import CA

from tenantspawner.kube import kinds
from tenantspawner.kube.kinds import kind_of
from tenantspawner.localcluster.demo.command import rights as mode_3
from tests.support import hubs
from tests.support.hubs import a_service, a_world, eventually, log_of
from tests.support.places import NEWEST, embedded_only

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

ROLE = 'c.TenantSpawner.hub_cluster_role = "tenantspawner-hub-namespace"\n'
SMALL = {"profile": "small"}
RBAC = "rbac.authorization.k8s.io/v1"
SOON = 30  # seconds, for a line of the log


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def printed():
    """What `tenantspawner rbac` prints for mode 3, without its policies: they bound rights and give none."""
    return [each for each in await mode_3() if each["apiVersion"] == RBAC]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=NEWEST)
async def world(request):
    async with a_world(request.param, manifests=[]) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(world):
    async with a_service(world) as rest:
        yield rest


class Fresh:
    """A hub that is started anew with other rights; `said` is what it has said since."""

    def __init__(self, world):
        self._world, self._given, self._heard = world, [], 0
        self._folder = world.hub.directory
        self._config = (self._folder / "jupyterhub_config.py").read_text()
        self.kubeconfig = self._folder / "kubeconfig"
        self.good = self.kubeconfig.read_text()

    async def start(self, manifests, *, config="", kubeconfig=""):
        self._world.hub.hub.kill()
        self._forget()
        for manifest in manifests:
            hubs.create(self._world, manifest)
        self._given = manifests
        (self._folder / "jupyterhub_config.py").write_text(self._config + config)
        self.kubeconfig.write_text(kubeconfig or self.good)
        await self._world.hub.start_hub()

    def _forget(self):
        self._heard = len(log_of(self._world))
        for manifest in self._given:
            metadata = manifest["metadata"]
            hubs.remove(self._world, kind_of(manifest), metadata.get("namespace"), metadata["name"])
        for pod in hubs.pods(self._world):
            hubs.remove(self._world, kinds.POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
        for file in self._folder.glob("*.sqlite*"):
            file.unlink()

    @property
    def said(self):
        return log_of(self._world)[self._heard :]

    async def says(self, words):
        await eventually(lambda: words in self.said, SOON, f"the hub does not say: {words}")
        assert "Traceback" not in self.said


@pytest.fixture(scope="module")
def hub(world):
    return Fresh(world)


async def test_all_rights_of_mode_3_are_there(hub, rest, printed):
    await hub.start(printed, config=ROLE)
    await rest.run("all", SMALL)
    await hub.says("All rights of mode user are there")
    assert "has no right to" not in hub.said
    assert "Kubernetes v" not in hub.said, "nothing goes missing on this version"


async def test_each_missing_right_is_a_line_and_the_command_that_mends_them_is_the_last(hub, rest, printed):
    await hub.start([thinned(each) for each in printed], config=ROLE)
    await rest.run("some", SMALL)
    user = hubs.HUB_USER
    for line in (
        f"{user} has no right to create events in namespace jupyterhub. Without it what is wrong with the tenancy is told in this log only",
        f"{user} has no right to list namespaces. Without it an edit of the tenancy reaches a namespace only at its next start.",
        f"{user} has no right to watch namespaces. Without it",
        "3 rights are missing for mode user. To grant them: tenantspawner rbac --mode user --namespace jupyterhub | kubectl apply -f -",
    ):
        await hub.says(line)


def thinned(manifest):
    """Take away what a hub can do without."""
    gone = {"events": {"create"}, "namespaces": {"list", "watch"}}
    rules = [
        {**rule, "verbs": kept}
        for rule in manifest.get("rules", [])
        if (kept := [verb for verb in rule["verbs"] if verb not in gone.get(rule["resources"][0], ())])
    ]
    at_home = {"tenantspawner-hub"}  # the hub's Role and ClusterRole have one name
    return {**manifest, "rules": rules} if manifest["metadata"]["name"] in at_home and "rules" in manifest else manifest


async def test_without_any_right_the_hub_runs_and_says_so(hub, rest):
    await hub.start([])
    await rest.user("none")
    answer = await rest.start("none", SMALL)
    assert answer.status == 503
    assert "this hub's list of teams cannot be read" in answer.message
    await hub.says("has no right to list configmaps in namespace jupyterhub. Without it the tenancy cannot be read")
    await hub.says("rights are missing")
    await hub.says("--mode hub --namespace jupyterhub | kubectl apply -f -")  # without a tenancy it knows of no more
    assert (await rest.call("GET", "/")).status == 200


async def test_a_forgotten_hub_cluster_role_is_told(hub, rest, printed):
    await hub.start(printed)
    await rest.user("forgotten")
    start = asyncio.create_task(rest.start("forgotten", SMALL))
    await hub.says("Set c.TenantSpawner.hub_cluster_role")
    await hub.says("has no right to create pods in all namespaces. Without it nobody can start a server.")
    start.cancel()  # it would take its time to fail


async def test_an_expired_token_is_told_and_a_new_one_taken(hub, rest):
    token = yaml.safe_load(hub.good)["users"][0]["user"]["token"]
    await hub.start(hubs.rights(), kubeconfig=hub.good.replace(token, "expired"))
    await rest.user("late")
    answer = await rest.start("late", SMALL)
    assert answer.status == 503
    await hub.says("(401 Unauthorized): the token has expired")
    hub.kubeconfig.write_text(hub.good)
    await eventually(lambda: "Tenancy in force" in hub.said, 60, "the new token is not taken")
    await rest.run("late", SMALL)


@embedded_only(
    "no API server is asked anything: TLS ends before; that it does with a real one's certificate is in "
    "real/test_demo_real.py::test_a_certificate_of_another_authority_is_a_sentence",
    versions=["6.1"],
)
async def test_a_certificate_of_another_authority_is_told(hub, rest, tmp_path):
    strange = tmp_path / "strange.pem"
    CA().cert_pem.write_to_path(str(strange))
    config = yaml.safe_load(hub.good)
    config["clusters"][0]["cluster"]["certificate-authority"] = str(strange)
    await hub.start(hubs.rights(), kubeconfig=yaml.safe_dump(config))
    await rest.user("mistaken")
    answer = await rest.start("mistaken", SMALL)
    assert answer.status == 503
    await hub.says("is not signed by the certificate authority that is trusted here")


async def test_without_events_a_start_succeeds_and_tells_its_progress(hub, rest):
    await hub.start(hubs.rights(without={kinds.EVENT.plural}))
    await rest.run("silent", SMALL)
    said = [step["message"] for step in await rest.progress("silent")]
    assert said
    assert "Traceback" not in hub.said
