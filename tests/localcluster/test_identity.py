"""Covers who asks: tokens of users and of service accounts, what an unknown one gets, impersonation, reviews."""

import aiohttp
import pytest

from tenantspawner.localcluster import LocalCluster, UserInfo
from tests.localcluster.conftest import Http

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


@pytest.fixture
async def cluster():
    async with LocalCluster({"ada": UserInfo("ada", "7", ("physics",))}) as running:
        yield running


def as_user(http, token):
    return Http(http.cluster, http.session, token)


@pytest.mark.parametrize("token", ["", "wrong", "a.b.c"])
async def test_an_unknown_token_is_401(http, token):
    code, refusal = await as_user(http, token)("GET", "/api/v1/pods")
    assert (code, refusal["reason"], refusal["message"]) == (401, "Unauthorized", "Unauthorized")


async def test_a_service_accounts_token_is_that_account(http):
    await http("POST", ACCOUNTS, ACCOUNT)
    _, answer = await http("POST", f"{ACCOUNTS}/robot/token", {"spec": {"expirationSeconds": 600}})
    robot = as_user(http, answer["status"]["token"])
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    _, who = await robot("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert who["status"]["userInfo"]["username"] == "system:serviceaccount:default:robot"
    assert "system:serviceaccounts:default" in who["status"]["userInfo"]["groups"]
    assert (await robot("GET", "/api/v1/pods"))[0] == 403


async def test_a_token_dies_with_its_account(http):
    await http("POST", ACCOUNTS, ACCOUNT)
    _, answer = await http("POST", f"{ACCOUNTS}/robot/token", {"spec": {}})
    await http("DELETE", f"{ACCOUNTS}/robot")
    await http("POST", ACCOUNTS, ACCOUNT)
    assert (await as_user(http, answer["status"]["token"])("GET", "/api/v1/pods"))[0] == 401


async def test_a_user_may_what_a_binding_says(http):
    ada = as_user(http, http.cluster.token("ada"))
    code, refusal = await ada("GET", "/api/v1/namespaces/default/pods")
    words = 'pods is forbidden: User "ada" cannot list resource "pods" in API group "" in the namespace "default"'
    assert (code, refusal["message"]) == (403, words)
    http.cluster.create({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "physicists-look", "namespace": "default"},
        "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "Group", "name": "physics"}],
    })  # fmt: skip
    assert (await ada("GET", "/api/v1/namespaces/default/pods"))[0] == 200


async def test_health_and_version_need_no_token(http):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        for path in ("/healthz", "/readyz", "/livez", "/version"):
            async with session.get(http.cluster.url + path) as response:
                assert response.status == 200


async def test_no_kubeconfig_or_key_outlives_the_cluster(http):
    file = http.cluster.kubeconfig("ada")
    assert file.stat().st_mode & 0o077 == 0
    directory = http.cluster.directory
    await http.cluster.close()
    assert not directory.exists()


async def test_the_log_says_who_did_what(http, config_map):
    ada = as_user(http, http.cluster.token("ada"))
    await ada("POST", "/api/v1/namespaces/default/configmaps", config_map("a"))
    row = http.cluster.requests[-1]
    assert (row.verb, row.user, row.resource, row.namespace, row.code) == (
        "create",
        "ada",
        "configmaps",
        "default",
        403,
    )
