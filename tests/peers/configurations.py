"""Configurations as they are found in the field, each a name and what is set under ``c.KubeSpawner``."""

import copy
from typing import Any

from kubernetes_asyncio.client import models as k8s

_POD_TERM = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"component": "x"}}}


async def _async_uid(spawner: Any) -> int:
    return 1234


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "image": {"image": "r.example.org/x:1", "image_pull_policy": "Always"},
    "pull secrets": {"image_pull_secrets": ["a", {"name": "b"}]},
    "cmd": {"cmd": ["jupyterhub-singleuser"], "args": ["--debug", "-x"], "debug": True},
    "cmd text": {"cmd": "start.sh"},
    "args without cmd": {"args": ["--x"]},
    "working_dir": {"working_dir": "/home/{username}"},
    "environment": {
        "environment": {
            "A": "$(B)/x",
            "B": "$(C)",
            "C": "c-{username}",
            "Z": "{unescaped_username}",
            "LOOP1": "$(LOOP2)",
            "LOOP2": "$(LOOP1)",
            "FROM": {"valueFrom": {"secretKeyRef": {"name": "s-{username}", "key": "k"}}},
            "RENAMED": {"name": "OTHER", "value": "$(A)"},
            "PYTHON_FORM": {"value_from": {"fieldRef": {"fieldPath": "status.podIP"}}},
            "CALLED": lambda _: "{not a template}",
            "BRACES": "{{json}}",
        }
    },
    "ids": {"uid": 1000, "gid": 100, "fs_gid": 100, "supplemental_gids": [1, "2"]},
    "ids zero": {"uid": 0, "gid": 0, "fs_gid": 0},
    "ids called": {
        "uid": _async_uid,
        "gid": lambda _: "5",
        "fs_gid": lambda _: None,
        "supplemental_gids": lambda _: [3],
    },
    "privileged": {"privileged": True, "allow_privilege_escalation": None},
    "sudo": {"allow_privilege_escalation": True},
    "contexts": {
        "uid": 1000,
        "container_security_context": {"runAsUser": 7, "capabilities": {"drop": ["ALL"]}},
        "fs_gid": 5,
        "pod_security_context": {"fsGroup": 9, "seccompProfile": {"type": "RuntimeDefault"}},
    },
    "contexts called": {
        "container_security_context": lambda _: {"readOnlyRootFilesystem": True},
        "pod_security_context": lambda _: {"runAsNonRoot": True},
    },
    "resources": {
        "cpu_limit": 2,
        "cpu_guarantee": 0.5,
        "mem_limit": "4G",
        "mem_guarantee": "512M",
        "extra_resource_limits": {"nvidia.com/gpu": "1"},
        "extra_resource_guarantees": {"nvidia.com/gpu": 1, "memory": "1Gi"},
    },
    "account": {"service_account": "sa-{username}"},
    "account without token": {"service_account": "sa", "automount_service_account_token": False},
    "token without account": {"automount_service_account_token": True},
    "nodes": {
        "node_selector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, {"tolerationSeconds": 5}],
        "scheduler_name": "user-scheduler",
        "priority_class_name": "low",
    },
    "affinities": {
        "node_affinity_preferred": [
            {"weight": 100, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
        ],
        "node_affinity_required": [{"matchExpressions": [{"key": "b", "operator": "In", "values": ["c"]}]}],
        "pod_affinity_preferred": [{"weight": 1, "podAffinityTerm": _POD_TERM}],
        "pod_affinity_required": [_POD_TERM],
        "pod_anti_affinity_preferred": {
            "b": {"weight": 1, "pod_affinity_term": _POD_TERM},
            "a": {"weight": 2, "podAffinityTerm": _POD_TERM},
        },
        "pod_anti_affinity_required": [{"topology_key": "zone"}],
    },
    "node affinity preferred alone": {
        "node_affinity_preferred": [{"weight": 1, "preference": {"match_expressions": []}}],
    },
    "node affinity required alone": {"node_affinity_required": {"1": {"match_fields": []}}},
    "volumes": {
        "volumes": [
            {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}},
            {"name": "empty", "empty_dir": {}},
        ],
        "volume_mounts": [
            {"name": "home", "mountPath": "/home/jovyan", "subPath": "{username}/{servername}"},
            {"name": "empty", "mount_path": "/tmp/{escaped_username}", "read_only": True},
        ],
    },
    "volumes as dictionaries": {
        "volumes": {"b": {"name": "b", "emptyDir": {}}, "a": {"name": "a", "emptyDir": {"medium": "Memory"}}},
        "volume_mounts": {"2": {"name": "a", "mountPath": "/a"}, "1": {"name": "b", "mountPath": "/b"}},
    },
    "containers": {
        "init_containers": [
            {"name": "init-{username}", "image": "busybox", "command": ["sh", "-c", "echo {userid} {{x}}"]},
        ],
        "extra_containers": {
            "side": {"name": "side", "image": "s", "volume_mounts": [{"name": "home", "mountPath": "/{pod_name}"}]}
        },
    },
    "model objects": {
        "init_containers": [
            k8s.V1Container(
                name="block-cloud-metadata",
                image="iptables",
                command=["iptables", "{literal}"],
                security_context=k8s.V1SecurityContext(privileged=True, run_as_user=0),
            )
        ],
        "tolerations": [k8s.V1Toleration(key="a", operator="Exists")],
        "volumes": [k8s.V1Volume(name="v", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="1Gi"))],
    },
    "lifecycle": {
        "lifecycle_hooks": {
            "postStart": {"exec": {"command": ["sh", "-c", "echo {x}"]}},
            "pre_stop": {"sleep": {"seconds": 1}},
        }
    },
    "extra container config": {
        "extra_container_config": {
            "envFrom": [{"configMapRef": {"name": "{username}"}}],
            "working_dir": "/x",
            "resources": {"limits": {"cpu": "9"}},
            "lifecycle": None,
        }
    },
    "extra pod config": {
        "extra_pod_config": {
            "restartPolicy": "Never",
            "dns_policy": "None",
            "hostIPC": True,
            "set_hostname_as_fqdn": False,
            "hostname": "{username}",
            "image_pull_secrets": None,
            "tolerations": [],
        },
        "tolerations": [{"key": "a"}],
    },
    "labels": {
        "common_labels": {"app": "mine", "release": "r"},
        "extra_labels": {"a": "{username}", "app": "loses", "hub.jupyter.org/network-access-hub": "true"},
        "extra_annotations": {
            "a/b": "{unescaped_username}--{unescaped_servername}",
            "hub.jupyter.org/username": "wins",
        },
        "component_label": "other",
    },
    "storage": {
        "storage_pvc_ensure": True,
        "storage_capacity": "10Gi",
        "storage_class": "fast",
        "storage_access_modes": ["ReadWriteMany"],
        "storage_selector": {"matchLabels": {"user": "{username}"}},
        "storage_extra_labels": {"x": "{username}", "component": "loses"},
        "storage_extra_annotations": {"n": "{namespace}/{pvc_name}"},
    },
    "storage without class": {"storage_capacity": "1Gi", "storage_class": ""},
    "escape": {"slug_scheme": "escape", "volumes": [{"name": "volume-{username}", "emptyDir": {}}]},
    "names": {
        "pod_name_template": "p-{userid}-{user_server}",
        "pvc_name_template": "claim-{username}--{servername}",
        "namespace": "people",
        "dns_name_template": "{name}.{namespace}.svc",
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}],
    },
    "user namespaces": {"enable_user_namespaces": True, "user_namespace_template": "{hubnamespace}-{username}-x"},
    "formats": {
        "extra_labels": {
            "a": "{userid:04d}",
            "b": "{username[0]}",
            "c": "{username!s:.2}",
            "d": "x-",
            "e": "x{servername}-{servername}",
        }
    },
    "old names": {"singleuser_uid": 1, "image_spec": "old:1", "user_storage_capacity": "2Gi", "uid": 2},
    "hub's own": {
        "default_url": "/lab",
        "notebook_dir": "/home/{username}",
        "disable_user_config": True,
        "port": 9999,
        "ip": "127.0.0.1",
    },
}


def chart_values() -> dict[str, Any]:
    """Return what Zero to JupyterHub sets with its default values and the usual additions."""
    config: dict[str, Any] = {
        "common_labels": {"app": "jupyterhub", "release": "hub", "app.kubernetes.io/managed-by": "kubespawner"},
        "namespace": "jhub",
        "allow_privilege_escalation": False,
        "volumes": {"00-home": {"name": "volume-{user_server}", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}},
        "volume_mounts": {"00-home": {"name": "volume-{user_server}", "mountPath": "/home/jovyan"}},
        "pod_name_template": "jupyter-{user_server}",
        "pvc_name_template": "claim-{user_server}",
        "image_pull_policy": "IfNotPresent",
        "events_enabled": True,
        "extra_labels": {"hub.jupyter.org/network-access-hub": "true"},
        "extra_annotations": {},
        "uid": 1000,
        "fs_gid": 100,
        "service_account": None,
        "storage_extra_labels": {},
        "node_selector": {},
        "lifecycle_hooks": {},
        "extra_containers": [],
        "mem_guarantee": "1G",
        "environment": {"EDITOR": "vim"},
        "extra_pod_config": {},
        "image": "quay.io/jupyterhub/k8s-singleuser-sample:4.3.0",
        "image_pull_secrets": [],
        "scheduler_name": "hub-user-scheduler",
        "priority_class_name": "hub-default-priority",
        "tolerations": [
            {"key": "hub.jupyter.org/dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"},
        ],
        "node_affinity_preferred": [
            {
                "weight": 100,
                "preference": {
                    "matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]
                },
            },
        ],
        "init_containers": copy.deepcopy(CONFIGURATIONS["model objects"]["init_containers"]),
        "storage_pvc_ensure": True,
        "storage_access_modes": ["ReadWriteOnce"],
        "storage_capacity": "10Gi",
    }
    return config


CONFIGURATIONS["the chart"] = chart_values()
