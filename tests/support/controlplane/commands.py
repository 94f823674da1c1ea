"""The four command lines, as pure functions of where things are.

Everything that is not said here is Kubernetes' default, the admission plugins above all (PodSecurity, ResourceQuota,
LimitRanger, ServiceAccount, NamespaceLifecycle and the others). A caller's own flags come last and so win.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane.certificates import Certificates

# One row for each request that is answered and for each watch when it opens; no bodies.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  verbs: [watch]
  omitStages: [RequestReceived, ResponseComplete]
- level: Metadata
  omitStages: [RequestReceived, ResponseStarted]
"""


@dataclass(frozen=True)
class Layout:
    """Where the plane's files and ports are."""

    binaries: Path
    directory: Path
    certificates: Certificates
    etcd_port: int
    peer_port: int
    port: int

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def audit_log(self) -> Path:
        """One JSON object a line."""
        return self.directory / "audit.log"

    @property
    def audit_policy(self) -> Path:
        """Says what is logged."""
        return self.directory / "audit-policy.yaml"

    @property
    def tokens(self) -> Path:
        """The static token file."""
        return self.directory / "tokens.csv"


def etcd(at: Layout) -> list[str]:
    """Return etcd's command; without fsync, as a crash of the machine is the end of the test anyway."""
    client, peer = f"http://127.0.0.1:{at.etcd_port}", f"http://127.0.0.1:{at.peer_port}"
    return [
        str(at.binaries / "etcd"),
        f"--data-dir={at.directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--socket-reuse-port",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def kube_apiserver(at: Layout) -> list[str]:
    """Return the API server's command."""
    return [
        str(at.binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{at.etcd_port}",
        "--bind-address=127.0.0.1",
        # Published as the endpoint of the service `kubernetes`; loopback is refused there, and a machine without a
        # network has nothing else. Of the range for documentation (RFC 5737): nobody connects to it.
        "--advertise-address=192.0.2.1",
        f"--secure-port={at.port}",
        "--permit-port-sharing",
        f"--cert-dir={at.directory / 'apiserver'}",
        f"--tls-cert-file={at.certificates.server}",
        f"--tls-private-key-file={at.certificates.server_key}",
        f"--token-auth-file={at.tokens}",
        "--authorization-mode=RBAC",
        "--allow-privileged",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={at.certificates.accounts_public}",
        f"--service-account-signing-key-file={at.certificates.accounts_key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--audit-policy-file={at.audit_policy}",
        f"--audit-log-path={at.audit_log}",
        # The default rotates at 100 MB, which would move rows from beneath their readers.
        "--audit-log-maxsize=100000",
    ]


def kube_controller_manager(at: Layout, kubeconfig: Path) -> list[str]:
    """Return the controller manager's command; without own credentials for each controller, node taints stay."""
    return [
        str(at.binaries / "kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--service-account-private-key-file={at.certificates.accounts_key}",
        f"--root-ca-file={at.certificates.ca}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def kube_scheduler(at: Layout, kubeconfig: Path) -> list[str]:
    """Return the scheduler's command."""
    return [
        str(at.binaries / "kube-scheduler"),
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
