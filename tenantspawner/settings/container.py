"""The notebook container and what else is in the pod."""

from typing import Any

from jupyterhub.traitlets import Command
from traitlets import Bunch, HasTraits, List, Unicode, Union, validate

from tenantspawner.plan.settings import COMMON_LABELS, DEFAULT_IMAGE
from tenantspawner.settings.traits import hook, items, mapping, optional_text, text


class Container(HasTraits):
    """Image, command, labels, and further containers."""

    image = text(
        DEFAULT_IMAGE,
        "The image of the server. Give it a tag or a digest that does not change: without one, or with ``latest``, "
        "two nodes can run different images, and Kubernetes asks the registry at every start.",
    )
    image_pull_policy = optional_text(
        "``Always``, ``IfNotPresent`` or ``Never``. None leaves it to Kubernetes: ``Always`` for ``latest`` or no tag, "
        "else ``IfNotPresent``."
    )
    image_pull_secrets = Union(
        [List(), Unicode()],
        help="Secrets with credentials of registries, in the namespace of the pod: names, or objects with a ``name``.",
    ).tag(config=True)
    cmd = Command(
        None,
        allow_none=True,
        minlen=0,
        help="What starts the server, a text or a list; `args` are put behind it. None: what the image says, and then "
        "`args` are not used. The image's entrypoint runs before it.",
    ).tag(config=True)
    working_dir = optional_text("The directory the server starts in. None: what the image says. A template.")
    lifecycle_hooks = mapping("``postStart`` and ``preStop`` of the container, each with its handler.")
    init_containers = items("Containers that run, one after the other, before the server. Templates.")
    extra_containers = items("Containers that run beside the server. Templates.")
    extra_container_config = mapping(
        "Further fields of the container, such as ``envFrom``; they replace those made from other settings."
    )
    extra_pod_config = mapping(
        "Further fields of the pod's spec, such as ``dnsPolicy``; they replace those made from other settings. Templates."
    )
    common_labels = mapping("Labels on everything that is made for a server.", dict(COMMON_LABELS))
    extra_labels = mapping("Further labels of the pod, its service and its secret. Templates.")
    extra_annotations = mapping("Further annotations of the pod, its service and its secret. Templates.")
    modify_pod_hook = hook(
        "Function of the spawner and the pod, a ``V1Pod``, that returns the pod to create. May be async."
    )
    after_pod_created_hook = hook("Function of the spawner and the created pod, a ``V1Pod``. May be async.")

    @validate("image_pull_secrets")
    def _one_name_is_a_list(self, proposal: Bunch) -> Any:
        value = proposal["value"]
        return [{"name": value}] if isinstance(value, str) else value
