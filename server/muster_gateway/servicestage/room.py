"""The ServiceStage room: all its calls, and the answers to what is none of them."""

import re
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

import grpc.aio
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.registry import Registry, http_status, message_of
from muster_gateway.route import Route
from muster_gateway.servicestage.answers import REQUEST_ID, failed, gateway_failed, request_id
from muster_gateway.servicestage.applications import Applications
from muster_gateway.servicestage.components import Components
from muster_gateway.servicestage.environments import Environments
from muster_gateway.servicestage.instances import Instances
from muster_gateway.servicestage.jobs import Jobs
from muster_gateway.servicestage.metadata import Metadata
from muster_gateway.servicestage.origins import is_foreign_write
from muster_gateway.servicestage.signing import Sent, signed_by
from muster_gateway.servicestage.snapshots import Snapshots

_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ServiceStageRoom:
    """Everything below /v2."""

    prefixes = ("/v2/",)

    def __init__(self, registry: Registry, *, is_guarded: bool = False) -> None:
        self._registry, self._is_guarded = registry, is_guarded
        kinds = (Metadata, Environments, Applications, Components, Instances, Snapshots, Jobs)
        self._parts = tuple(kind(registry) for kind in kinds)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return tuple(route for part in self._parts for route in part.routes())

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Nothing runs beside the calls."""
        return nullcontext()

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """Where the page is from is checked first, then the project, before the rest of the path."""
        if not self._is_guarded and is_foreign_write(request):
            return gateway_failed(request, 403, "0302", "A web page of another site may not write here: there is no --auth")
        project = request.url.path.split("/")[2]
        if _PROJECT.fullmatch(project) is None or request.headers.get("x-project-id", project) != project:
            return gateway_failed(request, 403, "0302", "The project is not allowed")
        if (route := methods.get(request.method)) is None:
            return gateway_failed(request, 404, "0101", "The API does not exist")
        return route

    async def authorization(self, request: Request) -> str:
        """The token in X-Auth-Token, which counts alone; else one for whoever signed the request; else the header."""
        if token := request.headers.get("x-auth-token", ""):
            return f"Bearer {token}"
        said = authorization_of(request)
        return await self._signer(request) if self._is_guarded and said.startswith("SDK-") else said

    async def _signer(self, request: Request) -> str:
        """Raises BodyRefusedError."""
        headers = {name.decode("latin-1").lower(): value for name, value in request.headers.raw}
        raw_path, query = request.scope["raw_path"], request.scope["query_string"]
        signed = signed_by(Sent(request.method, raw_path, query, headers, await request.body()), time.time())
        address = request.client.host if request.client else ""
        try:
            return await self._registry.token_of_signature(signed.access_key_id, signed.text, signed.signature, address)
        except grpc.aio.AioRpcError as error:
            raise BodyRefusedError(http_status(error), message_of(error)) from None

    def refused(self, request: Request, refusal: BodyRefusedError) -> Response:
        """As any other error, but for one of who the caller is."""
        if refusal.status == 401:
            return gateway_failed(request, 401, "0301", str(refusal))
        return failed(refusal.status, "400" if refusal.status < 500 else "500", str(refusal))

    def dress(self, request: Request, response: Response) -> None:
        """Every answer tells its request's id."""
        response.headers[REQUEST_ID] = request_id(request)
