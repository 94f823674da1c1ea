"""Covers `tenantspawner demo --kubeconfig … --once`: the tour through the whole product on the real control plane, and bad kubeconfigs.

The hub in it has exactly the rights of mode 3, and the policies are in force.
"""

import json
import subprocess
import sys

import pytest
import trustme

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

HUB = "system:serviceaccount:jupyterhub:hub"


def demo(kubeconfig, **more):
    command = [sys.executable, "-m", "tenantspawner", "demo", "--kubeconfig", str(kubeconfig), "--once"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def test_the_tour_passes_with_the_hubs_rights_and_under_the_policies(plane):
    mark = plane.audit_mark()
    done = demo(plane.kubeconfig())
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stderr == ""
    assert "13." in done.stdout
    policies = plane.request("GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies").body["items"]
    assert len([each for each in policies if each["metadata"]["name"].startswith("tenantspawner.jupyterhub.")]) >= 11
    rows = plane.audit(user=HUB, since=mark)
    came = {(row.verb, row.resource, row.namespace) for row in rows if row.code < 300}
    refused = [row for row in rows if row.code in {401, 403} and (row.verb, row.resource, row.namespace) not in came]
    assert [str(row) for row in refused] == []


def spoiled(plane, tmp_path, **changes):
    """The administrator's kubeconfig with something else in it."""
    config = json.loads(plane.kubeconfig().read_text())
    config["clusters"][0]["cluster"].update(changes.get("cluster", {}))
    config["users"][0]["user"].update(changes.get("user", {}))
    for name in changes.get("without", ()):
        config["clusters"][0]["cluster"].pop(name)
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


def test_an_expired_token_is_a_sentence(plane, tmp_path):
    said = refusal(spoiled(plane, tmp_path, user={"token": "expired"}))
    assert "401 Unauthorized" in said
    assert "Put a new one where it is read from" in said


def test_a_certificate_of_another_authority_is_a_sentence(plane, tmp_path):
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    wrong = spoiled(
        plane, tmp_path, cluster={"certificate-authority": str(authority)}, without=["certificate-authority-data"]
    )
    assert "is not signed by the certificate authority that is trusted here" in refusal(wrong)


def test_an_address_where_nobody_is_is_a_sentence(plane, tmp_path):
    assert "does not answer" in refusal(spoiled(plane, tmp_path, cluster={"server": "https://127.0.0.1:1"}))


def test_too_few_rights_are_a_sentence(plane):
    said = refusal(plane.kubeconfig("system:serviceaccount:stranger:hub"))
    assert "403 Forbidden" in said
    assert 'User "system:serviceaccount:stranger:hub" cannot create resource "namespaces"' in said
    assert "Ask a cluster administrator" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a kubeconfig"),
        ("[a, b]", "is not a kubeconfig"),
        ("a: [", "is not a kubeconfig"),
        ("\x00", "is not a kubeconfig"),
        ("contexts: []", "has no context named"),
        ("{current-context: a, contexts: [{name: a, context: {}}]}", "lacks 'cluster'"),
        ("{current-context: a, contexts: [{name: a}]}", "lacks 'context'"),
        ("{current-context: a, contexts: [a]}", "are not as kubeconfigs are"),
    ],
)
def test_what_is_no_kubeconfig_is_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    assert sentence in refusal(path)


def refusal(kubeconfig):
    done = demo(kubeconfig)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
