"""Pod Security: every check of baseline and restricted, in the words of Kubernetes 1.36, and who is looked at."""

import pytest

from tenantspawner.kube.kinds import NAMESPACE
from tenantspawner.localcluster.admission.podsecurity import Level, asked, violations
from tests.localcluster.worlds import World, container, hardened, pod


def of(pod_, level=Level.restricted, minor=36):
    pod_.setdefault("metadata", {}).setdefault("annotations", {})
    return [str(violation) for violation in violations(pod_, level, minor)]


def baseline(*containers, **spec):
    return of(pod("p", *containers, **spec), Level.baseline)


def with_context(**context):
    return container(securityContext=context)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (baseline(hostNetwork=True, hostIPC=True), "host namespaces (hostNetwork=true, hostIPC=true)"),
        (
            baseline(volumes=[{"name": "a", "hostPath": {}}, {"name": "b", "hostPath": {}}]),
            'hostPath volumes (volumes "a", "b")',
        ),
        (
            baseline(container(ports=[{"hostPort": 90}, {"hostPort": 80}, {"containerPort": 1}])),
            'hostPort (container "notebook" uses hostPorts 80, 90)',
        ),
        (
            baseline(
                with_context(privileged=True), container("two"), container("x", securityContext={"privileged": True})
            ),
            'privileged (containers "notebook", "x" must not set securityContext.privileged=true)',
        ),
        (
            baseline(with_context(capabilities={"add": ["SYS_ADMIN", "CHOWN"]})),
            'non-default capabilities (container "notebook" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
        ),
        (
            baseline(container(livenessProbe={"httpGet": {"host": "h"}}, lifecycle={"preStop": {"tcpSocket": {"host": "a"}}})),
            'probe or lifecycle host (container "notebook" uses probe or lifecycle hosts "a", "h")',
        ),
        (
            baseline(with_context(procMount="Unmasked")),
            'procMount (container "notebook" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            baseline(with_context(seLinuxOptions={"type": "foo", "user": "u"}), securityContext={"seLinuxOptions": {"role": "r"}}),
            ('seLinuxOptions (pod and container "notebook" set forbidden securityContext.seLinuxOptions: '
            'type "foo"; user may not be set; role may not be set)'),
        ),
        (
            baseline(with_context(seccompProfile={"type": "Unconfined"}), securityContext={"seccompProfile": {"type": "Odd"}}),
            'seccompProfile (pod and container "notebook" must not set securityContext.seccompProfile.type to "Odd", "Unconfined")',
        ),
        (
            baseline(securityContext={"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            baseline(with_context(appArmorProfile={"type": "Unconfined"})),
            'forbidden AppArmor profile (container "notebook" must not set AppArmor profile type to "Unconfined")',
        ),
        (
            baseline(with_context(windowsOptions={"hostProcess": True})),
            'hostProcess (container "notebook" must not set securityContext.windowsOptions.hostProcess=true)',
        ),
    ],
)  # fmt: skip
def test_baseline_names_what_it_forbids(found, words):
    assert found == [words]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            of(hardened(with_context(allowPrivilegeEscalation=True))),
            'allowPrivilegeEscalation != false (container "notebook" must set securityContext.allowPrivilegeEscalation=false)',
        ),
        (
            of(hardened(with_context(capabilities={"add": ["SYS_PTRACE", "NET_BIND_SERVICE"]}))),
            ('unrestricted capabilities (container "notebook" must set securityContext.capabilities.drop=["ALL"]; '
            'container "notebook" must not include "SYS_PTRACE" in securityContext.capabilities.add)'),
        ),
        (
            of(hardened(volumes=[{"name": "n", "nfs": {}}, {"name": "h", "hostPath": {}}, {"name": "e", "emptyDir": {}}])),
            'restricted volume types (volumes "n", "h" use restricted volume types "hostPath", "nfs")',
        ),
        (
            of(hardened(volumes=[{"name": "n", "newKind": {}}])),
            'restricted volume types (volume "n" uses restricted volume type "unknown")',
        ),
        (
            of(hardened(securityContext={"seccompProfile": {"type": "RuntimeDefault"}})),
            'runAsNonRoot != true (pod or container "notebook" must set securityContext.runAsNonRoot=true)',
        ),
        (
            of(hardened(with_context(runAsNonRoot=False))),
            'runAsNonRoot != true (container "notebook" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            of(hardened(with_context(runAsUser=0))),
            'runAsUser=0 (container "notebook" must not set runAsUser=0)',
        ),
        (
            of(hardened(securityContext={"runAsNonRoot": True})),
            ('seccompProfile (pod or container "notebook" must set securityContext.seccompProfile.type to '
            '"RuntimeDefault" or "Localhost")'),
        ),
    ],
)  # fmt: skip
def test_restricted_names_what_it_forbids(found, words):
    assert found == [words]


def test_a_hardened_pod_meets_restricted():
    assert of(hardened(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "home"}}])) == []


def test_init_and_ephemeral_containers_are_looked_at_too():
    bad = {"name": "debug", "securityContext": {"privileged": True}}
    assert of(pod("p", initContainers=[{**bad, "name": "init"}], ephemeralContainers=[bad]), Level.baseline) == [
        'privileged (containers "init", "debug" must not set securityContext.privileged=true)'
    ]


def test_annotations_switch_apparmor_off_as_well():
    asked = pod()
    asked["metadata"]["annotations"] = {"container.apparmor.security.beta.kubernetes.io/notebook": "unconfined"}
    assert of(asked, Level.baseline) == [
        (
            "forbidden AppArmor profile (annotation must not set AppArmor profile type to "
            '"container.apparmor.security.beta.kubernetes.io/notebook="unconfined"")'
        )
    ]


def test_before_1_19_seccomp_was_asked_for_by_annotation():
    asked = pod()
    asked["metadata"]["annotations"] = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert of(asked, Level.baseline, 18) == [
        'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")'
    ]
    assert of(asked, Level.baseline, 19) == []


def test_an_older_standard_asks_for_less():
    no_drop = hardened(with_context(capabilities={"drop": []}))
    assert of(no_drop, minor=21) == []
    assert len(of(no_drop, minor=22)) == 1


def test_pods_for_windows_need_no_linux_fields():
    spec = {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}
    assert of(pod("p", container(), **spec)) == []
    assert len(of(pod("p", container(), **spec), minor=24)) == 3


def test_root_in_a_user_namespace_is_nobody_outside():
    root = hardened(with_context(runAsUser=0, runAsNonRoot=False, procMount="Unmasked"), hostUsers=False)
    assert of(root, Level.baseline) == []
    assert [words.split(" (")[0] for words in of(root)] == ["procMount"]
    assert [words.split(" (")[0] for words in of(root, minor=34)] == [
        "procMount",
        "runAsNonRoot != true",
        "runAsUser=0",
    ]


@pytest.mark.parametrize(
    ("labels", "policy"),
    [
        ({}, "privileged:latest"),
        ({"enforce": "baseline"}, "baseline:latest"),
        ({"enforce": "restricted", "enforce-version": "v1.25"}, "restricted:v1.25"),
        ({"enforce": "nonsense"}, "restricted:latest"),
        ({"enforce": "baseline", "enforce-version": "1.25"}, "baseline:latest"),
        ({"warn": "restricted"}, "privileged:latest"),
    ],
)
def test_a_namespace_says_by_label_what_it_enforces(labels, policy):
    assert (
        str(asked({f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}, "enforce")) == policy
    )


def test_versions_to_come_count_as_the_latest():
    assert asked({"pod-security.kubernetes.io/enforce-version": "v1.99"}, "enforce").minor == 36


def test_the_refusal_lists_all_checks_of_baseline_before_those_of_restricted():
    world = World()
    world.protect("safe", enforce="restricted")
    assert world.why(pod("p", hostPID=True), namespace="safe") == (
        'violates PodSecurity "restricted:latest": host namespaces (hostPID=true), '
        'allowPrivilegeEscalation != false (container "notebook" must set securityContext.allowPrivilegeEscalation=false), '
        'unrestricted capabilities (container "notebook" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "notebook" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "notebook" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


def test_warnings_and_audit_refuse_nothing():
    world = World()
    world.protect("lenient", warn="restricted", audit="restricted")
    world.admit(pod("p", hostNetwork=True), namespace="lenient")


def test_an_update_is_looked_at_again_when_an_image_changes():
    world = World()
    old = world.create(pod("p", hostNetwork=True))
    namespace = world.store.get(NAMESPACE, None, "team")
    world.store.put(
        NAMESPACE,
        {
            **namespace,
            "metadata": {**namespace["metadata"], "labels": {"pod-security.kubernetes.io/enforce": "baseline"}},
        },
    )
    labelled = world.update({**old, "metadata": {**old["metadata"], "labels": {"a": "b"}}}, old)
    other_image = {
        **labelled,
        "spec": {**labelled["spec"], "containers": [{**labelled["spec"]["containers"][0], "image": "x:2"}]},
    }
    with pytest.raises(Exception, match="violates PodSecurity"):
        world.update(other_image, labelled)
    world.update({**other_image, "status": {}}, labelled, subresource="status")


def test_a_namespace_with_a_level_nobody_knows_is_refused_and_an_old_one_may_keep_it():
    world = World()
    labels = {"pod-security.kubernetes.io/enforce": "strict", "pod-security.kubernetes.io/warn-version": "1.2"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new", "labels": labels}}
    refusal = world.refusal(namespace)
    assert (refusal.code, refusal.reason) == (422, "Invalid")
    assert refusal.message == (
        'Namespace "new" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": '
        "must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: "
        'Invalid value: "1.2": must be "latest" or "v1.x"]'
    )
    world.update({**namespace, "status": {"phase": "Active"}}, namespace)
