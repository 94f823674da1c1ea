"""Which check belongs to which level in which version of the standard.

A row is one check of one span of minor versions of Kubernetes. Baseline's checks come first, then
restricted's, each in the order of their identifiers: that is the order in the API server's message.
A restricted check can stand in the place of a baseline one.
"""

from dataclasses import dataclass
from enum import IntEnum

from tenantspawner.localcluster.admission.podsecurity import baseline, restricted
from tenantspawner.localcluster.admission.podsecurity.pod import Check, Json, Violation

LATEST = 36
"""The minor version of Kubernetes whose standard ``latest`` is."""


class Level(IntEnum):
    """The levels, by strictness."""

    privileged = 0
    baseline = 1
    restricted = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One check: in force from `since` up to, not including, `until`; stands in for baseline's `instead_of`."""

    identifier: str
    check: Check
    since: int = 0
    until: int = LATEST + 1
    instead_of: str = ""

    def in_force(self, minor: int) -> bool:
        """Whether the standard of that minor version has this check."""
        return self.since <= minor < self.until


_windows, _user_namespace = restricted.not_on_windows, restricted.not_in_user_namespace

BASELINE = (
    Row("appArmorProfile", baseline.apparmor),
    Row("capabilities_baseline", baseline.capabilities),
    Row("hostNamespaces", baseline.host_namespaces),
    Row("hostPathVolumes", baseline.host_path_volumes),
    Row("hostPorts", baseline.host_ports),
    Row("hostProbesAndHostLifecycle", baseline.host_probes, since=34),
    Row("privileged", baseline.privileged),
    Row("procMount", baseline.proc_mount, until=35),
    Row("procMount", baseline.proc_mount_outside_user_namespace, since=35),
    Row("seLinuxOptions", baseline.selinux(baseline.SELINUX_TYPES_1_0), until=31),
    Row("seLinuxOptions", baseline.selinux(baseline.SELINUX_TYPES_1_31), since=31),
    Row("seccompProfile_baseline", baseline.seccomp_annotations, until=19),
    Row("seccompProfile_baseline", baseline.seccomp, since=19),
    Row("sysctls", baseline.sysctls(baseline.SYSCTLS_1_0), until=27),
    Row("sysctls", baseline.sysctls(baseline.SYSCTLS_1_27), since=27, until=29),
    Row("sysctls", baseline.sysctls(baseline.SYSCTLS_1_29), since=29, until=32),
    Row("sysctls", baseline.sysctls(baseline.SYSCTLS_1_32), since=32),
    Row("windowsHostProcess", baseline.windows_host_process),
)

RESTRICTED = (
    Row("allowPrivilegeEscalation", restricted.privilege_escalation, since=8, until=25),
    Row("allowPrivilegeEscalation", _windows(restricted.privilege_escalation), since=25),
    Row("capabilities_restricted", restricted.capabilities, 22, 25, instead_of="capabilities_baseline"),
    Row("capabilities_restricted", _windows(restricted.capabilities), since=25, instead_of="capabilities_baseline"),
    Row("procMount_restricted", baseline.proc_mount, since=35, instead_of="procMount"),
    Row("restrictedVolumes", restricted.volumes, instead_of="hostPathVolumes"),
    Row("runAsNonRoot", restricted.run_as_non_root, until=35),
    Row("runAsNonRoot", _user_namespace(restricted.run_as_non_root), since=35),
    Row("runAsUser", restricted.run_as_user, since=23, until=35),
    Row("runAsUser", _user_namespace(restricted.run_as_user), since=35),
    Row("seccompProfile_restricted", restricted.seccomp_set, 19, 25, instead_of="seccompProfile_baseline"),
    Row("seccompProfile_restricted", _windows(restricted.seccomp_set), since=25, instead_of="seccompProfile_baseline"),
)


def checks(level: Level, minor: int) -> list[Check]:
    """Return the checks of a level in the standard of a minor version, in the order of the message."""
    if level is Level.privileged:
        return []
    strict = [row for row in RESTRICTED if row.in_force(minor)] if level is Level.restricted else []
    replaced = {row.instead_of for row in strict}
    plain = [row for row in BASELINE if row.in_force(minor) and row.identifier not in replaced]
    return [row.check for row in (*plain, *strict)]


def violations(pod: Json, level: Level, minor: int = LATEST) -> list[Violation]:
    """Return everything about the pod that the level forbids; empty when it may run."""
    found = (check(pod) for check in checks(level, minor))
    return [violation for violation in found if violation]
