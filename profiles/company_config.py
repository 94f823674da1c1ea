# The hub's side of company.yaml: its bounds, and where the document is.
c = get_config()  # noqa: F821  # JupyterHub defines it

c.JupyterHub.spawner_class = "tenantspawner"
c.TenantSpawner.tenancy_config_map = "tenants"
c.TenantSpawner.hub_id = "lab"  # namespaces begin with lab-
c.TenantSpawner.allowed_cluster_roles = ["tenantspawner-notebook"]
c.TenantSpawner.max_pod_security = "restricted"
