"""What holds for every drawn server: names, digest, Pod Security, devices, texts of people, and the check at the end."""

import copy
import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.errors import Misconfigured, OverOwnQuota, Refused
from tenantspawner.kube.names import is_reserved
from tenantspawner.localcluster.admission.podsecurity import Level, violations
from tenantspawner.plan import PodSettings, ServerContext, draw_plain, owned, subject_of
from tenantspawner.plan.draw import digest_of
from tests.plan.documents import AROUND, HUB_CONFIG, HUB_LIST, OBJECTS, SPAWNS, WHOLE
from tests.plan.drawing import TEN_LINES, chosen, drawn, notebook, of_kind, parsed, profile, pull_secret, tenant

VOID = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}
NAMES = st.text(min_size=1, max_size=80)
LABEL = set(string.ascii_lowercase + string.digits + "-")


def of(case):
    said = {"name": "ada", "groups": [], "asked": {}, **SPAWNS[case]}
    document, name, groups, asked = (said.pop(key) for key in ("document", "name", "groups", "asked"))
    return drawn(document, name, *groups, **said, **asked)


def containers(plan):
    spec = plan.pod["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


# -- names


@given(NAMES, NAMES)
def test_two_people_never_share_a_namespace(one, other):
    mine, theirs = drawn(name=one).namespace, drawn(name=other).namespace
    assert (mine == theirs) == (one == other)
    for name in (mine, theirs):
        assert len(name) <= 63
        assert set(name) <= LABEL
        assert name[-1] != "-"
        assert name.startswith("hub1-everybody")
        assert not is_reserved(name)


@pytest.mark.parametrize(
    "name", ["kube-system", "default", "a--b", "..x", "{userid}", "x" * 255, "a\nb", "🙂", "é", "e\u0301"]
)
def test_hostile_names_of_people_are_data(name):
    plan = drawn(name=name)
    assert plan.pod["metadata"]["annotations"]["tenantspawner.io/owner"] == name
    assert plan.provisions.space["metadata"]["annotations"]["tenantspawner.io/owner"] == name
    assert all(len(value) <= 63 for value in plan.pod["metadata"]["labels"].values())


def test_a_namespace_may_be_named_by_the_document_and_is_the_hubs_own_where_it_says_so():
    named = tenant(namespace={"name": "{prefix}x-{username}-{tenant}"})
    assert drawn(named).namespace == "hub1-x-ada-everybody---" + drawn(named).namespace[-16:]
    assert drawn(tenant(namespace={"per": "tenant"})).namespace == "hub1-everybody"
    assert drawn(tenant(namespace={"per": "hub"})).namespace == "hub1"
    assert drawn(tenant(namespace={"per": "hub"})).provisions is None


# -- the digest


def digest(document, *groups, **more):
    return drawn(document, "ada", *groups, **more).provisions.digest


def shuffled(value):
    if isinstance(value, dict):
        items = list(value.items())
        random.Random(1).shuffle(items)
        return {key: shuffled(item) for key, item in items}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def test_the_digest_does_not_depend_on_the_order_of_keys_or_objects():
    before = digest(WHOLE, "physics", around=AROUND)
    assert digest(shuffled(WHOLE), "physics", around=AROUND) == before
    assert digest(WHOLE, "physics", around=AROUND, devices=4, servername="other") == before
    objects = drawn(WHOLE, "ada", "physics").provisions.objects()
    assert digest_of(objects) == digest_of(objects[::-1])


CHANGES = {
    "quota": {"quota": {"user": {"cpu": 9}}},
    "limits": {"limits": {"max": {"cpu": 1}}},
    "network": {"network": "open"},
    "extra rule": {"network": {"extraEgress": [{"ports": [{"port": 1}]}]}},
    "account": {"serviceAccount": {"annotations": {"a": "b"}}},
    "token": {"serviceAccount": {"automountToken": True}},
    "roles": {"roles": ["tenantspawner-notebook", "view"]},
    "secrets": {"pullSecrets": []},
    "labels": {"namespace": {"labels": {"cost-centre": "1"}}},
    "annotations": {"namespace": {"annotations": {"a": "b"}}},
    "level": {"namespace": {"podSecurity": "baseline"}},
    "objects": {"objects": OBJECTS},
    "self-service": {"selfService": True},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_changes_with_each_part_that_is_provisioned(change):
    document = {**parsed(WHOLE), "profiles": {**parsed(WHOLE)["profiles"], "gpu": {"gpu": 1}, "small": {}}}
    before = digest(document, "physics", around=AROUND)
    assert digest(tenant(document, **CHANGES[change]), "physics", around=AROUND) != before


def test_the_digest_changes_with_the_hub_and_its_secrets():
    before = digest(WHOLE, "physics", around=AROUND)
    rotated = {**pull_secret("registry-example-edu"), "data": {".dockerconfigjson": "bmV3"}}
    changes = [
        {"pull_secrets": {"registry-example-edu": rotated}},
        {"peers": ({"component": "x"},)},
        {"hub_binding": None},
    ]
    assert before not in {digest(WHOLE, "physics", around={**AROUND, **change}) for change in changes}


# -- Pod Security


@pytest.mark.parametrize("case", sorted(set(SPAWNS) - {"baseline"}))
def test_pods_meet_restricted_pod_security(case):
    assert violations(of(case).pod, Level.restricted, 36) == []


LOOSE = {
    "uid": 0,
    "privileged": True,
    "allow_privilege_escalation": True,
    "container_security_context": {
        "runAsNonRoot": False,
        "procMount": "Unmasked",
        "seccompProfile": {"type": "Unconfined"},
        "capabilities": {"add": ["SYS_ADMIN", "NET_BIND_SERVICE"]},
        "readOnlyRootFilesystem": True,
    },
    "pod_security_context": {
        "runAsUser": 0,
        "seccompProfile": {"type": "Unconfined"},
        "fsGroupChangePolicy": "OnRootMismatch",
    },
}


def test_loose_hub_configuration_is_kept_only_where_restricted_allows_it():
    plan = drawn(config=LOOSE)
    assert violations(plan.pod, Level.restricted, 36) == []
    own = notebook(plan)["securityContext"]
    assert own["readOnlyRootFilesystem"]
    assert own["capabilities"] == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    of_pod = plan.pod["spec"]["securityContext"]
    assert (of_pod["runAsUser"], of_pod["fsGroupChangePolicy"]) == (1000, "OnRootMismatch")


def test_strict_hub_configuration_is_kept():
    own = {"runAsUser": 5, "runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "x"}}
    plan = drawn(config={"container_security_context": own, "fs_gid": 7, "pod_security_context": own, "gid": 8})
    assert notebook(plan)["securityContext"] == {
        **own, "runAsGroup": 8, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert plan.pod["spec"]["securityContext"] == {**own, "fsGroup": 7}


def test_a_privileged_container_of_the_hub_is_left_for_the_api_server_to_name():
    block = {"name": "block", "image": "iptables", "securityContext": {"privileged": True, "runAsUser": 0}}
    words = [str(found) for found in violations(drawn(config={"init_containers": [block]}).pod, Level.restricted, 36)]
    assert any("privileged" in word for word in words)
    assert any("runAsUser=0" in word for word in words)


def test_under_baseline_nothing_is_added():
    pod = of("baseline").pod
    assert violations(pod, Level.baseline, 36) == []
    assert "securityContext" not in pod["spec"]


# -- devices


SIDE = [{"name": "side", "image": "s", "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}, {"name": "A"}]}]


@pytest.mark.parametrize("case", SPAWNS)
def test_who_asks_for_no_device_can_see_none(case):
    for container in containers(of(case)):
        limits = container.get("resources", {}).get("limits", {})
        if not any(name.startswith("nvidia.com/") for name in limits):
            assert container["env"][-1] == VOID


def test_side_containers_get_no_device_by_the_back_door():
    plan = drawn(
        WHOLE, "ada", "physics", config={"extra_containers": SIDE, "init_containers": [{"name": "i", "image": "i"}]}
    )
    init, book, side = containers(plan)
    assert init["env"] == [VOID]
    assert VOID not in book["env"]
    assert side["env"] == [{"name": "A"}, VOID]


@pytest.mark.parametrize(
    ("extra", "void"),
    [
        ({"nvidia.com/gpu": 0}, True),
        ({"nvidia.com/gpu": "0"}, True),
        ({"smarter-devices/fuse": "1"}, True),
        ({"hugepages-2Mi": "2Mi"}, True),
        ({"nvidia.com/gpu": 1}, False),
        ({"nvidia.com/mig-1g.10gb": "1"}, False),
        ({"example.org/vgpu": 2}, False),
    ],
)
def test_only_a_gpu_opens_the_door(extra, void):
    document = {**parsed(TEN_LINES), "gpu": "example.org/vgpu"}
    document = tenant(document, quota={"user": {"gpu": 2, "requests.nvidia.com/mig-1g.10gb": 1}})
    plan = drawn(document, config={"extra_resource_limits": extra})
    assert (notebook(plan)["env"][-1] == VOID) is void


# -- texts


PEOPLE = ["$(JUPYTERHUB_API_TOKEN)", "a$b", "$$(X)", "{username}", "{x.__class__}"]


@pytest.mark.parametrize("name", PEOPLE)
def test_nothing_in_a_persons_name_is_expanded(name):
    plan = drawn(name=name, env={"JUPYTERHUB_USER": name})
    env = {item["name"]: item.get("value") for item in notebook(plan)["env"]}
    assert env["JUPYTERHUB_USER"] == name.replace("$", "$$")
    assert plan.pod["metadata"]["annotations"]["hub.jupyter.org/username"] == name


TYPED = ['{"a":1}', "{x.__class__}", "{userid:>300000000}", "$(JUPYTERHUB_API_TOKEN)", "{value}", "{username}"]


@pytest.mark.parametrize("text", TYPED)
def test_what_a_person_types_is_literal_in_the_pod(text):
    option = {
        "note": {
            "display_name": "Note",
            "unlisted_choice": {"enabled": True, "kubespawner_override": {"node_selector": {"note": "{value}"}, "extra_labels": {"n": "{value}"}}},
        }
    }  # fmt: skip
    plan = drawn(profile(options=option), **{"note--unlisted-choice": text})
    assert plan.pod["spec"]["nodeSelector"] == {"note": text}
    assert plan.pod["metadata"]["labels"]["n"] == text


def test_a_documents_braces_are_literal():
    spec = of("shared-volumes").pod["spec"]
    assert spec["containers"][0]["volumeMounts"][0]["mountPath"] == "/data/{username}"
    homes = tenant(storage={"capacity": "1Gi", "mountPath": "/home/{x}"})
    assert notebook(drawn(homes))["volumeMounts"] == [{"name": "tenantspawner-home", "mountPath": "/home/{x}"}]
    about = of_kind(of("objects"), "ConfigMap")[0]
    assert about["data"] == {"who": "ada of everybody in hub1-everybody--ada", "code": "{x.__class__} {{}}"}


def test_objects_of_a_shared_namespace_are_the_same_for_everybody():
    shared = tenant(objects=OBJECTS, namespace={"per": "tenant"})
    one, other = (drawn(shared, name).provisions for name in ("ada", "bob"))
    assert one.objects() == other.objects()


# -- what is ours


def test_what_makes_an_object_ours_cannot_be_overwritten():
    theirs = {
        "tenantspawner.io/hub": "other",
        "tenantspawner.io/self-service": "true",
        "tenantspawner.io/new": "x",
        "pod-security.kubernetes.io/enforce": "privileged",
        "pod-security.kubernetes.io/enforce-version": "v1.0",
        "mine": "yes",
    }
    notes = {"tenantspawner.io/owner": "bob", "tenantspawner.io/plan-digest": "x", "mine": "yes"}
    about = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": theirs, "annotations": notes}}
    document = tenant(
        namespace={"labels": theirs, "annotations": notes}, serviceAccount={"annotations": notes}, objects=[about]
    )
    config = {"extra_labels": theirs, "extra_annotations": notes, "common_labels": theirs, "storage_pvc_ensure": True}
    plan = drawn(document, config={**config, "storage_capacity": "1Gi"})
    for obj in plan.objects():
        metadata = obj["metadata"]
        assert metadata["labels"]["tenantspawner.io/hub"] == "hub1"
        assert metadata["annotations"]["tenantspawner.io/owner"] == "ada"
        assert not {"tenantspawner.io/new", "tenantspawner.io/self-service"} & set(metadata["labels"])
        assert "tenantspawner.io/plan-digest" not in metadata["annotations"]
    space = plan.provisions.space["metadata"]["labels"]
    assert space["pod-security.kubernetes.io/enforce"] == "restricted"
    assert "pod-security.kubernetes.io/enforce-version" not in space
    assert space["mine"] == "yes"


# -- secrets


def test_variables_that_are_secret_by_their_name_are_taken_from_the_secret():
    env = {
        "DB_PASSWORD": {"value": "canary"},
        "K": {"name": "MY_TOKEN", "value": "canary"},
        "OF_TOKEN": {"valueFrom": {"fieldRef": {"fieldPath": "x"}}},
    }
    plan = drawn(env=env)
    assert "canary" not in json.dumps([obj for obj in plan.objects() if obj["kind"] != "Secret"])
    assert {"DB_PASSWORD", "MY_TOKEN"} < set(plan.token["data"])
    assert "OF_TOKEN" not in plan.token["data"]


def test_a_secret_name_that_no_secret_can_hold_is_named():
    with pytest.raises(Misconfigured, match=r"environment: 'MY TOKEN' is secret"):
        drawn(env={"MY TOKEN": "canary"})


def test_a_hub_that_keeps_nothing_secret_needs_no_secret():
    assert drawn(around={"secret_env": ()}).token is None


def test_an_object_is_given_to_its_pod():
    given_ = owned({"metadata": {"name": "x"}}, "p", "uid-1")
    assert given_["metadata"]["ownerReferences"] == [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "uid-1"}]


# -- the check of the result


HOST = {"name": "host", "hostPath": {"path": "/"}}
FOREIGN = {"name": "chown", "image": "registry.corp/root:1"}
FROM_SECRET = {"valueFrom": {"secretKeyRef": {"name": "db", "key": "k"}}}


def test_what_hub_configuration_adds_is_its_own_affair():
    plan = drawn(
        config={
            "init_containers": [FOREIGN],
            "extra_containers": [SIDE[0]],
            "volumes": [HOST],
            "environment": {"DB": FROM_SECRET},
        }
    )
    assert [item["name"] for item in containers(plan)] == ["chown", "notebook", "side"]
    config = {"extra_container_config": {"envFrom": [{"secretRef": {"name": "db"}}, {"configMapRef": {"name": "c"}}]}}
    assert notebook(drawn(config=config))["envFrom"][0]["secretRef"]["name"] == "db"


BY_PROFILE = {
    "a container": ({"init_containers": [FOREIGN]}, {}, "registry.corp/root:1 is not among"),
    "a container in place of the hub's": (
        {"init_containers": [{**FOREIGN, "command": ["x"]}]}, {"init_containers": [FOREIGN]}, "registry.corp/root:1 is not among",
    ),
    "a volume": ({"volumes": [HOST]}, {}, "hostPath"),
    "a volume in place of the hub's": ({"volumes": [HOST]}, {"volumes": [{"name": "host", "emptyDir": {}}]}, "hostPath"),
    "another's claim": ({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "claim-bob"}}]}, {}, "persistentVolumeClaim"),
    "a secret": ({"environment": {"X": FROM_SECRET}}, {}, "reads a Secret"),
    "the host's network": ({"extra_pod_config": {"hostNetwork": True}}, {}, "namespace of the host"),
    "an account": ({"service_account": "admin"}, {}, "another service account"),
    "devices": ({"extra_container_config": {"resources": {"limits": {"nvidia.com/gpu": "1"}}}}, {}, "1 GPU"),
}  # fmt: skip


@pytest.mark.parametrize("what", BY_PROFILE)
def test_what_a_profile_adds_is_checked(what):
    override, config, words = BY_PROFILE[what]
    with pytest.raises((Refused, OverOwnQuota)) as refused:
        drawn(profile(override=override), config=config)
    assert words in refused.value.sentence


def test_an_amount_that_is_none_is_refused_in_words():
    with pytest.raises(Refused, match="an amount that"):
        drawn(profile(override={"extra_resource_limits": {"nvidia.com/gpu": "some"}}))


# -- shapes


@pytest.mark.parametrize(
    ("said", "config", "requests", "limits"),
    [
        ({"cpu": {"request": 2}}, {}, {"cpu": "2"}, {}),
        ({"cpu": {"request": 2}}, {"cpu_limit": 1}, {"cpu": "2"}, {"cpu": "2"}),
        ({"cpu": {"limit": 1}}, {"cpu_guarantee": 2}, {"cpu": "1"}, {"cpu": "1"}),
        ({"memory": {"request": "1Gi", "limit": "4Gi"}}, {}, {"memory": "1Gi"}, {"memory": "4Gi"}),
        ({"cpu": "250m"}, {}, {"cpu": "250m"}, {"cpu": "250m"}),
        ({}, {"cpu_limit": 0.3, "mem_guarantee": "2G"}, {"memory": "2Gi"}, {"cpu": "300m"}),
    ],
)
def test_amounts_are_the_profiles_then_the_hubs(said, config, requests, limits):
    document = parsed(TEN_LINES)
    plan = drawn({**document, "profiles": {"small": said}}, config=config)
    assert notebook(plan)["resources"] == {"requests": requests, "limits": limits}


def test_a_request_above_the_namespaces_default_limit_has_room():
    document = tenant(limits={"default": {"cpu": 1, "memory": "1Gi"}})
    document["profiles"] = {"small": {"cpu": {"request": 4}, "memory": {"request": "512Mi"}}}
    assert notebook(drawn(document))["resources"]["limits"] == {"cpu": "4"}


def test_the_tenants_home_takes_the_place_of_the_hubs():
    homes = tenant(storage={"capacity": "1Gi"})
    plan = drawn(homes, config={**HUB_CONFIG, "volume_mounts": [{"name": "home", "mountPath": "/home/jovyan/"}]})
    assert [item["name"] for item in plan.pod["spec"]["volumes"]] == ["tenantspawner-home"]
    used = {"init_containers": [{**FOREIGN, "volumeMounts": [{"name": "home", "mountPath": "/h"}]}]}
    plan = drawn(homes, config={**HUB_CONFIG, **used})
    assert [item["name"] for item in plan.pod["spec"]["volumes"]] == ["home", "tenantspawner-home"]
    assert plan.claim["spec"]["resources"]["requests"]["storage"] == "1Gi"


def test_in_the_hubs_namespace_servers_run_as_the_hub_says():
    hub = tenant(namespace={"per": "hub"})
    spec = drawn(hub).pod["spec"]
    assert ("serviceAccountName" not in spec, spec["automountServiceAccountToken"]) == (True, False)
    spec = drawn(hub, config={"service_account": "singleuser"}).pod["spec"]
    assert (spec["serviceAccountName"], "automountServiceAccountToken" in spec) == ("singleuser", False)
    spec = drawn(tenant(namespace={"per": "hub"}, serviceAccount={"name": "physics"})).pod["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("physics", False)


def test_nothing_is_made_or_named_twice():
    document = tenant(roles=["view", "view"], pullSecrets=["a", "a", "b"])
    plan = drawn(
        document,
        around={"pull_secrets": {"a": pull_secret("a"), "b": pull_secret("b")}},
        config={"image_pull_secrets": ["b"]},
    )
    assert [obj["metadata"]["name"] for obj in plan.provisions.furnishings] == ["notebook", "notebook-view", "a", "b"]
    assert plan.pod["spec"]["imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]


def test_drawing_changes_nothing_that_was_handed_in():
    config, document = copy.deepcopy(HUB_CONFIG), copy.deepcopy(WHOLE)
    drawn(document, "ada", "physics", config=config, around=AROUND)
    assert (config, document) == (HUB_CONFIG, WHOLE)


def test_a_hubs_profile_is_chosen_like_any_other():
    choice = chosen(tenant(profiles=["hub:demo"]), hub=HUB_LIST)
    assert choice.override["cpu_limit"] == 2
    assert notebook(of("hub-profile"))["resources"]["limits"] == {"cpu": "2", "nvidia.com/gpu": "1"}


# -- without a tenancy


def test_without_a_tenancy_the_pod_is_kubespawners_with_a_note():
    server = ServerContext(pod_name="p", namespace="n", username="ada", pvc_name="c", with_service=True)
    plan = draw_plain(PodSettings(storage_pvc_ensure=True, storage_capacity="1Gi"), server, "spawn-1")
    assert plan.provisions is None
    assert plan.pod["metadata"]["annotations"]["tenantspawner.io/spawn"] == "spawn-1"
    assert "tenantspawner.io/hub" not in plan.pod["metadata"]["labels"]
    assert [obj["kind"] for obj in plan.objects()] == ["PersistentVolumeClaim", "Pod", "Service"]
    assert {obj["metadata"]["namespace"] for obj in plan.objects()} == {"n"}
    assert plan.pod_name == "p"
    assert draw_plain(PodSettings(), ServerContext(pod_name="p", namespace="n", username="a"), "x").claim is None


@pytest.mark.parametrize(
    ("username", "subject"),
    [
        ("system:serviceaccount:hub1:hub", {"kind": "ServiceAccount", "name": "hub", "namespace": "hub1"}),
        ("hub@example.edu", {"kind": "User", "name": "hub@example.edu", "apiGroup": "rbac.authorization.k8s.io"}),
    ],
)
def test_the_hub_is_bound_as_whoever_it_is(username, subject):
    assert subject_of(username) == subject


def test_fields_are_filled_at_every_depth_of_an_object_and_nothing_else_is():
    rule = {
        "apiGroups": [""],
        "resources": ["pods"],
        "verbs": ["get"],
        "resourceNames": ["{tenant}-{username}", "{other}", "}{"],
    }
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r", "generation": 1},
        "rules": [rule],
    }
    made = of_kind(drawn(tenant(objects=[role])), "Role")[0]
    assert made["rules"][0]["resourceNames"] == ["everybody-ada", "{other}", "}{"]
    assert made["metadata"]["generation"] == 1


def test_settings_in_every_form_reach_the_pod():
    plan = drawn(config={"gid": 7, "image_pull_secrets": [{"name": "x"}], "notebook_dir": "/x"})
    assert notebook(plan)["securityContext"]["runAsGroup"] == 7
    assert plan.pod["spec"]["imagePullSecrets"] == [{"name": "x"}]
