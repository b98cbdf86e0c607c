"""The gate before handlers that are not ours, such as channelz."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
import grpc.aio

from muster_server.core.errors import MusterError
from muster_server.rpc.adapter import Services
from muster_server.rpc.status_codes import STATUS_CODES, trailers


class GuardedServer:
    """Stands in for a server while generated code adds unary handlers to it: they are served as they are, behind the gate."""

    def __init__(self, server: grpc.aio.Server, services: Services) -> None:
        self._server = server
        self._services = services

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """The same handlers again, in the form that `add_registered_method_handlers` has them in."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Serve a service."""
        guarded = {name: self._guarded(f"/{service}/{name}", handler) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, guarded),))

    def _guarded(self, path: str, handler: Any) -> Any:
        inner: Callable[[Any, Any], Awaitable[Any]] = handler.unary_unary

        async def handle(request: Any, context: "grpc.aio.ServicerContext[Any, Any]") -> Any:
            try:
                await self._services.admit_guest(path, context, request)
            except MusterError as error:
                await context.abort(STATUS_CODES[error.reason], error.message, trailers(error))
            return await inner(request, context)

        return grpc.unary_unary_rpc_method_handler(handle, handler.request_deserializer, handler.response_serializer)
