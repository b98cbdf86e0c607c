"""Calls of the ServiceComb dialect, each made of a real server and of the model at once: both must say the same."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import httpx
from running import Server

from gateway.cse_drawing import NOBODY, NOWHERE
from gateway.cse_model import Name, RefusedError, ServiceCenter

OK = 200
UNCHANGED = 304


class World:
    """A real server, a client of it, and the loop of both."""

    def __init__(self, runner: asyncio.Runner, server: Server, client: httpx.AsyncClient) -> None:
        self.runner, self.server, self.client = runner, server, client
        self.domains = (f"d{number}" for number in itertools.count())

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, f"/v4/default/registry{path}", **options))

    def advance(self, seconds: float) -> None:
        async def turn() -> None:
            self.server.advance(seconds)

        self.runner.run(turn())


class Comparing:
    """What a sequence of calls is made on: a domain of its own, so that all of them share one server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.domain = next(world.domains)
        assert world.server.clock is not None
        self.model = ServiceCenter(self.domain, world.server.clock.wall_s())
        self.revisions: dict[tuple[object, ...], tuple[str, object]] = {}
        self.writes = 0

    def id_at(self, place: int) -> str:
        """The id of the microservice at a place."""
        ids = list(self.model.services)
        return ids[place % len(ids)] if ids and place < NOWHERE else "gone"

    def one_at(self, place: int, member: int) -> tuple[str, str]:
        """The ids of a microservice and of one of its instances."""
        service_id = self.id_at(place)
        service = self.model.services.get(service_id)
        ids = list(service.instances) if service is not None else []
        return service_id, ids[member % len(ids)] if ids and member < NOBODY else "gone"

    def name_of(self, sought: int | Name) -> Name:
        """The name of the microservice at a place, or the name itself."""
        if not isinstance(sought, int):
            return sought
        service = self.model.services.get(self.id_at(sought))
        return service.name if service is not None else ("", "shop", "gone")

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Make a call of the server only."""
        return self.world.call(method, path, headers={"X-Domain-Name": self.domain, **(headers or {})}, **options)

    def write(self, method: str, path: str, expected: Callable[[], Any], **options: Any) -> None:
        """Make a call of both that may change something."""
        self.writes += 1
        self.ask(method, path, expected, **options)

    def ask(self, method: str, path: str, expected: Callable[[], Any], **options: Any) -> httpx.Response:
        """Make a call of both. A model's None is an answer without a body."""
        answer = self.call(method, path, **options)
        code, body = said(expected)
        agree(path, code_of(answer), code)
        if code == OK:
            agree(path, comparable(answer.json() if answer.content else None), comparable(body))
        return answer

    def look(self, path: str, expected: Callable[[], Any], params: dict[str, str], consumer_id: str) -> None:
        """Ask with the revision of the time before: what is the same may be answered 304, what was not written to must be."""
        name = (path, consumer_id, *params.items())
        revision, known, writes = self.revisions.get(name, ("", None, -1))
        headers = {"X-ConsumerId": consumer_id} if consumer_id else {}
        answer = self.call("GET", path, params={**params, "rev": revision}, headers=headers)
        code, body = said(expected)
        if answer.status_code == UNCHANGED:
            agree(path, known, body)
        else:
            agree(path, code_of(answer), code)
            if code != OK:
                return
            agree(path, writes == self.writes, False)
            shown = answer.json()
            agree(path, comparable(shown.get("instance", shown.get("instances", []))), comparable(body))
        self.revisions[name] = (answer.headers["X-Resource-Revision"], body, self.writes)


def said(call: Callable[..., Any], *args: Any, **options: Any) -> tuple[int, Any]:
    """What the model says to a call: a code, and the body if it is not refused."""
    try:
        return OK, call(*args, **options)
    except RefusedError as refusal:
        return refusal.code, None


def agree(what: str, answered: object, expected: object) -> None:
    """Raises AssertionError unless both are the same."""
    assert answered == expected, f"{what}\n  answered   {answered}\n  must be    {expected}"


def code_of(answer: httpx.Response) -> int:
    """The code of a refusal, which its status must go with, or 200."""
    if answer.status_code == OK:
        return OK
    code = int(answer.json()["errorCode"])
    agree("the status of a refusal", answer.status_code, code // 1000)
    return code


def comparable(body: Any) -> Any:
    """Without the time of a microservice's last change, which nobody promises, and lists without an order."""
    if isinstance(body, list):
        return sorted(map(comparable, body), key=repr)
    if isinstance(body, dict):
        left_out = "" if "instanceId" in body else "modTimestamp"
        return {name: comparable(value) for name, value in sorted(body.items()) if name != left_out}
    return body
