"""The page as HTML: a fragment that JupyterHub places inside its own ``<form>``, above its Start button.

Autoescaped, no inline script, style or handler; complete without JavaScript. Of the profiles only the chosen one's
controls are shown and can be reached with Tab, by a rule of the style sheet alone.
"""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from tenantspawner.form.fields import SERVER, UNLISTED
from tenantspawner.form.pages import Availability, page
from tenantspawner.form.view import Page
from tenantspawner.policy import Entitlements

STATIC_FILE = "tenantspawner.css"
"""The one style sheet, in ``form/static``."""


def render(
    entitlements: Entitlements,
    *,
    static_url: str,
    prefill: object = None,
    last: object = None,
    refusal: tuple[str, str] | None = None,
    availability: Availability | None = None,
) -> str:
    """Write the form for one person.

    Parameters
    ----------
    static_url
        Where the hub serves `STATIC_FILE`.
    prefill
        What a link says (`query_to_options`), or the options that were just refused. Hostile.
    last
        The stored options of last time. Hostile.
    refusal
        Field and sentence of a refusal, to be shown where the field is.
    availability
        What is free now; choices that cannot be met are shown, disabled, with the reason.
    """
    shown = page(entitlements, prefill=prefill, last=last, refusal=refusal, availability=availability)
    return _written(shown, static_url)


def closed(sentence: str, *, static_url: str) -> str:
    """Write the form for when nobody can start anything; `sentence` says why."""
    return _written(Page((), nothing=sentence), static_url)


def _written(shown: Page, static_url: str) -> str:
    return (
        _environment()
        .get_template("form.html")
        .render(page=shown, static_url=static_url, server=SERVER, unlisted=UNLISTED)
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tenantspawner.form", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
