"""What a Kubernetes event means to somebody who waits for a server, in plain words.

Events are matched by the pod's uid, so that those of an earlier pod of the same name never show. Their texts are hostile:
they are cut to a line and shown as text.
"""

from dataclasses import dataclass

from tenantspawner.kube.objects import Event

_WORDS = {
    "Scheduled": "A node was found.",
    "Pulling": "Pulling the image; the first time on a node this can take minutes.",
    "Pulled": "The image is there.",
    "Created": "The container was created.",
    "Started": "The container was started; waiting for the server in it.",
    "TriggeredScaleUp": "No node is free; the cluster is adding one.",
    "SuccessfulAttachVolume": "The volume is attached.",
    "QuotaReserved": "Kueue has reserved the resources.",
    "Admitted": "Kueue has admitted the server.",
}
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class News:
    """One line for the progress page; `alarming` for warnings."""

    text: str
    alarming: bool = False


def news(event: Event) -> News:
    """Say an event in plain words; a warning keeps Kubernetes' own, as the person must tell them to somebody."""
    message = " ".join(event.message.split())
    message = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
    if event.type == "Warning":
        return News(f"{event.reason}: {message}" if message else event.reason, alarming=True)
    known = _WORDS.get(event.reason)
    if event.reason in {"Pulling", "Pulled"} and known and '"' in message:
        return News(f"{known[:-1]} ({message.split(chr(34))[1]}).")
    return News(known or message or event.reason)
