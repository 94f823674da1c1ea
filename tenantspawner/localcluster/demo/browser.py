"""A person with a browser, without the browser: pages, cookies, forms with their tokens, redirects.

Only what a person could do is done here; REST calls carry a token that the person has made for themselves.
"""

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

CELL_SECONDS = 30.0


class Form(HTMLParser):
    """The form of a page: where it goes, what is filled in, what can be chosen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self.texts: list[str] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms, inputs and options."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form" and not self.action:
            self.action = given.get("action", "")
        elif tag == "input" and name:
            self._input(name, given)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "disabled" not in given:
            self._offer(self._select, given.get("value", ""), chosen="selected" in given)

    def handle_data(self, data: str) -> None:
        """Collect what is shown."""
        if text := " ".join(data.split()):
            self.texts.append(text)

    def _input(self, name: str, given: Mapping[str, str]) -> None:
        if given.get("type") in {"radio", "checkbox"}:
            if "disabled" not in given:
                self._offer(name, given.get("value", ""), chosen="checked" in given)
        else:
            self.fields[name] = given.get("value", "")

    def _offer(self, name: str, value: str, *, chosen: bool) -> None:
        self.choices.setdefault(name, []).append(value)
        if chosen or (name not in self.fields and self._select == name):
            self.fields[name] = value


class Browser:
    """One person's session. `async with Browser(url) as browser`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = ""
        self._token = ""
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        """Open the session; addresses without a name may set cookies."""
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._session.close()

    async def page(self, path: str) -> tuple[int, str]:
        """Open a page, following redirects."""
        async with self._session.get(urljoin(self.url, path)) as response:
            return response.status, await response.text()

    async def submit(self, page_path: str, form: Form, fields: Mapping[str, str]) -> tuple[int, str, str]:
        """Send a form; returns status, text and the address one ends up at."""
        target = urljoin(urljoin(self.url, page_path), form.action)
        async with self._session.post(target, data=dict(fields)) as response:
            return response.status, await response.text(), str(response.url)

    async def login(self, name: str, password: str) -> None:
        """Log in with the login page.

        Raises
        ------
        RuntimeError
            The hub does not let this person in.
        """
        _, text = await self.page("/hub/login")
        form = Form(text)
        fields = {**form.fields, "username": name, "password": password}
        status, _, where = await self.submit("/hub/login", form, fields)
        if status != 200 or "/login" in where:  # noqa: PLR2004 - HTTP's OK
            raise RuntimeError(f"{name} cannot log in: {status} at {where}")
        self.name = name
        await self.page("/hub/home")  # brings the form token of the new session
        status, answer = await self.rest("POST", f"/users/{name}/tokens", {"note": "tour"})
        if not isinstance(answer, dict) or "token" not in answer:
            raise RuntimeError(f"{name} cannot make a token: {status}")
        self._token = answer["token"]

    async def rest(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the hub's REST API as this person."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"token {self._token}"
        cookies = self._session.cookie_jar.filter_cookies(URL(f"{self.url}/hub/"))
        if not self._token and "_xsrf" in cookies:
            headers["X-XSRFToken"] = cookies["_xsrf"].value
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, f"{self.url}/hub/api{path}", data=data, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Follow the progress of the default server's start."""
        headers = {"Authorization": f"token {self._token}", "Accept": "text/event-stream"}
        async with self._session.get(
            f"{self.url}/hub/api/users/{self.name}/server/progress", headers=headers
        ) as response:
            async for line in response.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    async def server(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the running server through the proxy."""
        headers = {"Authorization": f"token {self._token}"}
        url = f"{self.url}/user/{self.name}/{path}"
        async with self._session.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def run_cell(self, code: str) -> str:
        """Run one cell in a new kernel of the running server and return what it printed."""
        _, kernel = await self.server("POST", "api/kernels", {"name": "python3"})
        url = f"{self.url}/user/{self.name}/api/kernels/{kernel['id']}/channels".replace("http", "ws", 1)
        headers = {"Authorization": f"token {self._token}"}
        async with self._session.ws_connect(url, headers=headers) as channel:
            await channel.send_json(_execute(code))
            return await _printed(channel)


def _execute(code: str) -> dict[str, Any]:
    header = {
        "msg_id": uuid.uuid4().hex,
        "username": "",
        "session": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}


async def _printed(channel: aiohttp.ClientWebSocketResponse) -> str:
    printed = ""
    while True:
        message = await channel.receive_json(timeout=CELL_SECONDS)
        match message["msg_type"]:
            case "stream":
                printed += message["content"]["text"]
            case "error":
                return f"{printed}{message['content']['evalue']}"
            case "status" if (
                message["content"]["execution_state"] == "idle"
                and message["parent_header"].get("msg_type") == "execute_request"
            ):
                return printed
            case _:
                pass
