"""The hub's bounds: what they allow, what is not checked without them, and checks from a layer above."""

import pytest

from tenantspawner.policy import option_problems
from tenantspawner.tenancy import Envelope, Source, read
from tests.tenancy.bad import BASE, namespace, tenant


def reading(old: str, new: str, envelope: Envelope | None, **more):
    return read([Source("t.yaml", BASE.replace(old, new, 1))], envelope, **more)


ALLOWED = [
    (*tenant("roles: [admin]"), {"allowedClusterRoles": ["admin"]}),
    (*namespace("{podSecurity: privileged}"), {"maxPodSecurity": "privileged"}),
    (*namespace("{per: tenant, name: lab-physics}"), {"allowedNamespaces": ["lab-*"]}),
    (*namespace("{name: 'lab-{username}'}"), {"allowedNamespaces": ["other", "lab-*"]}),
    (*tenant("serviceAccount: {name: robot}"), {}),
    (*tenant("serviceAccount: {name: robot}"), {"allowedServiceAccounts": ["robot"]}),
    (*tenant("serviceAccount: {annotations: {a: b}}"), {}),
    ("    cpu: 1\n", "    override: {cmd: [sh]}\n", {"allowedOverrides": ["cmd"]}),
    ("    cpu: 1\n", "    options: {o: {choices: {a: {kubespawner_override: {cpu_limit: 2}}}}}\n", {}),
    (*tenant("objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]"), {"allowedObjectKinds": ["ConfigMap"]}),
    (*tenant("objects: [{apiVersion: a.b/v1, kind: Thing, metadata: {name: x}, spec: ~}]"), {"allowedObjectKinds": ["Thing.a.b"]}),
    ("[small, gpu]", "[small, 'hub:anything']", {}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "bounds"), ALLOWED)
def test_what_the_hub_lists_may_be_named(old, new, bounds):
    result = reading(old, new, Envelope(**bounds))
    assert result.tenancy is not None, result.problems


REFUSED = [
    (*namespace("{name: 'lab-{username}'}"), {"allowedNamespaces": ["lab-x"]}, "allowed_namespaces"),
    (*namespace("{name: 'lab-{username}'}"), {"allowedNamespaces": ["lab-?"]}, "allowed_namespaces"),
    (*tenant("serviceAccount: {name: robot}"), {"allowedServiceAccounts": ["notebook"]}, "allowed_service_accounts"),
    (*tenant("namespace: {per: hub}\n    serviceAccount: {name: hub}"), {}, "allowed_service_accounts"),
]


@pytest.mark.parametrize(("old", "new", "bounds", "trait"), REFUSED)
def test_what_it_does_not_list_is_refused_with_the_traits_name(old, new, bounds, trait):
    result = reading(old, new, Envelope(**bounds))
    assert [f"c.TenantSpawner.{trait}" in problem.message for problem in result.problems] == [True]


UNCHECKED = [
    (*tenant("roles: [admin]"), "allowed_cluster_roles"),
    (*namespace("{podSecurity: privileged}"), "max_pod_security"),
    (*namespace("{per: tenant, name: lab-physics}"), "namespace_prefix"),
    (*tenant("serviceAccount: {name: robot}"), "allowed_service_accounts"),
    ("    cpu: 1\n", "    override: {cmd: [sh]}\n", "allowed_overrides"),
    (*tenant("objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]"), "allowed_object_kinds"),
    ("[small, gpu]", "[small, 'hub:anything']", "profile_list"),
]


@pytest.mark.parametrize(("old", "new", "trait"), UNCHECKED)
def test_without_the_hubs_configuration_what_was_not_checked_is_named(old, new, trait):
    result = reading(old, new, None)
    assert result.tenancy is not None, result.problems
    assert [trait in what for what in result.unchecked] == [True]


def test_a_document_that_names_nothing_of_the_hubs_is_checked_whole():
    assert reading("", "", None).unchecked == ()


def test_a_check_from_above_finds_its_line():
    broken = "    options: {size.x: {choices: {a: {dsplay_name: x, kubespawner_override: {cpu_limit: 1}}}}}\n"
    result = reading("    cpu: 1\n", broken, Envelope(), further=option_problems)
    assert [(problem.line, problem.path.split(".")[1]) for problem in result.problems] == [(8, "small")]


def test_a_check_from_above_may_name_what_is_not_there():
    result = reading(
        "", "", Envelope(), further=lambda _: [("profiles.none.x", "is odd"), ("profiles.gpu.images[0]", "is odd too")]
    )
    assert [str(problem) for problem in result.problems] == [
        "t.yaml:7:3: profiles: is odd",
        "t.yaml:12:14: profiles.gpu.images[0]: is odd too",
    ]


def test_options_of_another_shape_are_the_options_own_problem():
    result = reading("    cpu: 1\n", "    options: {a: 5, b: {choices: 5, unlisted_choice: 5}}\n", Envelope())
    assert result.tenancy is not None
