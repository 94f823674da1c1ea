"""Profiles to choose from: where they come from, the form in which they are offered, the overrides that follow.

The form is a Jinja2 template with the variables and field names of KubeSpawner's, so that templates written for it
work; ours needs no script. Text is escaped. Saved options are shown again only while they can still be had.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from jupyterhub.traitlets import Callable
from jupyterhub.utils import maybe_future
from traitlets import Dict, HasTraits, List, Union, default

from tenantspawner.errors import Misconfigured, Refused
from tenantspawner.plan.pod import in_order
from tenantspawner.settings import choice
from tenantspawner.settings.traits import text

_OURS = "profiles.html"
_THEIRS = "form.html"


class Profiles(HasTraits):
    """`profile_list` and its form."""

    profile_list = Union(
        [List(Dict()), Callable(), Dict()],
        help="Profiles to choose from: a list, a dictionary in the order of its keys, or a function of the spawner that "
        "returns a list and may be async. Each has ``display_name``, ``kubespawner_override`` (settings by name; "
        "dictionaries are merged, None takes a key away; a value may be a function of the spawner), and optionally "
        "``slug``, ``description``, ``default`` and ``profile_options``. An option has ``display_name``, ``choices`` "
        "(each with ``display_name``, ``default``, ``kubespawner_override``) and ``unlisted_choice`` for text that is "
        "typed: ``enabled``, ``display_name``, ``display_name_in_choices``, ``validation_regex`` (which the whole text "
        "must match), ``validation_message``, and ``kubespawner_override`` with ``{value}`` where the text goes.",
    ).tag(config=True)
    profile_form_template = text(
        "", "A Jinja2 template for the form, as text. It gets ``profile_list`` and ``user_options``."
    )
    additional_profile_form_template_paths: Any = List(
        help="Directories with templates; a file ``form.html`` in one of them is the form."
    ).tag(config=True)

    log: Any
    user_options: Any

    @default("options_form")
    def _options_form_default(self) -> Any:
        # Made anew each time: what was saved changes between two visits of one spawner.
        return self._render_options_form_dynamically if self.profile_list else ""

    async def _render_options_form_dynamically(self, current_spawner: Any) -> str:
        profiles = self.profile_list
        if callable(profiles):
            profiles = await maybe_future(profiles(current_spawner))
        return self._render_options_form(in_order(profiles or []))

    def _render_options_form(self, profile_list: list[dict[str, Any]]) -> str:
        """Return the form that offers `profile_list`."""
        profiles = choice.completed(profile_list)
        environment = self._form_environment()
        if self.profile_form_template:
            template = environment.from_string(self.profile_form_template)
        else:
            template = environment.select_template([_THEIRS, _OURS])
        return str(template.render(profile_list=profiles, user_options=self._options_that_hold(profiles)))

    def _form_environment(self) -> Environment:
        paths = FileSystemLoader(self.additional_profile_form_template_paths)
        environment = Environment(
            loader=ChoiceLoader([paths, PackageLoader("tenantspawner.settings", "templates")]), autoescape=True
        )
        environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # profiles have an order
        return environment

    def _options_that_hold(self, profiles: list[dict[str, Any]]) -> dict[str, Any]:
        options = self.user_options if isinstance(self.user_options, dict) else {}
        try:
            choice.overrides(profiles, options)
        except (Refused, Misconfigured):
            self.log.info("The options saved for a server no longer hold and are not offered again")
            return {}
        return options

    @default("options_from_form")
    def _options_from_form_default(self) -> Any:
        return self._options_from_form

    def _options_from_form(self, formdata: Mapping[str, Any]) -> dict[str, str]:
        """Return what a form asked for; nothing is decided here."""
        return choice.from_form(formdata)

    async def _profiles(self) -> list[dict[str, Any]]:
        """Return the profiles of this moment, with slugs and defaults."""
        profiles = self.profile_list
        if callable(profiles):
            profiles = await maybe_future(profiles(self))
        return choice.completed(in_order(profiles or []))

    async def _chosen_overrides(self) -> list[Mapping[str, Any]]:
        """Return the overrides of the chosen profile and options, in order.

        Raises
        ------
        Refused
            Names the option that is not to be had, also when the options are no dictionary.
        """
        options = {} if self.user_options is None else self.user_options
        if not isinstance(options, dict):
            raise Refused("options", "must be an object with a field for each option")
        return choice.overrides(await self._profiles(), options)
