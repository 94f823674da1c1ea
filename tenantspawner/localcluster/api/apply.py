"""stub"""

from tenantspawner.localcluster.api.patch import merge_patch


def apply(registry, call, config, *, force):
    return registry.update(call, lambda old: merge_patch(old or {}, config), create_absent=True, applied=config)
