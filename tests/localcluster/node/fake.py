"""A pretended API server for the node's tests: objects in a dict, lists, watches, merge patches, graceful pod deletion.

It knows just enough to be talked to; what the node must survive (a watch that ends, a version that is gone, an answer
of 500) is scripted with `break_watches`, `forget` and `fail_next`.
"""

import asyncio
import itertools
import json
import uuid
from contextlib import suppress

from aiohttp import web


class FakeApi:
    def __init__(self):
        self.objects = {}
        self.history = []
        self.requests = []
        self.watches = set()
        self.fail_next = []
        self.oldest = 0
        self._versions = itertools.count(1)
        self._version = 0
        self._runner = None

    async def __aenter__(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_):
        self.break_watches()
        await self._runner.cleanup()

    def put(self, path, obj):
        """Create or replace an object as somebody else would."""
        old = self.objects.get(path)
        metadata = obj.setdefault("metadata", {})
        metadata.setdefault("name", path.rsplit("/", 1)[-1])
        parts = path.split("/")
        if "namespaces" in parts:
            metadata.setdefault("namespace", parts[parts.index("namespaces") + 1])
        metadata.setdefault("uid", old["metadata"]["uid"] if old else str(uuid.uuid4()))
        self._version = next(self._versions)
        metadata["resourceVersion"] = str(self._version)
        self.objects[path] = obj
        self._happened("MODIFIED" if old else "ADDED", path, obj)
        return obj

    def remove(self, path):
        obj = self.objects.pop(path)
        self._version = next(self._versions)
        obj["metadata"]["resourceVersion"] = str(self._version)
        self._happened("DELETED", path, obj)

    def change(self, path, patch):
        return self.put(path, _merged(json.loads(json.dumps(self.objects[path])), patch))

    def pod(self, name, namespace="default", **spec):
        spec = {"nodeName": "n1", "restartPolicy": "Never"} | spec
        return self.put(f"/api/v1/namespaces/{namespace}/pods/{name}", {"spec": spec, "status": {"phase": "Pending"}})

    def pod_now(self, name, namespace="default"):
        return self.objects.get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def delete_pod(self, name, grace=5):
        """Begin a graceful deletion."""
        patch = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace}}
        self.change(f"/api/v1/namespaces/default/pods/{name}", patch)

    def events(self, name):
        return [
            (obj["reason"], obj["message"])
            for path, obj in self.objects.items()
            if "/events/" in path and obj["involvedObject"]["name"] == name
        ]

    def break_watches(self):
        for queue in list(self.watches):
            queue.put_nowait(None)

    def forget(self):
        """Make every version up to now too old to be watched from."""
        self._version = self.oldest = next(self._versions)
        self.break_watches()

    async def until(self, condition, seconds=40):
        async def wait():
            while True:
                with suppress(KeyError, IndexError, TypeError):
                    if value := condition():
                        return value
                await asyncio.sleep(0.01)

        return await asyncio.wait_for(wait(), seconds)

    async def until_phase(self, name, phase, seconds=40):
        return await self.until(
            lambda: self.pod_now(name) if self.pod_now(name)["status"]["phase"] == phase else None, seconds
        )

    def _happened(self, kind, path, obj):
        event = (self._version, kind, path, json.loads(json.dumps(obj)))
        self.history.append(event)
        for queue in list(self.watches):
            queue.put_nowait(event)

    async def _serve(self, request):
        path = request.path
        self.requests.append((request.method, path, dict(request.query)))
        if self.fail_next and self.fail_next[0][0] == request.method:
            return _status(self.fail_next.pop(0)[1], "Scripted")
        if request.method == "GET":
            if path in self.objects:
                return web.json_response(self.objects[path])
            if path.rsplit("/", 1)[-1] in {"pods", "nodes"}:
                return await (self._watch(request) if request.query.get("watch") else self._list(request))
            return _status(404, "NotFound")
        body = await request.json()
        return {"POST": self._post, "PATCH": self._patch, "DELETE": self._delete}[request.method](path, body)

    async def _list(self, request):
        items = [obj for path, obj in self.objects.items() if _wanted(path, obj, request)]
        return web.json_response({"items": items, "metadata": {"resourceVersion": str(self._version)}})

    async def _watch(self, request):
        since = int(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        if since < self.oldest:
            error = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "metadata": {}}}
            await response.write(json.dumps(error).encode() + b"\n")
            return response
        queue = asyncio.Queue()
        for event in self.history:
            if event[0] > since:
                queue.put_nowait(event)
        self.watches.add(queue)
        try:
            while (event := await queue.get()) is not None:
                _, kind, path, obj = event
                if _wanted(path, obj, request):
                    await response.write(json.dumps({"type": kind, "object": obj}).encode() + b"\n")
        except ConnectionError:
            pass
        finally:
            self.watches.discard(queue)
        return response

    def _post(self, path, body):
        if path.endswith("/binding"):
            return web.json_response(
                self.change(path.removesuffix("/binding"), {"spec": {"nodeName": body["target"]["name"]}})
            )
        where = f"{path}/{body['metadata']['name']}"
        if where in self.objects:
            return _status(409, "AlreadyExists")
        return web.json_response(self.put(where, body), status=201)

    def _patch(self, path, body):
        path = path.removesuffix("/status")
        if path not in self.objects:
            return _status(404, "NotFound")
        if (
            body.get("metadata", {}).get("uid", self.objects[path]["metadata"]["uid"])
            != self.objects[path]["metadata"]["uid"]
        ):
            return _status(409, "Conflict")
        return web.json_response(self.change(path, body))

    def _delete(self, path, body):
        if path not in self.objects:
            return _status(404, "NotFound")
        if body["preconditions"]["uid"] != self.objects[path]["metadata"]["uid"]:
            return _status(409, "Conflict")
        self.remove(path)
        return web.json_response({"kind": "Status", "status": "Success"})


def _wanted(path, obj, request):
    kind = request.path.rsplit("/", 1)[-1]
    if f"/{kind}/" not in path:
        return False
    selector = request.query.get("fieldSelector", "")
    return not selector or obj.get("spec", {}).get("nodeName") == selector.removeprefix("spec.nodeName=")


def _status(code, reason):
    return web.json_response({"kind": "Status", "code": code, "reason": reason, "message": reason}, status=code)


def _merged(target, patch):
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            target[key] = _merged(target[key], value)
        else:
            target[key] = value
    return target
