"""The names that settings had before KubeSpawner 0.10, in configuration, in overrides, and as attributes.

A warning says once where the old name stands and what the new one is. Where both are set, the new one counts.
"""

from collections.abc import Mapping
from typing import Any

from traitlets import Bunch, HasTraits, validate

_SINGLEUSER = (
    "working_dir", "service_account", "extra_labels", "extra_annotations", "image_pull_policy", "image_pull_secrets",
    "node_selector", "uid", "fs_gid", "supplemental_gids", "privileged", "allow_privilege_escalation",
    "lifecycle_hooks", "extra_pod_config", "init_containers", "extra_container_config", "extra_containers",
)  # fmt: skip
_USER = ("storage_class", "storage_pvc_ensure", "storage_capacity", "storage_extra_labels", "storage_access_modes")

RENAMED: Mapping[str, str] = {
    "image_spec": "image",
    "singleuser_image_spec": "image",
    **{f"singleuser_{name}": name for name in _SINGLEUSER},
    **{f"user_{name}": name for name in _USER},
}
"""Old name to new name."""


class Deprecated(HasTraits):
    """Old names of settings."""

    log: Any

    @validate("config")
    def _take_old_names(self, proposal: Bunch) -> Any:
        config = proposal["value"]
        section = config.get("KubeSpawner", {})
        for old in RENAMED.keys() & section.keys():
            new = RENAMED[old]
            value = section.pop(old)
            if new in section:
                self.log.warning(
                    "KubeSpawner.%s is ignored: KubeSpawner.%s is set as well, which replaced it", old, new
                )
            else:
                self.log.warning("KubeSpawner.%s has been renamed: write KubeSpawner.%s", old, new)
                section[new] = value
        return config


def _alias(old: str, new: str) -> property:
    def read(self: Deprecated) -> Any:
        self.log.warning("KubeSpawner.%s has been renamed: use KubeSpawner.%s", old, new)
        return getattr(self, new)

    def write(self: Deprecated, value: Any) -> None:
        self.log.warning("KubeSpawner.%s has been renamed: use KubeSpawner.%s", old, new)
        setattr(self, new, value)

    return property(read, write, doc=f"The old name of `{new}`.")


for _old, _new in RENAMED.items():
    setattr(Deprecated, _old, _alias(_old, _new))
