"""Logs of containers: the API server fetches them from the kubelet of the pod's node and hands them on."""

import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster.api.exchange import Question
from tenantspawner.localcluster.attributes import FieldProblem, Refusal
from tenantspawner.localcluster.store import Store

Object = dict[str, Any]

_HANDED_ON = ("follow", "tailLines", "sinceSeconds", "sinceTime", "timestamps", "previous", "limitBytes")


class LogProxy:
    """Asks kubelets; `token` is what only the API and the nodes know."""

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def stream(self, request: web.Request, pod: Object, question: Question) -> web.StreamResponse:
        """Answer with a container's log.

        Raises
        ------
        Refusal
            400 where it must be said which container, or there is none of that name, or it has not started.
        """
        _check_options(pod, question.query)
        container = _container(pod, question.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)
        url = self._url(pod, container)
        query = {key: question.query[key] for key in _HANDED_ON if key in question.query}
        try:
            upstream = await self._get(url, query)
        except aiohttp.ClientError as error:
            raise Refusal.internal(f'Get "{url}": {error}') from None
        try:
            return await _hand_on(request, upstream)
        finally:
            upstream.close()

    async def _get(self, url: str, query: dict[str, str]) -> aiohttp.ClientResponse:
        if self._session is None:
            context = ssl.create_default_context()
            context.check_hostname = False  # kubelets sign their own certificates
            context.verify_mode = ssl.CERT_NONE
            connector = aiohttp.TCPConnector(ssl=context, limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=None, connect=10)
            )
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            return await self._session.get(url, params=query, headers=headers)
        except aiohttp.ClientSSLError:
            return await self._session.get(url.replace("https:", "http:", 1), params=query, headers=headers)

    def _url(self, pod: Object, container: str) -> str:
        node_name = pod["spec"]["nodeName"]
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        node = self._store.get(kube.NODE, None, node_name)
        if node is None:
            raise Refusal.not_found(kube.NODE, node_name)
        status = node.get("status", {})
        addresses = {entry["type"]: entry["address"] for entry in status.get("addresses", [])}
        address = addresses.get("InternalIP") or addresses.get("Hostname") or "127.0.0.1"
        port = status.get("daemonEndpoints", {}).get("kubeletEndpoint", {}).get("Port", 10250)
        return f"https://{address}:{port}/containerLogs/{namespace}/{name}/{container}"

    async def close(self) -> None:
        """Close the connections to kubelets."""
        if self._session is not None:
            await self._session.close()


def _check_options(pod: Object, query: Mapping[str, str]) -> None:
    """Refuse a number that says nothing."""
    for name, least, words in (("tailLines", 0, "greater than or equal to 0"), ("sinceSeconds", 1, "greater than 0")):
        text = query.get(name, "")
        if text.removeprefix("-").isdigit() and int(text) < least:
            problem = FieldProblem.invalid(name, int(text), f"must be {words}")
            details = {"name": pod["metadata"]["name"], "kind": "PodLogOptions", "causes": [problem.cause]}
            message = f'PodLogOptions "{pod["metadata"]["name"]}" is invalid: {name}: {problem.message}'
            raise Refusal(422, "Invalid", message, details)


def _container(pod: Object, name: str) -> str:
    spec = pod["spec"]
    regular = [container["name"] for container in spec["containers"]]
    init = [container["name"] for container in spec.get("initContainers", [])]
    pod_name = pod["metadata"]["name"]
    if not name:
        if len(regular) == 1:
            return str(regular[0])
        choose = f"choose one of: [{' '.join(regular)}]"
        if init:
            choose += f" or one of the init containers: [{' '.join(init)}]"
        raise Refusal.bad_request(f"a container name must be specified for pod {pod_name}, {choose}")
    if name not in regular + init:
        raise Refusal.bad_request(f"container {name} is not valid for pod {pod_name}")
    return name


async def _hand_on(request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    if upstream.status >= 400:  # noqa: PLR2004  # any error
        words = (await upstream.text()).strip()
        raise Refusal(upstream.status, "BadRequest" if upstream.status == 400 else "NotFound", words[:500])  # noqa: PLR2004
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
    except (ConnectionError, aiohttp.ClientError):
        pass  # one of the two has gone
    return response
