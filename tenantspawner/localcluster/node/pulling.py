"""Getting an image for a container: policy, pull, the events and waiting reasons of a kubelet, and its back-off."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tenantspawner.localcluster.node.events import EventRecorder, Subject
from tenantspawner.localcluster.node.images import Images, PullError, normalised, pull_policy
from tenantspawner.localcluster.node.sandbox import Sandbox
from tenantspawner.localcluster.node.status import Waiting

LONGEST_BACKOFF = 300
_SHOWN_SECONDS = 0.5
"""How long ``ErrImagePull`` shows before it turns into ``ImagePullBackOff``; a kubelet's next look at the pod."""


def delays(first: float) -> Iterator[float]:
    """Yield the back-off's seconds: doubling, up to five minutes."""
    delay = first
    while True:
        yield delay
        delay = min(delay * 2, LONGEST_BACKOFF)


class Puller:
    """Gets the image of one container."""

    def __init__(self, images: Images, events: EventRecorder, sandbox: Sandbox, subject: Subject) -> None:
        self._images = images
        self._events = events
        self._sandbox = sandbox
        self._subject = subject

    async def have(self, container: Mapping[str, Any], waiting: Callable[[Waiting], None], first: float) -> str:
        """Return the full name of the image once it is present, however long that takes.

        Raises
        ------
        StoppedError
            The pod is to end.
        """
        for delay in delays(first):
            try:
                return await self._get(container)
            except PullError as problem:
                await self._wait(container["image"], problem, waiting, delay)
        raise AssertionError("delays never end")

    async def _get(self, container: Mapping[str, Any]) -> str:
        image = normalised(container["image"])
        policy = pull_policy(container.get("imagePullPolicy"), image)
        if self._images.present(image) and policy != "Always":
            self._events.normal(self._subject, "Pulled", f'Container image "{image}" already present on machine')
            return image
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            raise PullError("ErrImageNeverPull", message)
        await self._pull(image)
        return image

    async def _pull(self, image: str) -> None:
        self._events.normal(self._subject, "Pulling", f'Pulling image "{image}"')
        begun = time.monotonic()
        try:
            await self._images.pull(image)
        except PullError as problem:
            raise PullError(problem.reason, f'Failed to pull image "{image}": {problem}') from None
        taken = f"{time.monotonic() - begun:.3f}s"
        self._events.normal(
            self._subject, "Pulled", f'Successfully pulled image "{image}" in {taken} ({taken} including waiting)'
        )

    async def _wait(self, image: str, problem: PullError, waiting: Callable[[Waiting], None], delay: float) -> None:
        self._sandbox.check()
        waiting(Waiting(problem.reason, str(problem)))
        reason = "InspectFailed" if problem.reason == "InvalidImageName" else "Failed"
        self._events.warning(self._subject, reason, str(problem))
        self._events.warning(self._subject, "Failed", f"Error: {problem.reason}")
        if problem.reason != "ErrImagePull":
            await self._sandbox.pause(delay)
            return
        await self._sandbox.pause(min(_SHOWN_SECONDS, delay))
        message = f'Back-off pulling image "{image}"'
        waiting(Waiting("ImagePullBackOff", f"{message}: {problem.reason}: {problem}"))
        self._events.normal(self._subject, "BackOff", message)
        self._events.warning(self._subject, "Failed", "Error: ImagePullBackOff")
        await self._sandbox.pause(delay)
