"""What shapes a pod and its volume claim: the settings as one frozen value, and the server they are for.

`PodSettings` has a field for every KubeSpawner setting that reaches the pod or the claim, under the
setting's own name. Values are plain JSON; callables have been called before. Template fields such as
``{username}`` are still in them: they are filled when the manifest is made, once.
Lists may still be in the form of a dictionary, because an override can add to it by key.

`overridden` lays a choice over settings without touching what was configured (KubeSpawner writes it into its own
configuration). What is accepted is what the settings accept: ``"4G"`` for memory, a single name for pull secrets.
Dictionaries are merged key by key, at every depth; a key set to None is taken away. Anything else replaces.

`ServerContext` is what is known of the one server that is started. Nothing in it is ever read as a template.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from tenantspawner.errors import Misconfigured
from tenantspawner.kube.plain import plain
from tenantspawner.kube.templates import TEMPLATES, Reader, each_text, literal
from tenantspawner.policy.models import Typed

Items: TypeAlias = list[Any] | dict[str, Any]
"""A list, or a dictionary of the same items that are put in the order of its keys."""

COMMON_LABELS: Mapping[str, str] = {
    "app.kubernetes.io/name": "jupyterhub",
    "app.kubernetes.io/managed-by": "kubespawner",
    "app": "jupyterhub",
    "heritage": "jupyterhub",
}
"""KubeSpawner's: network policies and dashboards in the field select by them."""

CERTIFICATES_PATH = "/etc/jupyterhub/ssl/"
DEFAULT_IMAGE = "quay.io/jupyterhub/singleuser:latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """Every setting that shapes the pod or its claim; defaults are KubeSpawner's. Memory in bytes, CPU in cores."""

    # the container
    image: str = DEFAULT_IMAGE
    image_pull_policy: str | None = None
    image_pull_secrets: list[Any] = field(default_factory=list)  # names, or {"name": ...}
    cmd: list[str] | None = None
    args: list[str] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    working_dir: str | None = None
    port: int = 8888
    lifecycle_hooks: dict[str, Any] = field(default_factory=dict)
    extra_container_config: dict[str, Any] = field(default_factory=dict)

    # what the hub tells the server
    default_url: str = ""
    notebook_dir: str = ""
    debug: bool = False
    disable_user_config: bool = False

    # resources
    cpu_limit: float | None = None
    cpu_guarantee: float | None = None
    mem_limit: int | None = None
    mem_guarantee: int | None = None
    extra_resource_limits: dict[str, Any] = field(default_factory=dict)
    extra_resource_guarantees: dict[str, Any] = field(default_factory=dict)

    # security
    uid: int | None = None
    gid: int | None = None
    fs_gid: int | None = None
    supplemental_gids: list[Any] = field(default_factory=list)
    privileged: bool = False
    allow_privilege_escalation: bool | None = False
    container_security_context: dict[str, Any] = field(default_factory=dict)
    pod_security_context: dict[str, Any] = field(default_factory=dict)
    service_account: str | None = None
    automount_service_account_token: bool | None = None

    # where it runs
    node_selector: dict[str, Any] = field(default_factory=dict)
    tolerations: Items = field(default_factory=list)
    node_affinity_preferred: Items = field(default_factory=list)
    node_affinity_required: Items = field(default_factory=list)
    pod_affinity_preferred: Items = field(default_factory=list)
    pod_affinity_required: Items = field(default_factory=list)
    pod_anti_affinity_preferred: Items = field(default_factory=list)
    pod_anti_affinity_required: Items = field(default_factory=list)
    scheduler_name: str | None = None
    priority_class_name: str = ""

    # the rest of the pod
    init_containers: Items = field(default_factory=list)
    extra_containers: Items = field(default_factory=list)
    extra_pod_config: dict[str, Any] = field(default_factory=dict)
    volumes: Items = field(default_factory=list)
    volume_mounts: Items = field(default_factory=list)
    secret_mount_path: str = CERTIFICATES_PATH

    # labels and annotations
    common_labels: dict[str, Any] = field(default_factory=lambda: dict(COMMON_LABELS))
    extra_labels: dict[str, Any] = field(default_factory=dict)
    extra_annotations: dict[str, Any] = field(default_factory=dict)
    component_label: str = "singleuser-server"

    # the volume claim
    storage_pvc_ensure: bool = False
    storage_capacity: str | None = None
    storage_class: str | None = None
    storage_access_modes: list[Any] = field(default_factory=lambda: ["ReadWriteOnce"])
    storage_selector: dict[str, Any] = field(default_factory=dict)
    storage_extra_labels: dict[str, Any] = field(default_factory=dict)
    storage_extra_annotations: dict[str, Any] = field(default_factory=dict)

    # the person's namespace, when the hub makes one for each
    enable_user_namespaces: bool = False
    user_namespace_labels: dict[str, Any] = field(default_factory=dict)
    user_namespace_annotations: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContext:
    """The one server that is started: names, the environment the hub gives it, and what is added to its pod.

    `env` is complete, as the hub's ``get_env()`` returns it; a value is text, or a dictionary with ``valueFrom``.
    The names in `secret_env_names` are taken from the Secret `env_secret_name` instead of standing in the pod.
    `labels` and `annotations` replace those made from the settings where they are not None.
    """

    pod_name: str
    namespace: str
    username: str
    servername: str = ""
    pvc_name: str = ""
    userid: int | str = ""
    hub_namespace: str = "default"
    slug_scheme: str = "safe"
    jupyterhub_version: str = ""

    env: Mapping[str, Any] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    port: int | None = None  # None: the settings'
    with_service: bool = False  # whether hub and proxy reach the pod by a service
    secret_env_names: frozenset[str] = frozenset()
    env_secret_name: str | None = None

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None

    ssl_secret_name: str | None = None  # the Secret with the certificates of internal_ssl


_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_BYTES = frozenset({"mem_limit", "mem_guarantee"})


def settings_from(values: Mapping[str, Any]) -> PodSettings:
    """Return the settings with `values` by setting, the rest as KubeSpawner has them by default.

    Raises
    ------
    Misconfigured
        Names the setting whose value has the wrong type, or that does not exist.
    """
    return PodSettings(**{name: _read(name, value) for name, value in values.items()})


def overridden(settings: PodSettings, override: Mapping[str, Any]) -> PodSettings:
    """Return `settings` with `override` laid over them; neither is changed.

    Raises
    ------
    Misconfigured
        Names the setting whose value has the wrong type, or that does not exist.
    """
    changes = {}
    for name, given in override.items():
        value = each_text(name, _json(name, given), _settled)
        before = getattr(settings, name, None)
        if isinstance(value, dict) and isinstance(before, dict):
            value = merged(before, value)
        changes[name] = _read(name, value)
    return replace(settings, **changes)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `change` merged in at every depth; None takes a key away."""
    result = dict(base)
    for key, value in change.items():
        if isinstance(value, dict):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, dict) else {}, value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _read(name: str, value: Any) -> Any:
    """Return the value of one setting in the form that `PodSettings` has it."""
    if name not in _READERS:
        raise Misconfigured(name, "is no setting of a pod")
    read, meant = _READERS[name]
    result = read(_json(name, value))
    if result is _WRONG:
        raise Misconfigured(name, f"is {type(value).__name__} where {meant} is meant")
    return result


def _json(name: str, value: Any) -> Any:
    # A model object is taken as it is: KubeSpawner fills no templates in it.
    return plain(value, literal) if name in TEMPLATES else plain(value)


def _settled(text: str, reader: Reader) -> str:
    """Return what a person typed in the form that its reader leaves alone."""
    return reader.literal(str(text), text.escaped) if isinstance(text, Typed) else text


_WRONG = object()


def _only(*types: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return value if good else _WRONG

    return read


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else _WRONG


def _bytes(value: Any) -> Any:
    if isinstance(value, str) and value[-1:] in _UNITS:
        try:
            return int(float(value[:-1]) * _UNITS[value[-1]])
        except (ValueError, OverflowError):
            return _WRONG
    number = _number(value)
    return number if number is _WRONG else int(number)


def _command(value: Any) -> Any:
    words = [value] if isinstance(value, str) else value
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else _WRONG


def _pull_secrets(value: Any) -> Any:
    # One name alone is an old form.
    return [{"name": value}] if isinstance(value, str) else _only(list)(value)


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_Reader = tuple[Callable[[Any], Any], str]

_BY_TYPE: Mapping[Any, _Reader] = {
    str: (_only(str), "text"),
    str | None: (_or_none(_only(str)), "text"),
    bool: (_only(bool), "True or False"),
    bool | None: (_or_none(_only(bool)), "True, False or None"),
    int: (_only(int), "a whole number"),
    int | None: (_or_none(_only(int)), "a whole number"),
    float | None: (_or_none(_number), "a number"),
    list[str]: (_command, "a list of texts"),
    list[str] | None: (_or_none(_command), "a list of texts"),
    list[Any]: (_only(list), "a list"),
    dict[str, Any]: (_only(dict), "a dictionary"),
    Items: (_only(list, dict), "a list or a dictionary"),
}

_READERS: Mapping[str, _Reader] = {
    **{setting.name: _BY_TYPE[setting.type] for setting in fields(PodSettings)},
    **dict.fromkeys(_BYTES, (_or_none(_bytes), "an amount of memory, such as 4G or a number of bytes")),
    "image_pull_secrets": (_pull_secrets, "a list"),
}
