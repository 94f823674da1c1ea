"""Network policies of a tenant's namespace.

``isolated``: in from hub and proxy; out to DNS, hub, proxy and the public internet, never to private ranges (also those
that clusters take for pods and services) or cloud metadata addresses (link-local, Azure's and Oracle's by their own). Peers have a namespace *and* a pod selector, so that no pod elsewhere can pass for the hub by its label.
``open`` is two policies that allow everything: an edit back to ``isolated`` changes objects, it need not find or delete any.

Sources: https://kubernetes.io/docs/concepts/services-networking/network-policies/, RFC 1918, 6598, 6890, 3927, 4193, 4291,
https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16.
"""

from tenantspawner.kube.kinds import NETWORK_POLICY
from tenantspawner.plan.marks import Site
from tenantspawner.plan.models import Manifest, Surroundings
from tenantspawner.tenancy.models import NetworkRules

PRIVATE_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "240.0.0.0/4",
)  # fmt: skip
PRIVATE_V6 = ("::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10")
NODE_LOCAL_DNS = "169.254.20.10/32"
DNS_PORTS = ({"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53})


def network_policies(site: Site) -> tuple[Manifest, Manifest]:
    """Return the policy for what comes in and the one for what goes out."""
    network = site.entitlement.tenant.network
    if network == "open":
        return _policy(site, "ingress", [{}]), _policy(site, "egress", [{}])
    extra = network if isinstance(network, NetworkRules) else NetworkRules()
    ingress = [{"from": _hub_and_proxy(site.around)}, *extra.extra_ingress]
    egress = [_dns(), {"to": _hub_and_proxy(site.around)}, {"to": _public_internet()}, *extra.extra_egress]
    return _policy(site, "ingress", ingress), _policy(site, "egress", egress)


def _policy(site: Site, direction: str, rules: list[Manifest]) -> Manifest:
    spec = {"podSelector": {}, "policyTypes": [direction.capitalize()], direction: rules}
    return site.manifest(NETWORK_POLICY, f"tenantspawner-{direction}", spec=spec)


def _hub_and_proxy(around: Surroundings) -> list[Manifest]:
    return [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": around.envelope.hub_namespace}},
            "podSelector": {"matchLabels": dict(labels)},
        }
        for labels in around.peers
    ]


def _dns() -> Manifest:
    resolvers = {
        "matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns", "coredns", "node-local-dns"]}]
    }
    system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    return {
        "to": [{"namespaceSelector": system, "podSelector": resolvers}, {"ipBlock": {"cidr": NODE_LOCAL_DNS}}],
        "ports": [dict(port) for port in DNS_PORTS],
    }


def _public_internet() -> list[Manifest]:
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE_V4)}},
        {"ipBlock": {"cidr": "::/0", "except": list(PRIVATE_V6)}},
    ]
