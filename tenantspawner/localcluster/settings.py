"""What of the embedded cluster can be set: the pace of its controllers.

The values may be changed while the cluster runs; each controller reads them when it acts. The defaults
are those of a healthy real cluster: a quota is in force some 10 ms after it was written.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class ClusterSettings:
    """Times in seconds."""

    quota_delay: float | None = 0.01
    """From a change to the quota that says so in its status; None: the quota controller never acts."""

    service_account_delay: float = 0.05
    """From a new namespace to its account ``default``."""

    namespace_delay: float = 0.0
    """From the deletion of a namespace to that of its content."""

    volume_delay: float = 0.0
    """From a new claim to its volume."""

    event_ttl: float = 3600.0
    """How long events are kept."""

    ca_certificate: str = ""
    """PEM; published in each namespace as ``kube-root-ca.crt`` when there is one."""
