"""Refusals of the API server, in its own words from Kubernetes 1.36, as sentences for the person they stop."""

import pytest

from tenantspawner.cluster import Meaning, meaning
from tenantspawner.errors import ApiStatus
from tenantspawner.observe import limits_broken, why_denied

ASK = "Ask the administrator of this hub."
SECURITY = (
    'allowPrivilegeEscalation != false (container "notebook" must set securityContext.allowPrivilegeEscalation=false), '
    'runAsNonRoot != true (pod or container "notebook" must set securityContext.runAsNonRoot=true)'
)

CASES = [
    (
        403, "failed quota: q: must specify limits.cpu for: notebook; limits.memory for: notebook",
        f"The quota here counts limits.cpu for: notebook; limits.memory for: notebook, and this server does not say how much it needs. {ASK}",
    ),
    (
        403, "exceeded quota: tenantspawner, requested: limits.cpu=5,requests.nvidia.com/gpu=2, used: limits.cpu=0,requests.nvidia.com/gpu=1, limited: limits.cpu=4,requests.nvidia.com/gpu=2",
        "The quota here does not leave enough (cpu: 0 of 4 in use, this server asks for 5; nvidia.com/gpu: 1 of 2 in use, this server asks for 2). Choose a smaller server, or stop another one first.",
    ),
    (
        403, "exceeded quota: tenantspawner, requested: limits.memory=2Gi,requests.memory=1Gi, used: limits.memory=3Gi,requests.memory=1Gi, limited: limits.memory=4Gi,requests.memory=1Gi",
        "The quota here does not leave enough (memory: 3Gi of 4Gi in use, this server asks for 2Gi; requested memory: 1Gi of 1Gi in use, this server asks for 1Gi). Choose a smaller server, or stop another one first.",
    ),
    (
        403, "exceeded quota: theirs, requested: limits.cpu=5, used: limits.cpu=1, limited: limits.cpu=4",
        "Another quota here (theirs), which is not this hub's, does not leave enough (cpu: 1 of 4 in use, this server asks for 5). Choose a smaller server, stop what you do not need there, or ask the administrator of this hub.",
    ),
    (
        403, "maximum cpu usage per Container is 2.  No limit is specified",
        f"The limits here do not allow this server: maximum cpu usage per Container is 2, but no limit is specified. Choose a smaller one. {ASK}",
    ),
    (
        403, "[minimum memory usage per Pod is 1Gi.  No request is specified, maximum cpu usage per Pod is 2, but limit is 4]",
        f"The limits here do not allow this server: minimum memory usage per Pod is 1Gi, but no request is specified; maximum cpu usage per Pod is 2, but limit is 4. Choose a smaller one. {ASK}",
    ),
    (403, "status unknown for quota: q, resources: pods", f"The cluster has not counted this namespace's quota yet. Try again in a minute. {ASK}"),
    (
        403, "maximum cpu usage per Container is 2, but limit is 4",
        f"The limits here do not allow this server: maximum cpu usage per Container is 2, but limit is 4. Choose a smaller one. {ASK}",
    ),
    (
        403, "[maximum cpu usage per Container is 2, but limit is 4, maximum memory usage per Container is 1Gi, but limit is 2Gi]",
        f"The limits here do not allow this server: maximum cpu usage per Container is 2, but limit is 4; maximum memory usage per Container is 1Gi, but limit is 2Gi. Choose a smaller one. {ASK}",
    ),
    (
        403, "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
        f"The limits here do not allow this server: cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000. Choose a smaller one. {ASK}",
    ),
    (403, f'violates PodSecurity "restricted:latest": {SECURITY}', f"The Pod Security level here (restricted) does not allow this server: {SECURITY}. {ASK}"),
    (
        403, "ValidatingAdmissionPolicy 'tenantspawner-pods' with binding 'b' denied request: [tenantspawner:pod-gpu] at most 2 GPUs.",
        f"A policy of the cluster does not allow this server: [tenantspawner:pod-gpu] at most 2 GPUs. {ASK}",
    ),
    (403, 'error looking up service account ns/x: serviceaccount "x" not found', f"The account of this server is not there yet. Try again in a minute. {ASK}"),
    (403, "unable to create new content in namespace x because it is being terminated", f"The namespace of this server is being deleted. Try again in a minute. {ASK}"),
    (403, "something that nobody has seen before with a secret in it", f"The cluster refused this server. {ASK}"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "told"), CASES)
def test_a_refusal_is_said_with_its_numbers_and_the_next_step(code, words, told):
    assert why_denied(ApiStatus(code, "Forbidden", f'pods "p" is forbidden: {words}')) == told


WHOLE = [
    (
        422, 'Pod "p" is invalid: spec.containers[0].resources.requests: Invalid value: "3": must be less than or equal to cpu limit of 2',
        f'The cluster does not understand this server: spec.containers[0].resources.requests: Invalid value: "3": must be less than or equal to cpu limit of 2. {ASK}',
    ),
    (
        403, 'admission webhook "policy.example.org" denied the request: no\nGPUs today',
        f"A policy of the cluster does not allow this server: no GPUs today. {ASK}",
    ),
    (
        403, 'admission webhook "policy.example.org" denied the request without explanation',
        f"A policy of the cluster (policy.example.org) does not allow this server, and does not say why. {ASK}",
    ),
    (403, 'pods is forbidden: User "hub" cannot create resource "pods" in API group "" in the namespace "x"', f"The cluster refused this server. {ASK}"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "told"), WHOLE)
def test_other_refusals_are_told_as_far_as_they_are_understood(code, words, told):
    assert why_denied(ApiStatus(code, "Forbidden", words)) == told


def test_whom_to_ask_is_the_documents_contact():
    assert why_denied(ApiStatus(403), "help@example.edu") == "The cluster refused this server. Ask help@example.edu."


def test_a_quota_that_says_less_than_it_should_is_still_told():
    words = 'pods "p" is forbidden: exceeded quota: tenantspawner, requested: pods=1, used: x, limited: y'
    assert "pods: 0 of 0 in use, this server asks for 1" in why_denied(ApiStatus(403, message=words))


def test_who_uses_what_is_missing_stands_beside_the_number():
    status = ApiStatus(403, message=CASES[1][1])
    using = {"limits.cpu": [], "requests.nvidia.com/gpu": [("your server *big*", "1")]}
    assert "nvidia.com/gpu: 1 of 2 in use (your server *big* 1), this server asks for 2)" in why_denied(
        status, using=using
    )
    many = {"limits.cpu": [(f"pod p{number}", "1") for number in range(9)]}
    assert "in use (pod p0 1, pod p1 1, pod p2 1, pod p3 1, pod p4 1, and 4 more)" in why_denied(status, using=many)


def test_limits_found_beforehand_name_their_limit_range():
    rules = [
        ("theirs", "maximum cpu usage per Container is 2, but limit is 4"),
        ("", "maximum cpu usage per Pod is 2.  No limit is specified"),
    ]
    assert limits_broken(rules, "help@example.edu") == (
        "The limits here do not allow this server: maximum cpu usage per Container is 2, but limit is 4 (LimitRange theirs); "
        "maximum cpu usage per Pod is 2, but no limit is specified. Choose a smaller one. Ask help@example.edu."
    )


SECURED = next(words for _, words, _ in CASES if words.startswith("violates"))


@pytest.mark.parametrize(("words", "means"), [(CASES[1][1], Meaning.OVER_QUOTA), (SECURED, Meaning.DENIED)])
def test_what_is_told_and_what_is_done_agree(words, means):
    assert meaning(ApiStatus(403, message=words)) is means
