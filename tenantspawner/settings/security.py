"""As whom the server runs, and what it may do."""

from jupyterhub.traitlets import Callable
from traitlets import Bool, Dict, HasTraits, List, Union

from tenantspawner.settings.traits import optional_text, whole_number_or_callable


class Security(HasTraits):
    """User and group ids, security contexts, service account."""

    uid = whole_number_or_callable("The user id of the server's process. None: the image's.")
    gid = whole_number_or_callable("The group id of the server's process. None: the image's.")
    fs_gid = whole_number_or_callable(
        "The group that owns the pod's volumes, where their kind supports that, and that the process is in as well. "
        "Most clouds' volumes need it."
    )
    supplemental_gids = Union(
        [List(), Callable()],
        help="Further groups of the process: a list, or a function that is given the spawner and returns one.",
    ).tag(config=True)
    privileged = Bool(False, help="Whether the container is privileged: root on the node.").tag(config=True)
    allow_privilege_escalation = Bool(
        False,
        allow_none=True,
        help="Whether a process may get more rights than its parent, as by sudo. None leaves it to the cluster.",
    ).tag(config=True)
    container_security_context = Union(
        [Dict(), Callable()],
        help="The container's security context, with Kubernetes' own keys; wins over the settings above. "
        "May be a function of the spawner.",
    ).tag(config=True)
    pod_security_context = Union(
        [Dict(), Callable()],
        help="The pod's security context, with Kubernetes' own keys; holds for all its containers, and wins over "
        "`fs_gid` and `supplemental_gids`. May be a function of the spawner.",
    ).tag(config=True)
    service_account = optional_text(
        "The service account of the pod; it has to be in the pod's namespace. Naming one mounts its token, unless "
        "`automount_service_account_token` is False. A template."
    )
    automount_service_account_token = Bool(
        None,
        allow_none=True,
        help="Whether the service account's token is mounted. None: only if `service_account` is set. "
        "Whoever uses the server has all rights of that account.",
    ).tag(config=True)
