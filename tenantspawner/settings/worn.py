"""Settings put on a spawner for a while, and taken off again.

A choice never changes configuration. But what JupyterHub itself computes from its settings (environment, arguments),
and what hooks read, has to see the chosen ones. `Worn.wearing` lends them to the spawner and gives the old values
back, whatever happens in between. `Worn.put_on` is for what the hub reads while the server runs, such as
``http_timeout``: that stays until `take_off`, at the next start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from traitlets import HasTraits, TraitError

from tenantspawner.errors import Misconfigured
from tenantspawner.kube.plain import plain
from tenantspawner.plan.settings import PodSettings, merged

_ABSENT = object()
POD_SETTINGS = tuple(setting.name for setting in fields(PodSettings))


class Worn(HasTraits):
    """Lends values to the spawner's settings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._before: dict[str, Any] = {}
        super().__init__(*args, **kwargs)

    @contextmanager
    def wearing(self, settings: PodSettings) -> Iterator[None]:
        """Give the spawner the values of `settings` until the block ends."""
        before: dict[str, Any] = {}
        try:
            for name in POD_SETTINGS:
                worn, own = getattr(settings, name), getattr(self, name)
                if worn != own:
                    before[name] = own
                    self._set(name, plain(worn))
            yield
        finally:
            for name, own in before.items():
                setattr(self, name, own)

    def put_on(self, name: str, value: Any) -> None:
        """Give the spawner one value until `take_off`; a dictionary is merged into the one there is."""
        own = getattr(self, name, _ABSENT)
        if isinstance(value, dict) and isinstance(own, dict):
            value = merged(own, value)
        self._before.setdefault(name, own)
        self._set(name, value)

    def take_off(self) -> None:
        """Give back what `put_on` has changed."""
        while self._before:
            name, own = self._before.popitem()
            if own is _ABSENT:
                delattr(self, name)
            else:
                setattr(self, name, own)

    def _set(self, name: str, value: Any) -> None:
        try:
            setattr(self, name, value)
        except TraitError as why:
            raise Misconfigured(name, str(why)) from None
