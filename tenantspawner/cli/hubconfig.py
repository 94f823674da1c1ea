"""What a hub's configuration file says about tenancy: the envelope, the profile list, settings of pods.

The file is run, as JupyterHub runs it. ``c.TenantSpawner`` wins over ``c.KubeSpawner``, as a subclass's section does.
What only a running hub knows (callables) is left out, and named.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

from tenantspawner.plan.settings import PodSettings, settings_from
from tenantspawner.policy import HubProfile, hub_profiles
from tenantspawner.tenancy import Envelope

SECTIONS = ("Spawner", "KubeSpawner", "TenantSpawner")


class UnusableConfig(Exception):
    """The file cannot be run, or says something impossible; the sentence says what."""


@dataclass(frozen=True, slots=True)
class HubConfig:
    """What was found. `profiles` is None where the list is a callable."""

    envelope: Envelope
    profiles: Mapping[str, HubProfile] | None
    settings: PodSettings
    unchecked: tuple[str, ...] = ()
    pod_name_template: str = "jupyter-{user_server}"
    pvc_name_template: str = "claim-{user_server}"
    slug_scheme: str = "safe"


def load(path: str) -> HubConfig:
    """Run a configuration file.

    Raises
    ------
    UnusableConfig
        The file is missing, raises, or has values that do not fit.
    """
    said = _section(path)
    entries = said.get("profile_list") or []
    unchecked = (
        ("profiles of the hub's own list: c.KubeSpawner.profile_list is a callable",) if callable(entries) else ()
    )
    try:
        profiles = None if callable(entries) else hub_profiles(entries)
        return HubConfig(_envelope(said), profiles, _settings(said), unchecked, **_names(said))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        traits = {field.alias: name for name, field in Envelope.model_fields.items()}
        trait = traits.get(str(first["loc"][0]), "")
        raise UnusableConfig(f"{path}: c.TenantSpawner.{trait}: {first['msg']}") from None
    except Exception as error:
        raise UnusableConfig(f"{path}: {error}") from error


def _section(path: str) -> dict[str, Any]:
    try:
        config = PyFileConfigLoader(Path(path).name, str(Path(path).parent)).load_config()
    except ConfigFileNotFound:
        raise UnusableConfig(f"{path} cannot be read: there is no such file") from None
    except Exception as error:
        raise UnusableConfig(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    said: dict[str, Any] = {}
    for section in SECTIONS:
        said.update(config.get(section, {}))
    return said


def _envelope(said: Mapping[str, Any]) -> Envelope:
    home = os.environ.get("POD_NAMESPACE", "default")
    hub_id = said.get("hub_id") or home
    known = {"hub_id": hub_id, "hub_namespace": home, "namespace_prefix": f"{hub_id}-"}
    known |= {name: said[name] for name in Envelope.model_fields if name in said}
    values = {str(Envelope.model_fields[name].alias): _plain(value) for name, value in known.items()}
    return Envelope.model_validate(values)


def _names(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(said[name]) for name in ("pod_name_template", "pvc_name_template", "slug_scheme") if name in said}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (set, frozenset, tuple)) else value


def _settings(said: Mapping[str, Any]) -> PodSettings:
    names = {setting.name for setting in fields(PodSettings)}
    return settings_from({key: value for key, value in said.items() if key in names and not callable(value)})
