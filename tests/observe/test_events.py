"""What an event means to somebody who waits: plain words for what goes well, Kubernetes' own for what does not."""

import pytest

from tenantspawner.kube.objects import Event, read
from tenantspawner.observe import News, news


def event(reason, message="", type_="Normal"):
    return read(
        Event, {"metadata": {"name": "e", "resourceVersion": "1"}, "reason": reason, "message": message, "type": type_}
    )


CASES = [
    (event("Scheduled", "Successfully assigned x/p to n"), News("A node was found.")),
    (event("Pulling", 'Pulling image "x:1"'), News("Pulling the image; the first time on a node this can take minutes (x:1).")),
    (event("Pulling", "Pulling"), News("Pulling the image; the first time on a node this can take minutes.")),
    (event("Pulled", 'Container image "x:1" already present on machine'), News("The image is there (x:1).")),
    (event("Pulled", 'an odd "quote'), News("The image is there.")),
    (event("Started"), News("The container was started; waiting for the server in it.")),
    (event("TriggeredScaleUp", "pod triggered scale-up"), News("No node is free; the cluster is adding one.")),
    (event("NotTriggerScaleUp", "pod didn't trigger scale-up"), News("No node is free, and the cluster cannot add one that fits.", alarming=True)),
    (event("Started", "Admitted by clusterQueue cq"), News("Kueue has admitted the server.")),
    (event("CreatedWorkload", "Created Workload: n/pod-p-1"), News("Kueue has taken the server into its queue.")),
    (event("QuotaReserved", "x"), News("Kueue has reserved the resources.")),
    (event("Odd", "something\nhappened"), News("something happened")),
    (event("Odd"), News("Odd")),
    (event("FailedScheduling", "0/3 nodes are available.", "Warning"), News("FailedScheduling: 0/3 nodes are available.", alarming=True)),
    (event("FailedMount", "", "Warning"), News("FailedMount", alarming=True)),
    (event("Scheduled", "x", "Warning"), News("Scheduled: x", alarming=True)),
]  # fmt: skip


@pytest.mark.parametrize(("said", "told"), CASES, ids=lambda value: getattr(value, "reason", None))
def test_an_event_is_one_line_of_plain_words(said, told):
    assert news(said) == told


def test_hostile_events_are_text_on_one_line():
    line = news(event("Odd\x07", "<script>\x1b[2J\u202e\n" + "x" * 10_000, "Warning")).text
    assert line.isprintable()
    assert len(line) < 450
    assert line.startswith("Odd: <script>")
