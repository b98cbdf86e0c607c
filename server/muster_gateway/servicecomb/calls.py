"""What the calls of this dialect share: the request as it is read, answers, and the registry's calls."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc.aio
import msgspec
from muster.admin.v1 import access_service_pb2 as access
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Handler, Parameter, Route
from muster_gateway.servicecomb.errors import INVALID, JSON, NO_INSTANCE, NO_PERMISSION, CseError, of_call
from muster_gateway.servicecomb.golang import JsonError, Struct, decode
from muster_gateway.servicecomb.permissions import VERBS, denial

MAX_BODY_BYTES = 2 << 20
MAX_KNOWN = 100_000
EMPTY_TYPE = "text/plain; charset=UTF-8"
Header = tuple[bytes, bytes]
T = TypeVar("T")

TOO_LARGE = "http: request body too large"

_PROJECT = Parameter("project_id", "path", "the project; `default` in most installations", is_required=True)
DOMAIN = Parameter("X-Domain-Name", "header", "the domain; `default` if absent")
_JSON_TYPE = (b"content-type", JSON.encode())
_EMPTY_TYPE = (b"content-type", EMPTY_TYPE.encode())


async def body_of(request: Request, shape: Struct, most_bytes: int = MAX_BODY_BYTES, problem: str = "") -> dict[str, Any]:
    """The body of a request. `problem` stands in for what is wrong with it, where the original says no more. Raises CseError."""
    raw = await request.body()
    if len(raw) > most_bytes:
        raise CseError(INVALID, TOO_LARGE)
    try:
        return decode(raw, shape)
    except JsonError as error:
        raise CseError(INVALID, problem or str(error)) from None


def answered(value: object, *headers: Header) -> Response:
    """A result as JSON."""
    return raw_answer(msgspec.json.encode(value), *headers)


def raw_answer(body: bytes, *headers: Header) -> Response:
    """A result that is JSON already."""
    return written(200, body, _JSON_TYPE, *headers)


def done(*headers: Header) -> Response:
    """Success without a result: an empty text."""
    return written(200, b"", _EMPTY_TYPE, *headers)


def written(status: int, body: bytes, *headers: Header) -> Response:
    """An answer whose headers are bytes already: starlette would encode the same ones again for each."""
    response = Response(body, status)
    response.raw_headers += headers
    return response


def answering(handler: Handler) -> Handler:
    """The handler, with what it refuses and what fails written as errors of the dialect."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except CseError as refusal:
            return refusal.response()
        except grpc.aio.AioRpcError as error:
            return of_call(error).response()

    return answer


def rows(  # noqa: PLR0913  # one parameter for each column of a row
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    parameters: tuple[Parameter, ...] = (),
    answer: str = "JSON object",
    *,
    is_old: bool = True,
) -> tuple[Route, ...]:
    """The routes of a row: below the project, and on the older path without one, which some rows do not have."""
    wrapped = answering(handler)
    named = tuple(Parameter(name, "path", "", is_required=True) for name in _variables(path))
    row = Route(method, f"/v4/{{project_id}}/registry{path}", wrapped, summary, (_PROJECT, *named, *parameters, DOMAIN), answer)
    old = Route(method, f"/registry/v3{path}", wrapped, f"{summary} (v3)", (*named, *parameters, DOMAIN), answer)
    return (row, old) if is_old else (row,)


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


async def check_permitted(registry: Registry, kind: str, verb: str, name: str = "*") -> None:
    """Raises CseError (403205) unless the caller may do so with something that belongs to no namespace."""
    if not await registry.may(VERBS[verb], access.Resource(namespace="*", group="*", kind=kind, name=name)):
        raise CseError(NO_PERMISSION, denial({"kind": kind, "action": verb, "scope": "kind"}))


class Homes:
    """Where the instances of microservices register, as far as that is known: at most 100,000, those asked for last.

    It never changes for an id, except that a chosen id may be given to another microservice after its deletion. So who is told
    that something is not there forgets what is known of it and tries again.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: OrderedDict[tuple[str, str], instance_pb2.ServiceRef] = OrderedDict()

    def known(self, namespace: str, service_id: str) -> instance_pb2.ServiceRef | None:
        """The service of a microservice, if it is known."""
        return self._known.get((namespace, service_id))

    async def of(self, namespace: str, service_id: str) -> instance_pb2.ServiceRef:
        """The service of a microservice. Raises grpc.aio.AioRpcError (DEFINITION_NOT_FOUND)."""
        home = self.known(namespace, service_id)
        if home is None:
            home = (await definition_of(self._registry, namespace, service_id)).service
            self._known[namespace, service_id] = home
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return home

    async def call(self, namespace: str, service_id: str, act: Callable[[instance_pb2.ServiceRef], Awaitable[T]]) -> T:
        """What an action on a microservice's instances answers. Raises what the action raises, grpc.aio.AioRpcError."""
        if (home := self.known(namespace, service_id)) is not None:
            try:
                return await act(home)
            except (CseError, grpc.aio.AioRpcError) as error:
                if not _is_missing(error):
                    raise
            self.forget(namespace, service_id)
        return await act(await self.of(namespace, service_id))

    def forget(self, namespace: str, service_id: str) -> None:
        """Something was not where it should be."""
        self._known.pop((namespace, service_id), None)


def _is_missing(error: CseError | grpc.aio.AioRpcError) -> bool:
    if isinstance(error, CseError):
        return error.code == NO_INSTANCE
    return reason_of(error) in ("INSTANCE_NOT_FOUND", "DEFINITION_NOT_FOUND")


async def definition_of(registry: Registry, namespace: str, service_id: str) -> catalog_pb2.Definition:
    """A microservice by its id. Raises grpc.aio.AioRpcError (DEFINITION_NOT_FOUND)."""
    request = catalog.GetDefinitionRequest(namespace=namespace, definition_id=service_id)
    found: catalog.GetDefinitionResponse = await registry.catalog.GetDefinition(request, timeout=CALL_TIMEOUT_S)
    return found.definition
