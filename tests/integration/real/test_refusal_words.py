"""Covers refusals in the real API server's own words, as they become sentences for the person they stop: quotas, limit ranges, Pod
Security, policies, admission webhooks. And what is found in limit ranges beforehand is what the API server says of the same pod.
"""

import base64
import http.server
import json
import re
import ssl
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import trustme

from tenantspawner.cluster import Meaning, meaning
from tenantspawner.cluster.answers import read_status
from tenantspawner.kube.breaches import breaches
from tenantspawner.observe import why_denied

pytestmark = [pytest.mark.realcluster, pytest.mark.integration, pytest.mark.timeout(1800)]

ASK = "Ask help@example.edu."
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SECURED = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def pod(limits=None, requests=None, **metadata):
    resources = {"limits": limits or {}, "requests": requests or {}}
    container = {"name": "notebook", "image": "i", "resources": resources, "securityContext": SAFE}
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": [container], "securityContext": SECURED}}


class Place:
    """A namespace, and what the API server answers there to a pod that is not kept."""

    def __init__(self, plane, name):
        self.plane, self.name = plane, name
        self.path = f"/api/v1/namespaces/{name}"

    def put(self, plural, spec, name="theirs"):
        made = self.plane.request("POST", f"{self.path}/{plural}", {"metadata": {"name": name}, "spec": spec})
        assert made.status == 201, made
        return f"{self.path}/{plural}/{name}"

    def asked(self, body):
        reply = self.plane.request("POST", f"{self.path}/pods?dryRun=All", body)
        return read_status(reply.status, json.dumps(reply.body).encode())

    def refused(self, body, passing="not yet"):
        """The refusal of a pod, once what was just made is in force."""
        deadline = time.monotonic() + 60
        while (status := self.asked(body)).code < 300 or re.search(
            f"status unknown for quota|{passing}", status.message
        ):
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        return status

    def told(self, body, **more):
        return why_denied(self.refused(body, **more), "help@example.edu")


@pytest.fixture(scope="module")
def places(plane):
    count = iter(range(100))

    def make(level="privileged", name=""):
        name = name or f"words-{next(count)}"
        labels = {"pod-security.kubernetes.io/enforce": level}
        made = plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        assert made.status == 201, made
        place, deadline = Place(plane, name), time.monotonic() + 60
        while plane.request("GET", f"{place.path}/serviceaccounts/default").status != 200:
            assert time.monotonic() < deadline, "no account"
            time.sleep(0.05)
        return place

    return make


# -- quotas --------------------------------------------------------------------------------------------------------


def test_a_quota_by_its_numbers(places):
    place = places()
    place.put("resourcequotas", {"hard": {"limits.cpu": "4", "requests.nvidia.com/gpu": "1"}}, "tenantspawner")
    assert place.told(pod({"cpu": "5", "nvidia.com/gpu": "2"})) == (
        "The quota here does not leave enough (cpu: 0 of 4 in use, this server asks for 5; nvidia.com/gpu: 0 of 1 in use, this "
        "server asks for 2). Choose a smaller server, or stop another one first."
    )
    assert place.told(pod()) == (
        f"The quota here counts limits.cpu for: notebook, and this server does not say how much it needs. {ASK}"
    )


def test_a_quota_of_others_by_its_name(places):
    place = places()
    place.put("resourcequotas", {"hard": {"pods": "0"}})
    assert place.told(pod()) == (
        "Another quota here (theirs), which is not this hub's, does not leave enough (pods: 0 of 0 in use, this server asks for 1). "
        "Choose a smaller server, stop what you do not need there, or ask help@example.edu."
    )


# -- limit ranges --------------------------------------------------------------------------------------------------

LIMITED = [
    ({"max": {"cpu": "2"}}, pod({"cpu": "4"})),
    ({"max": {"cpu": "2", "memory": "1Gi"}}, pod({"cpu": "4", "memory": "2Gi"})),
    ({"min": {"memory": "1Gi"}}, pod({"memory": "500Mi"})),
    ({"min": {"cpu": "100m"}, "max": {"cpu": "2"}}, pod({"cpu": "3"}, {"cpu": "50m"})),
    ({"maxLimitRequestRatio": {"cpu": "2"}}, pod({"cpu": "3"}, {"cpu": "1"})),
    ({"maxLimitRequestRatio": {"cpu": "2"}}, pod({}, {"cpu": "1"})),
    ({"maxLimitRequestRatio": {"memory": "2"}}, pod()),
    ({"type": "Pod", "max": {"cpu": "2"}}, pod({"cpu": "3"})),
    ({"type": "Pod", "max": {"cpu": "2"}}, pod()),
    ({"type": "Pod", "min": {"memory": "1Gi"}}, pod()),
    ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}, pod({"cpu": "5"}, {"cpu": "1"})),
    ({"max": {"nvidia.com/gpu": "1"}}, pod({"nvidia.com/gpu": "2"})),
]
PASSING = [
    ({"max": {"cpu": "2"}}, pod({"cpu": "2"})),
    ({"max": {"cpu": "2"}}, pod()),
    ({"min": {"memory": "1Gi"}}, pod()),
    ({"maxLimitRequestRatio": {"cpu": "2"}}, pod({"cpu": "2"}, {"cpu": "1"})),
    ({"type": "Pod", "max": {"cpu": "2"}}, pod({"cpu": "2000m"})),
    ({"default": {"cpu": "1"}}, pod({"cpu": "3"}, {"cpu": "2"})),
]


def sentence_of(rules):
    return f"The limits here do not allow this server: {'; '.join(rules)}. Choose a smaller one. {ASK}"


def ranged(item):
    return {"limits": [{"type": "Container", **item}]}


@pytest.fixture(scope="module")
def limited(places):
    """One namespace whose limit range is another for each case, and how it is stored."""
    place = places()
    path = place.put("limitranges", ranged({}))

    def change(item):
        reply = place.plane.request("PUT", path, {"metadata": {"name": "theirs"}, "spec": ranged(item)})
        assert reply.status == 200, reply
        return place, reply.body

    return change


@pytest.mark.parametrize(("item", "asked"), LIMITED)
def test_a_limit_range_by_its_rules_which_are_those_found_beforehand(limited, item, asked):
    place, stored = limited(item)
    beforehand = [rule for _, rule in breaches(asked["spec"], [stored])]
    wanted, deadline = sentence_of(sorted(beforehand)), time.monotonic() + 60
    while (
        sorted_rules(told := place.told(asked)) != wanted
    ):  # admission may still see the limit range of the case before
        assert time.monotonic() < deadline, f"{told}\n{wanted}"
        time.sleep(0.1)


def sorted_rules(told):
    """The same sentence with its rules in order, and a ratio as short as ours."""
    rules = told.partition(": ")[2].rpartition(". Choose")[0].split("; ")
    return sentence_of(sorted(re.sub(r"(ratio is \d+)\.0+$", r"\1", rule) for rule in rules))


@pytest.mark.parametrize(("item", "asked"), PASSING)
def test_what_a_limit_range_lets_pass_is_not_found_beforehand_either(limited, item, asked):
    place, stored = limited(item)
    assert breaches(asked["spec"], [stored]) == ()
    deadline = time.monotonic() + 60
    while (status := place.asked(asked)).code >= 300:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)


def test_a_default_below_what_is_requested_is_found_beforehand(limited):
    """The API server calls it invalid, and not by the limit range's name."""
    asked = pod({}, {"cpu": "3"})
    place, stored = limited({"default": {"cpu": "1"}})
    assert breaches(asked["spec"], [stored]) == (("theirs", "default cpu limit per Container is 1, but request is 3"),)
    told = place.told(asked)
    assert told.startswith("The cluster does not understand this server: spec.containers[0].resources.requests: ")
    assert told.endswith(f"must be less than or equal to cpu limit of 1. {ASK}")


# -- Pod Security and policies -------------------------------------------------------------------------------------


def test_pod_security_by_its_level_and_checks(places):
    naked = pod()
    naked["spec"].pop("securityContext")
    assert places("restricted").told(naked) == (
        'The Pod Security level here (restricted) does not allow this server: runAsNonRoot != true (pod or container "notebook" must set '
        'securityContext.runAsNonRoot=true), seccompProfile (pod or container "notebook" must set securityContext.seccompProfile.type to '
        f'"RuntimeDefault" or "Localhost"). {ASK}'
    )


def a_policy(place, name, **validation):
    """A policy for pods of that namespace alone; what it denies is in the validation."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": place.name}}
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": selector, "resourceRules": rules},
        "validations": [validation],
    }
    bound = {"policyName": name, "validationActions": ["Deny"]}
    for kind, body in (("validatingadmissionpolicies", spec), ("validatingadmissionpolicybindings", bound)):
        made = place.plane.request("POST", f"{ADMISSION}/{kind}", {"metadata": {"name": name}, "spec": body})
        assert made.status == 201, made


POLICIES = {
    "forbidden": ({"expression": "false", "message": "at most 2 GPUs here", "reason": "Forbidden"}, 403, "at most 2 GPUs here"),
    "invalid": ({"expression": "false", "message": "at most 2 GPUs here"}, 422, "at most 2 GPUs here"),
    "computed": ({"expression": "false", "messageExpression": "'no ' + object.metadata.name + ' today'", "reason": "Forbidden"}, 403, "no p today"),
    "silent": ({"expression": "object.metadata.name == 'q'", "reason": "Forbidden"}, 403, "failed expression: object.metadata.name == 'q'"),
    "broken": ({"expression": "object.spec.nodeName == 'x'"}, 422, "expression 'object.spec.nodeName == 'x'' resulted in error: no such key: nodeName"),
}  # fmt: skip


@pytest.mark.parametrize("case", POLICIES)
def test_a_policy_by_its_message(places, case):
    validation, code, words = POLICIES[case]
    place = places()
    a_policy(place, f"words-{case}", **validation)
    status = place.refused(pod())
    assert (status.code, meaning(status)) == (code, Meaning.DENIED if code == 403 else Meaning.INVALID)
    assert (
        why_denied(status, "help@example.edu") == f"A policy of the cluster does not allow this server: {words}. {ASK}"
    )


# -- admission webhooks --------------------------------------------------------------------------------------------


@contextmanager
def a_webhook(plane, place, name, answer):
    """A webhook on the loopback interface that answers every pod of that namespace alike; None: it hangs up."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                return
            response = {"uid": review["request"]["uid"], "allowed": False, **({"status": answer} if answer else {})}
            body = json.dumps(
                {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nobody reads it."""

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = {
            "url": f"https://127.0.0.1:{server.server_port}/",
            "caBundle": base64.b64encode(authority.cert_pem.bytes()).decode(),
        }
        hook = {
            "name": name,
            "clientConfig": where,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 5,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.name}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        }
        configuration = {"metadata": {"name": name}, "webhooks": [hook]}
        made = plane.request("POST", f"{ADMISSION}/validatingwebhookconfigurations", configuration)
        assert made.status == 201, made
        try:
            yield SimpleNamespace(name=name)
        finally:
            plane.request("DELETE", f"{ADMISSION}/validatingwebhookconfigurations/{name}")
            server.shutdown()


WEBHOOKS = {
    "a message": ({"message": "no GPUs\non Tuesdays"}, 400, "A policy of the cluster does not allow this server: no GPUs on Tuesdays."),
    "a code of its own": ({"message": "too big", "code": 403}, 403, "A policy of the cluster does not allow this server: too big."),
    "the code of a conflict": ({"message": "one each", "code": 409}, 409, "A policy of the cluster does not allow this server: one each."),
    "a reason alone": ({"reason": "Forbidden"}, 400, "A policy of the cluster does not allow this server: Forbidden."),
    "nothing": ({}, 400, "A policy of the cluster (words.example.org) does not allow this server, and does not say why."),
}  # fmt: skip


@pytest.mark.parametrize("case", WEBHOOKS)
def test_an_admission_webhook_by_its_message(plane, places, case):
    answer, code, words = WEBHOOKS[case]
    place = places()
    with a_webhook(plane, place, "words.example.org", answer):
        status = place.refused(pod())
    assert status.code == code
    assert meaning(status) is Meaning.DENIED
    assert why_denied(status, "help@example.edu") == f"{words} {ASK}"


def test_a_webhook_that_does_not_answer_is_the_clusters_trouble(plane, places):
    place = places()
    with a_webhook(plane, place, "mute.example.org", None):
        status = place.refused(pod())
    assert meaning(status) is Meaning.SERVER
    assert "mute.example.org" in status.message


# -- what passes by itself, should it last -------------------------------------------------------------------------


def test_an_account_that_is_not_there(places):
    body = pod()
    body["spec"]["serviceAccountName"] = "absent"
    place = places()
    assert meaning(place.refused(body)) is Meaning.NO_SERVICE_ACCOUNT
    assert place.told(body) == f"The account of this server is not there yet. Try again in a minute. {ASK}"


def test_a_namespace_that_is_being_deleted(plane, places):
    place = places()
    held = {"metadata": {"name": "held", "finalizers": ["example.org/held"]}}
    assert plane.request("POST", f"{place.path}/configmaps", held).status == 201
    plane.request("DELETE", place.path)
    try:
        assert place.told(pod()) == f"The namespace of this server is being deleted. Try again in a minute. {ASK}"
    finally:
        freed = {"metadata": {"finalizers": None}}
        plane.request("PATCH", f"{place.path}/configmaps/held", freed, content="application/merge-patch+json")
