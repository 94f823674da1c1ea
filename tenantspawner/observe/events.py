"""What a Kubernetes event means to somebody who waits for a server, in plain words.

Events are matched by the pod's uid, so that those of an earlier pod of the same name never show. Their texts are hostile:
they are cut to a line and shown as text.
"""

from dataclasses import dataclass

from tenantspawner.kube.objects import Event
from tenantspawner.observe.words import one_line

_WORDS = {
    "Scheduled": "A node was found.",
    "Nominated": "A node is being made ready.",
    "NotTriggerScaleUp": "No node is free, and the cluster cannot add one that fits.",
    "Pulling": "Pulling the image; the first time on a node this can take minutes.",
    "Pulled": "The image is there.",
    "Created": "The container was created.",
    "Started": "The container was started; waiting for the server in it.",
    "TriggeredScaleUp": "No node is free; the cluster is adding one.",
    "SuccessfulAttachVolume": "The volume is attached.",
    "WaitForFirstConsumer": "The volume is made where the server will run.",
    "CreatedWorkload": "Kueue has taken the server into its queue.",
    "QuotaReserved": "Kueue has reserved the resources.",
    "Admitted": "Kueue has admitted the server.",
    "Killing": "The container is being stopped.",
}
NODE_COMES = frozenset({"TriggeredScaleUp", "Nominated"})
"""By these cluster-autoscaler and Karpenter say that they are making a node for a pod."""
_ALARMING = frozenset({"NotTriggerScaleUp"})
_WITH_IMAGE = frozenset({"Pulling", "Pulled"})


@dataclass(frozen=True, slots=True)
class News:
    """One line for the progress page; `alarming` for warnings."""

    text: str
    alarming: bool = False


def news(event: Event) -> News:
    """Say an event in plain words; a warning keeps Kubernetes' own, as the person must tell them to somebody."""
    message, reason = one_line(event.message), one_line(event.reason)
    if event.type == "Warning":
        return News(f"{reason}: {message}" if message else reason, alarming=True)
    known = _WORDS.get("Admitted" if _is_admission(event) else event.reason)
    if known and event.reason in _WITH_IMAGE and message.count('"') > 1:
        known = f"{known[:-1]} ({message.split(chr(34))[1]})."
    return News(known or message or reason, alarming=event.reason in _ALARMING)


def _is_admission(event: Event) -> bool:
    """Kueue tells of a pod's admission by the word that the kubelet has for a container's start."""
    return event.reason == "Started" and event.message.startswith("Admitted by ")
