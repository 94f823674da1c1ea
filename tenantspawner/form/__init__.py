"""How it is asked: entitlements become HTML, and what a browser posts becomes options again.

`render` writes the picker for one person, `fields_to_options` reads what it posts, `query_to_options` what a link
says. Nothing here decides what somebody may have: that is `policy.choose`, which sees every request again.
"""

from tenantspawner.form.fields import fields_to_options, query_to_options
from tenantspawner.form.pages import Availability, page
from tenantspawner.form.render import STATIC_FILE, closed, render
from tenantspawner.form.view import Free, Page

__all__ = [
    "STATIC_FILE",
    "Availability",
    "Free",
    "Page",
    "closed",
    "fields_to_options",
    "page",
    "query_to_options",
    "render",
]
