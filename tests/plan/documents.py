"""The spawns whose objects are kept as golden files, by name; together they use every key a tenant may have."""

from pathlib import Path

from tests.plan.drawing import TEN_LINES, binding, parsed, profile, pull_secret, tenant

UNIVERSITY = (Path(__file__).parents[2] / "profiles" / "university.yaml").read_text()
REGISTRY = "registry-example-edu"
WHOLE = parsed(
    """
version: 1
contact: help@example.edu
images:
  pytorch: {image: "quay.io/jupyter/pytorch-notebook:cuda12-2026-10-20"}
profiles:
  gpu:
    cpu: {request: 1, limit: 4}
    memory: {request: 2Gi, limit: 8Gi}
    gpu: {choices: [1, 2, 4], default: 1}
    nodeSelector: {accelerator: h100}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
    env: {NCCL_DEBUG: WARN, BRACES: "{username}"}
  small: {cpu: 1, memory: 2Gi}
tenants:
  physics:
    members: [{groups: [physics]}]
    images: [pytorch]
    profiles: [gpu, small]
    namespace:
      labels: {cost-centre: "4711"}
      annotations: {example.edu/owner: prof}
    serviceAccount: {name: notebook, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/physics"}}
    roles: [tenantspawner-notebook]
    quota: {user: {cpu: 8, memory: 16Gi, gpu: 4, storage: 50Gi, servers: 3}, team: {gpu: 6}}
    pullSecrets: [registry-example-edu]
    storage: {capacity: 10Gi, storageClass: fast}
"""
)
NETWORK = {
    "extraIngress": [{"from": [{"podSelector": {"matchLabels": {"app": "dask"}}}], "ports": [{"port": 8786}]}],
    "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}],
}
OBJECTS = [
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "about", "labels": {"tenantspawner.io/hub": "other", "a": "b"}},
        "data": {"who": "{username} of {tenant} in {namespace}", "code": "{x.__class__} {{}}"},
    }
]
HUB_LIST = [
    {
        "display_name": "Demo: two CPUs",
        "slug": "demo",
        "kubespawner_override": {
            "cpu_limit": 2,
            "environment": {"DEMO": "{username}"},
            "extra_resource_limits": {"nvidia.com/gpu": 1},
        },
    }
]
# Where servers stay in the hub's own namespace, as of an existing deployment.
HUB_CONFIG = {
    "service_account": "singleuser",
    "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": "claim-ada"}}],
    "volume_mounts": [{"name": "home", "mountPath": "/home/jovyan"}],
    "storage_pvc_ensure": True,
    "storage_capacity": "5Gi",
    "uid": 1000,
    "fs_gid": 100,
}
AROUND = {"hub_binding": binding(), "pull_secrets": {REGISTRY: pull_secret(REGISTRY)}, "features": frozenset({"resource.k8s.io"})}  # fmt: skip

SPAWNS = {
    "ten-lines": {"document": TEN_LINES},
    "university-gpu": {"document": UNIVERSITY, "name": "alice", "groups": ["physics"], "asked": {"profile": "gpu", "devices": 2}},
    "whole": {"document": WHOLE, "groups": ["physics"], "around": AROUND, "asked": {"devices": 2}, "servername": "train", "with_service": True},
    "per-tenant": {
        "document": tenant(WHOLE, namespace={"per": "tenant"}, members=[{"groups": ["physics"]}, {"users": ["ada"], "quota": {"gpu": 1}}]),
        "groups": ["physics"],
    },
    "per-hub": {"document": tenant(namespace={"per": "hub"}), "config": HUB_CONFIG},
    "baseline": {"document": tenant(namespace={"podSecurity": "baseline"})},
    "open-network": {"document": tenant(network="open")},
    "extra-rules": {"document": tenant(network=NETWORK)},
    "local-queue": {"document": tenant(localQueue="physics", selfService=True)},
    "shared-volumes": {
        "document": tenant(
            volumes=[
                {"claim": "datasets", "mountPath": "/data/{username}"},
                {"claim": "scratch", "mountPath": "/scratch", "subPath": "a", "readOnly": False},
            ]
        )
    },
    "limits": {"document": tenant(limits={"default": {"cpu": 1, "memory": "2Gi"}, "max": {"cpu": 16}})},
    "overrides": {
        "document": profile(
            override={"node_selector": {"size": "big"}, "mem_limit": "3G"},
            options={
                "speed": {
                    "display_name": "Speed",
                    "choices": {"fast": {"kubespawner_override": {"cpu_limit": 4, "tolerations": [{"key": "fast"}]}}},
                }
            },
        )
    },
    "objects": {"document": tenant(objects=OBJECTS)},
    "hub-profile": {"document": tenant(profiles=["hub:demo"]), "hub": HUB_LIST},
}  # fmt: skip
