"""The settings, from the traits themselves: by topic, with type, default and help."""

import inspect
import textwrap

from traitlets import Dict, List, Undefined

from tenantspawner.spawner import TenantSpawner

TOPICS = {
    "tenancy": ("Tenancy", "Our own; everything else is KubeSpawner's. Without a tenancy these change nothing."),
    "connection": ("The API server", "By default the one of the pod's service account, or of `KUBECONFIG`."),
    "naming": ("Names and namespace", "Templates take `{username}`, `{servername}` and what else upstream knows."),
    "container": ("Container", ""),
    "security": ("Security", "Under a tenancy these are only hardened: pods meet Pod Security `restricted`."),
    "scheduling": ("Scheduling", ""),
    "storage": ("Storage", ""),
    "network": ("Network", ""),
    "profiles": ("Profiles", "A tenancy offers these as `hub:<slug>`."),
    "running": ("Start and stop", ""),
    "deprecated": ("Former names", "Read, with a warning."),
}


def page():
    traits = TenantSpawner.class_traits(config=True)
    topics = {}
    for name, trait in sorted(traits.items()):
        topics.setdefault(trait.this_class.__module__.rpartition(".")[2], []).append((name, trait))
    parts = []
    for topic, (title, introduction) in TOPICS.items():
        if topic in topics:
            owner = "TenantSpawner" if topic == "tenancy" else "KubeSpawner"
            parts += [f"## {title}\n", f"{introduction}\n" if introduction else ""]
            parts += [entry(owner, name, trait) for name, trait in topics[topic]]
    return "\n".join(parts)


def entry(owner, name, trait):
    text = " ".join(inspect.cleandoc(trait.help or "").split()).replace("``", "`")
    return f"`c.{owner}.{name}`\n: {describe(trait)}{default(trait)}\n\n{textwrap.indent(text, '  ')}\n"


def describe(trait):
    return (
        trait.info().removesuffix(" or None").removeprefix("an ").removeprefix("a ").replace("unicode string", "text")
    )


def default(trait):
    value = trait.default() if isinstance(trait, List | Dict) else trait.default_value
    if value is Undefined or value is None or callable(value) or value in ("", (), [], {}):
        return ""
    return f", default `{value!r}`"
