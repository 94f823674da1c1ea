"""Covers a hub without some of its rights, or without the cluster: it runs, says what is missing and how to mend it, and does what it can."""

import json

import pytest

from tenantspawner.kube import kinds
from tenantspawner.localcluster.demo.command import rights as mode_3
from tests.support import hubs
from tests.support.hubs import a_service, a_world, eventually, log_of

pytestmark = pytest.mark.integration

ROLE = 'c.TenantSpawner.hub_cluster_role = "tenantspawner-hub-namespace"\n'


async def test_all_rights_of_mode_3_are_there():
    async with a_world(manifests=await mode_3(), config=ROLE) as world, a_service(world) as rest:
        await rest.run("ada", {"profile": "small"})
        await eventually(lambda: "All rights of mode user are there" in log_of(world))
        assert "has no right to" not in log_of(world)
        assert "Kubernetes v" not in log_of(world), "nothing goes missing on this version"


async def test_each_missing_right_is_a_line_and_the_command_that_mends_them_is_the_last():
    manifests = [thinned(each) for each in await mode_3()]
    async with a_world(manifests=manifests, config=ROLE) as world, a_service(world) as rest:
        await rest.run("ada", {"profile": "small"})
        await eventually(lambda: "rights are missing" in log_of(world))
        said = log_of(world)
        user = hubs.HUB_USER
        for line in (
            f"{user} has no right to create events in namespace jupyterhub. Without it what is wrong with the tenancy is told in this log only",
            f"{user} has no right to list namespaces. Without it an edit of the tenancy reaches a namespace only at its next start.",
            f"{user} has no right to watch namespaces. Without it",
            "3 rights are missing for mode user. To grant them: tenantspawner rbac --mode user --namespace jupyterhub | kubectl apply -f -",
        ):
            assert line in said
        assert "Traceback" not in said


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


async def test_without_any_right_the_hub_runs_and_says_so():
    async with a_world(manifests=[]) as world, a_service(world) as rest:
        await rest.user("ada")
        answer = await rest.start("ada", {"profile": "small"})
        assert answer.status == 503
        assert "this hub's list of teams cannot be read" in answer.message
        await eventually(lambda: "rights are missing" in log_of(world), 15)
        said = log_of(world)
        assert "has no right to list configmaps in namespace jupyterhub. Without it the tenancy cannot be read" in said
        assert "--mode hub --namespace jupyterhub | kubectl apply -f -" in said, (
            "without a tenancy it is not known to need more"
        )
        assert "Traceback" not in said
        assert (await rest.call("GET", "/")).status == 200


async def test_a_forgotten_hub_cluster_role_is_told():
    async with a_world(manifests=await mode_3()) as world, a_service(world) as rest:
        await rest.user("ada")
        await rest.start("ada", {"profile": "small"})
        await eventually(lambda: "Set c.TenantSpawner.hub_cluster_role" in log_of(world), 15)
        said = log_of(world)
        assert "has no right to create pods in all namespaces. Without it nobody can start a server." in said
        assert "Traceback" not in said


async def test_an_expired_token_is_told_and_a_new_one_taken(tmp_path):
    async with a_world() as world, a_service(world) as rest:
        kubeconfig = world.hub.directory / "kubeconfig"
        good = kubeconfig.read_text()
        world.hub.hub.kill()
        token = good.split("token: ")[1].split("\n")[0]
        kubeconfig.write_text(good.replace(token, "expired"))
        await world.hub.start_hub()
        await rest.user("ada")
        answer = await rest.start("ada", {"profile": "small"})
        assert answer.status == 503
        await eventually(lambda: "(401 Unauthorized): the token has expired" in log_of(world), 15)
        assert "Traceback" not in log_of(world)
        kubeconfig.write_text(good)

        async def starts():
            return (await rest.start("ada", {"profile": "small"})).status in {201, 202}

        await eventually(starts, 60)
        await rest.ready("ada")


async def test_a_certificate_of_another_authority_is_told():
    from trustme import CA

    async with a_world() as world, a_service(world) as rest:
        strange = world.hub.directory / "strange.pem"
        CA().cert_pem.write_to_path(str(strange))
        kubeconfig = world.hub.directory / "kubeconfig"
        config = json.loads(json.dumps(__import__("yaml").safe_load(kubeconfig.read_text())))
        config["clusters"][0]["cluster"]["certificate-authority"] = str(strange)
        kubeconfig.write_text(json.dumps(config))
        world.hub.hub.kill()
        await world.hub.start_hub()
        await rest.user("ada")
        answer = await rest.start("ada", {"profile": "small"})
        assert answer.status == 503
        await eventually(lambda: "is not signed by the certificate authority that is trusted here" in log_of(world), 45)
        assert "Traceback" not in log_of(world)


async def test_without_events_a_start_succeeds_and_tells_its_progress():
    manifests = hubs.rights(without={kinds.EVENT.plural})
    async with a_world(manifests=manifests) as world, a_service(world) as rest:
        await rest.run("ada", {"profile": "small"})
        said = [step["message"] for step in await rest.progress("ada")]
        assert said
        assert "Traceback" not in log_of(world)
