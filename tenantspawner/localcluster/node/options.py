"""What can be set about a node, and what the parts of a node share."""

from dataclasses import dataclass
from pathlib import Path

from tenantspawner.localcluster.node.addresses import Addresses, AddressMode
from tenantspawner.localcluster.node.client import Client
from tenantspawner.localcluster.node.events import EventRecorder
from tenantspawner.localcluster.node.images import DEFAULT_RULES, ImageRule, Images


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How a node behaves. All times are seconds.

    `missing_images` are patterns of images that do not exist; `first_backoff` doubles after each failed pull or
    crash up to five minutes; `config_retry` is how often a missing Secret or volume is looked for again; `home` is
    where images have their home directory; `close_grace` is what containers get when the node closes. `log_token`
    is a bearer token that readers of logs must show; `client_ca_file` signs the certificate they must show;
    without either, only this machine may read, since the server listens at 127.0.0.1. With `storage` the node makes
    the volumes of claims, for clusters where nobody else does.
    """

    pull_seconds: float = 0.3
    missing_images: tuple[str, ...] = ()
    image_rules: tuple[ImageRule, ...] = DEFAULT_RULES
    address_mode: AddressMode = AddressMode.AUTO
    home: str = "/home/jovyan"
    first_backoff: float = 10
    config_retry: float = 0.25
    heartbeat: float = 10
    close_grace: float = 5
    log_port: int = 0
    log_token: str = ""
    log_tls: bool = True
    client_ca_file: Path | None = None
    storage: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """What the workers of one node share."""

    node_name: str
    node_id: str
    data_dir: Path
    options: NodeOptions
    client: Client
    events: EventRecorder
    images: Images
    addresses: Addresses

    @property
    def pods(self) -> Path:
        """Where pods have their directories, by uid; they go with the pod."""
        return self.data_dir / "pods"

    @property
    def claims(self) -> Path:
        """Where volume claims have theirs; they outlive pods and nodes."""
        return self.data_dir / "claims"
