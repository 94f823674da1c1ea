"""Names of the form's controls, and the way back from what a browser posts to plain options.

Without JavaScript every profile's controls are sent, so each name says whose it is: ``image@physics/gpu``. One
control, `SERVER`, holds the chosen team and profile; only that profile's controls are read. Ids are used, never
positions: a document that changes while a form is open cannot turn one choice into another.

Reading never raises and believes nothing; `policy.read_request` judges what comes out. Names this form does not
have are passed on, so that they are refused by name, except those that begin with ``_``, which are the hub's.
"""

from collections.abc import Iterable, Mapping

SERVER = "server"
UNLISTED = "--unlisted-choice"
"""The value that stands for "something else, typed beside it"; the suffix of the option with that text."""

PLAIN = ("tenant", "profile", "image", "devices")
_OPTION = "option."
_MOST_KEYS = 5000
_MOST_PASSED_ON = 101  # one more than read_request takes, so that it says what is wrong


def control(kind: str, server: str, key: str = "") -> str:
    """Name a control of one profile: kind ``image``, ``image-text``, ``devices``, ``option`` or ``option-text``."""
    return f"{kind}@{server}@{key}" if key else f"{kind}@{server}"


def server_value(tenant: str, profile: str) -> str:
    """The value that stands for a profile of a team."""
    return f"{tenant}/{profile}"


def fields_to_options(formdata: object) -> dict[str, object]:
    """Turn posted fields into ``tenant``, ``profile``, ``image``, ``devices``, ``options``; what is empty is left out."""
    sent = _firsts(formdata)
    options: dict[str, object] = {key: value for key, value in sent.items() if "@" not in key and key != SERVER}
    server = sent.get(SERVER, "")
    tenant, slash, profile = server.partition("/")
    if server:
        options |= {"tenant": tenant, "profile": profile} if slash else {"profile": tenant}
        options |= _of_profile(sent, server)
    return dict(list(options.items())[:_MOST_PASSED_ON])


def query_to_options(query: object) -> dict[str, object]:
    """Turn a link's query into options to fill the form in with; unknown keys are other people's and left alone.

    ``?profile=gpu&devices=2&option.size=big``; JupyterHub's ``opt-`` before a key is taken off.
    """
    sent = {key.removeprefix("opt-"): value for key, value in _firsts(query).items()}
    plain: dict[str, object] = {key: sent[key] for key in PLAIN if key in sent}
    options = {key.removeprefix(_OPTION): value for key, value in sent.items() if key.startswith(_OPTION)}
    if SERVER in sent:
        return fields_to_options(query)
    return {**plain, "options": options} if options else plain


def _of_profile(sent: Mapping[str, str], server: str) -> dict[str, object]:
    """Read one profile's controls."""
    found: dict[str, object] = {}
    image = sent.get(control("image", server), "")
    text = sent.get(control("image-text", server), "").strip()
    if image == UNLISTED or not image:
        image = text
    if image:
        found["image"] = image
    devices = sent.get(control("devices", server), "")
    if devices:
        found["devices"] = devices
    options = dict(_options(sent, server))
    if options:
        found["options"] = options
    return found


def _options(sent: Mapping[str, str], server: str) -> Iterable[tuple[str, str]]:
    prefix, text_prefix = control("option", server) + "@", control("option-text", server) + "@"
    for name, value in sent.items():
        key = name.removeprefix(prefix)
        if name.startswith(prefix) and value != UNLISTED:
            yield key, value
        elif name.startswith(prefix):
            yield key + UNLISTED, sent.get(text_prefix + key, "").strip()


def _firsts(fields: object) -> dict[str, str]:
    """Take the first text of each field that has one, of so many fields as a form can have."""
    if not isinstance(fields, Mapping) or len(fields) > _MOST_KEYS:
        return {}
    found: dict[str, str] = {}
    for key, values in fields.items():
        value = values[0] if isinstance(values, (list, tuple)) and values else values
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(key, str) and isinstance(value, str) and value and not key.startswith("_"):
            found[key] = value
    return found
