"""The checks of the Pod Security level ``baseline``: no known privilege escalations.

Each function looks at one control of https://kubernetes.io/docs/concepts/security/pod-security-standards/
and returns what violates it, or None. Reasons and details are those of Kubernetes 1.36.
"""

import re
from collections.abc import Iterator

from tenantspawner.localcluster.admission.podsecurity.pod import (
    Check,
    Json,
    Violation,
    containers,
    counted,
    names,
    quoted,
    security,
    setters,
    spec_of,
    these,
)

APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
        "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
SECCOMP_TYPES = frozenset({"RuntimeDefault", "Localhost"})
SELINUX_TYPES_1_0 = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
SELINUX_TYPES_1_31 = SELINUX_TYPES_1_0 | {"container_engine_t"}
SYSCTLS_1_0 = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    }
)  # fmt: skip
SYSCTLS_1_27 = SYSCTLS_1_0 | {"net.ipv4.ip_local_reserved_ports"}
SYSCTLS_1_29 = SYSCTLS_1_27 | {
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip
SYSCTLS_1_32 = SYSCTLS_1_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}


def in_user_namespace(pod: Json) -> bool:
    """Whether the pod runs in a user namespace of its own, where root is nobody outside."""
    return spec_of(pod).get("hostUsers") is False


def apparmor(pod: Json) -> Violation | None:
    """AppArmor may be left alone, defaulted or local; never switched off."""

    def bad_type(holder: Json) -> str | None:
        profile = security(holder).get("appArmorProfile")
        kind = (profile or {}).get("type", "")
        return kind if profile is not None and kind not in SECCOMP_TYPES else None

    of_pod = bad_type(spec_of(pod))
    of_containers = [(c["name"], kind) for c in containers(pod) if (kind := bad_type(c)) is not None]
    values = sorted({kind for _, kind in of_containers} | ({of_pod} if of_pod is not None else set()))
    annotations = sorted(_bad_apparmor_annotations(pod))
    who = [setters(pod_is_bad=of_pod is not None, bad=[name for name, _ in of_containers])]
    if annotations:
        who.append(counted("annotation", "annotations", annotations))
    setting = " and ".join(part for part in who if part)
    values += annotations
    if not setting:
        return None
    reason = counted("forbidden AppArmor profile", "forbidden AppArmor profiles", values)
    return Violation(reason, f"{setting} must not set AppArmor profile type to {quoted(values)}")


def _bad_apparmor_annotations(pod: Json) -> Iterator[str]:
    for key, value in (pod["metadata"].get("annotations") or {}).items():
        allowed = value in {"", "runtime/default"} or value.startswith("localhost/")
        if key.startswith(APPARMOR_ANNOTATION) and not allowed:
            yield f'{key}="{value}"'


def capabilities(pod: Json) -> Violation | None:
    """Only the usual capabilities may be added."""
    forbidden: set[str] = set()
    bad: list[str] = []
    for container in containers(pod):
        added = set((security(container).get("capabilities") or {}).get("add") or ()) - CAPABILITIES
        if added:
            forbidden |= added
            bad.append(container["name"])
    if not bad:
        return None
    return Violation(
        "non-default capabilities",
        f"{these(bad)} must not include {quoted(sorted(forbidden))} in securityContext.capabilities.add",
    )


def host_namespaces(pod: Json) -> Violation | None:
    """The node's network, processes and IPC are the node's."""
    used = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec_of(pod).get(field)]
    return Violation("host namespaces", ", ".join(used)) if used else None


def host_path_volumes(pod: Json) -> Violation | None:
    """No directory of the node."""
    bad = names(volume for volume in spec_of(pod).get("volumes") or () if volume.get("hostPath") is not None)
    return Violation("hostPath volumes", f"{counted('volume', 'volumes', bad)} {quoted(bad)}") if bad else None


def host_ports(pod: Json) -> Violation | None:
    """No port of the node."""
    ports = [
        (c["name"], str(port["hostPort"]))
        for c in containers(pod)
        for port in c.get("ports") or ()
        if port.get("hostPort")
    ]
    bad = list(dict.fromkeys(name for name, _ in ports))
    used = sorted({port for _, port in ports})
    if not bad:
        return None
    uses, what = counted("uses", "use", bad), counted("hostPort", "hostPorts", used)
    return Violation("hostPort", f"{these(bad)} {uses} {what} {', '.join(used)}")


def host_probes(pod: Json) -> Violation | None:
    """A probe or hook talks to its own pod, not to a host it names."""
    found = {(c["name"], host) for c in containers(pod) for host in _hosts(c)}
    bad, hosts = sorted({name for name, _ in found}), sorted({host for _, host in found})
    if not bad:
        return None
    uses = counted("uses", "use", bad)
    what = counted("probe or lifecycle host", "probe or lifecycle hosts", hosts)
    return Violation("probe or lifecycle host", f"{these(bad)} {uses} {what} {quoted(hosts)}")


def _hosts(container: Json) -> Iterator[str]:
    hooks = container.get("lifecycle") or {}
    handlers = [container.get(probe) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [hooks.get("postStart"), hooks.get("preStop")]
    for handler in handlers:
        for action in ("httpGet", "tcpSocket"):
            host = ((handler or {}).get(action) or {}).get("host")
            if host:
                yield host


def privileged(pod: Json) -> Violation | None:
    """No privileged container."""
    bad = names(c for c in containers(pod) if security(c).get("privileged"))
    return Violation("privileged", f"{these(bad)} must not set securityContext.privileged=true") if bad else None


def proc_mount(pod: Json) -> Violation | None:
    """/proc stays masked."""
    found = [
        (c["name"], kind) for c in containers(pod) if (kind := security(c).get("procMount", "Default")) != "Default"
    ]
    if not found:
        return None
    kinds = quoted(sorted({kind for _, kind in found}))
    return Violation(
        "procMount", f"{these([name for name, _ in found])} must not set securityContext.procMount to {kinds}"
    )


def proc_mount_outside_user_namespace(pod: Json) -> Violation | None:
    """As `proc_mount`; a pod in a user namespace may (since 1.35)."""
    return None if in_user_namespace(pod) else proc_mount(pod)


def seccomp_annotations(pod: Json) -> Violation | None:
    """Before 1.19 seccomp was asked for by annotation."""
    annotations = pod["metadata"].get("annotations") or {}
    prefix = "seccomp.security.alpha.kubernetes.io"
    keys = [f"{prefix}/pod", *(f"container.{prefix}/{c['name']}" for c in containers(pod))]
    allowed = re.compile(r"runtime/default$|docker/default$|localhost/")
    bad = sorted(
        {f'{key}="{annotations[key]}"' for key in keys if key in annotations and not allowed.match(annotations[key])}
    )
    if not bad:
        return None
    return Violation("seccompProfile", f"forbidden {counted('annotation', 'annotations', bad)} {', '.join(bad)}")


def seccomp(pod: Json) -> Violation | None:
    """Seccomp may be left alone; never switched off."""

    def bad_type(holder: Json) -> str | None:
        profile = security(holder).get("seccompProfile")
        kind = (profile or {}).get("type", "")
        return kind if profile is not None and kind not in SECCOMP_TYPES else None

    of_pod = bad_type(spec_of(pod))
    found = [(c["name"], kind) for c in containers(pod) if (kind := bad_type(c)) is not None]
    who = setters(pod_is_bad=of_pod is not None, bad=[name for name, _ in found])
    if not who:
        return None
    kinds = {kind for _, kind in found} | ({of_pod} if of_pod is not None else set())
    return Violation(
        "seccompProfile", f"{who} must not set securityContext.seccompProfile.type to {quoted(sorted(kinds))}"
    )


def selinux(allowed: frozenset[str]) -> Check:
    """SELinux: a container type out of `allowed`, and neither user nor role."""

    def check(pod: Json) -> Violation | None:
        holders = [("", spec_of(pod)), *((c["name"], c) for c in containers(pod))]
        found = [(name, options) for name, holder in holders if (options := security(holder).get("seLinuxOptions"))]
        wrong = [(name, o) for name, o in found if o.get("type", "") not in allowed or o.get("user") or o.get("role")]
        if not wrong:
            return None
        types = sorted({o.get("type", "") for _, o in wrong} - allowed)
        said = [f"{counted('type', 'types', types)} {quoted(types)}"] if types else []
        said += [f"{key} may not be set" for key in ("user", "role") if any(o.get(key) for _, o in wrong)]
        who = setters(pod_is_bad=any(not name for name, _ in wrong), bad=[name for name, _ in wrong if name])
        return Violation("seLinuxOptions", f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}")

    return check


def sysctls(allowed: frozenset[str]) -> Check:
    """Only kernel parameters that are the pod's own."""

    def check(pod: Json) -> Violation | None:
        asked = names(security(spec_of(pod)).get("sysctls") or ())
        bad = [name for name in asked if name not in allowed]
        return Violation("forbidden sysctls", ", ".join(bad)) if bad else None

    return check


def windows_host_process(pod: Json) -> Violation | None:
    """No host process containers."""

    def bad(holder: Json) -> bool:
        return bool((security(holder).get("windowsOptions") or {}).get("hostProcess"))

    who = setters(pod_is_bad=bad(spec_of(pod)), bad=names(c for c in containers(pod) if bad(c)))
    return (
        Violation("hostProcess", f"{who} must not set securityContext.windowsOptions.hostProcess=true") if who else None
    )
