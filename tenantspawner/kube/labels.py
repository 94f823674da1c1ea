"""The labels and annotations by which we know what is ours, and those that KubeSpawner set before us.

`HUB` marks an object as made by one hub; an object without it, or with another hub's, is never
adopted, changed or deleted.
"""

PREFIX = "tenantspawner.io/"

HUB = PREFIX + "hub"  # label: the hub's id, on every object
TENANT = PREFIX + "tenant"  # label: the tenant's id
USER = PREFIX + "user"  # label: a slug of the user's name, for selectors
OWNER = PREFIX + "owner"  # annotation: the exact user name; on a shared namespace the tenant as "tenant:<id>"
SERVER = PREFIX + "server"  # annotation: the exact server name, "" for the default one
SPAWN = PREFIX + "spawn"  # annotation: the id of the spawn that made a pod, so that a lost answer can be found
GRANT_NONCE = PREFIX + "grant-nonce"  # annotation on a quota: new at every change, so that each has its version
LEDGER = PREFIX + "ledger"  # annotation on a tenant's budget Lease: all grants
PLAN_DIGEST = PREFIX + "plan-digest"  # annotation on a namespace: what was provisioned last
INVENTORY = PREFIX + "inventory"  # annotation on a namespace: what was put there that an edit may take away again
CHOICE_DIGEST = PREFIX + "choice-digest"  # annotation on a pod
SELF_SERVICE = PREFIX + "self-service"  # label on a namespace: "true" where people may ask for devices themselves
PROFILE = PREFIX + "profile"  # label on a pod

# Kueue's: the LocalQueue a pod waits in, and the domain of the gates it puts on pods.
QUEUE = "kueue.x-k8s.io/queue-name"
KUEUE = "kueue.x-k8s.io/"

# KubeSpawner's own words (7.1), which other tools select by.
COMPONENT = "component"
HUB_USERNAME = "hub.jupyter.org/username"
HUB_SERVERNAME = "hub.jupyter.org/servername"
MANAGED_BY = "app.kubernetes.io/managed-by"

FIELD_MANAGER = "tenantspawner"
