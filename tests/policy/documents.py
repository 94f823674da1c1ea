"""Small documents that policy's and form's tests share."""

from datetime import date
from functools import cache
from typing import Any

import yaml

from tenantspawner.policy import Entitlements, Identity, Username, entitle, hub_profiles
from tenantspawner.tenancy.models import Tenancy

TODAY = date(2026, 11, 24)

UNIVERSITY = """
version: 1
contact: help@example.edu
default: guests
images:
  scipy: {image: "quay.io/jupyter/scipy-notebook:2026-10-20", displayName: SciPy, description: NumPy and pandas}
  pytorch: {image: "quay.io/jupyter/pytorch-notebook:cuda12", displayName: PyTorch}
  secret: {image: "registry.corp/chem/secret:1"}
profiles:
  small: {displayName: Small, cpu: {request: 250m, limit: 1}, memory: 4Gi}
  gpu: {displayName: GPU workstation, cpu: 8, memory: 64Gi, gpu: {choices: [1, 2, 4], default: 1}, images: [pytorch]}
  mig: {displayName: Slice, gpu: {resource: nvidia.com/mig-1g.10gb, choices: [1]}}
  big: {displayName: Big, cpu: 64, memory: 4Gi}
  unusable: {images: [secret]}
  tuned:
    displayName: Tuned
    override: {environment: {A: "1", B: "1"}, cpu_limit: 2}
    options:
      size:
        display_name: Size
        choices:
          s: {display_name: Little, kubespawner_override: {cpu_limit: 1}}
          l: {display_name: Large, default: true, kubespawner_override: {cpu_limit: 4, environment: {B: null, C: "1"}}}
      note:
        display_name: Note
        unlisted_choice:
          enabled: true
          display_name: Your note
          validation_regex: "[a-z{}$().:_A-Z0-9>\\"]*"
          validation_message: letters only
          kubespawner_override: {environment: {NOTE: "{value}", BOTH: "{{{value}}}-{username}"}}
        choices: {none: {display_name: None}}
tenants:
  physics:
    displayName: Physics
    members:
      - groups: [physics, "physics-*"]
      - users: [alice]
        quota: {gpu: 4}
      - groups: [narrow]
        profiles: [gpu]
        images: ["quay.io/jupyter/pytorch-notebook:cuda12"]
        quota: {cpu: 8}
      - groups: [wide]
        quota: {cpu: 32, gpu: 8}
      - users: [ended]
        until: 2026-11-24
    images: [scipy, pytorch, "registry.corp/team/*"]
    profiles: [small, gpu, tuned, big, unusable]
    quota: {user: {cpu: 16, memory: 64Gi, gpu: 2, servers: 3, storage: 10Gi}}
  chemistry:
    displayName: Chemistry
    members: [{groups: [chem]}, {users: [alice]}]
    images: [secret]
    profiles: [mig]
  guests: {members: [], images: [scipy], profiles: [small]}
"""


@cache  # values that nobody changes; reading YAML was a third of this package's time
def tenancy(text: str = UNIVERSITY) -> Tenancy:
    return Tenancy.model_validate(yaml.safe_load(text))


def person(name: str, *groups: str) -> Identity:
    return Identity(Username(name), frozenset(groups))


def entitled(name: str, *groups: str, document: Tenancy | None = None, hub: Any = ()) -> Entitlements:
    return entitle(document or tenancy(), person(name, *groups), TODAY, hub_profiles(hub))
