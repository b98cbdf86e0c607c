"""DeliveryService: environments, applications and their configurations, components."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from operator import attrgetter
from typing import Any
from uuid import uuid4

from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire

from muster_server.core.delivery_commands import (
    Change,
    Create,
    DeleteApplicationConfig,
    Discard,
    M,
    Made,
    Ref,
    SetApplicationConfig,
)
from muster_server.core.delivery_model import Application, Component, Environment
from muster_server.core.deployment_model import Deployment
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import DEFAULT_NAMESPACE
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require
from muster_server.rpc.delivery_wire import (
    application_message,
    changes,
    component_message,
    config_message,
    config_said,
    environment_message,
    said,
)
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size

Discover = Callable[[], Coroutine[Any, Any, Mapping[str, delivery_pb2.Runtime]]]

_ORDERS = {"create_time": attrgetter("create_s"), "update_time": attrgetter("update_s"), "name": attrgetter("name")}


class DeliveryServicer:
    """Each method is documented in delivery_service.proto. `discover` finds what components can run on here; it is asked once."""

    def __init__(self, engine: Engine, discover: Discover) -> None:
        self._engine = engine
        self._discover = discover
        self._runtimes: asyncio.Task[Mapping[str, delivery_pb2.Runtime]] | None = None

    async def create_environment(self, request: wire.CreateEnvironmentRequest, call: Call) -> wire.CreateEnvironmentResponse:
        """Take a new one."""
        require(request, "environment")
        message = request.environment
        thing = Environment(namespace=_namespace(message), id=str(uuid4()), creator=call.user, **said(Environment, message))
        return wire.CreateEnvironmentResponse(environment=environment_message(await perform(self._engine, Create(thing))))

    async def get_environment(self, request: wire.GetEnvironmentRequest, _: Call) -> wire.GetEnvironmentResponse:
        """Answer one."""
        return wire.GetEnvironmentResponse(environment=environment_message(self._find(_ref(Environment, request))))

    async def list_environments(self, request: wire.ListEnvironmentsRequest, _: Call) -> wire.ListEnvironmentsResponse:
        """Answer a page."""
        things, page = self._page(Environment, _namespace(request), request)
        return wire.ListEnvironmentsResponse(environments=map(environment_message, things), **page)

    async def update_environment(self, request: wire.UpdateEnvironmentRequest, _: Call) -> wire.UpdateEnvironmentResponse:
        """Change fields."""
        thing = await self._change(Environment, request, "environment")
        return wire.UpdateEnvironmentResponse(environment=environment_message(thing))

    async def delete_environment(self, request: wire.DeleteEnvironmentRequest, _: Call) -> wire.DeleteEnvironmentResponse:
        """Delete one."""
        await perform(self._engine, Discard(_ref(Environment, request)))
        return wire.DeleteEnvironmentResponse()

    async def create_application(self, request: wire.CreateApplicationRequest, call: Call) -> wire.CreateApplicationResponse:
        """Take a new one."""
        require(request, "application")
        message = request.application
        thing = Application(namespace=_namespace(message), id=str(uuid4()), creator=call.user, **said(Application, message))
        return wire.CreateApplicationResponse(application=self._application(await perform(self._engine, Create(thing))))

    async def get_application(self, request: wire.GetApplicationRequest, _: Call) -> wire.GetApplicationResponse:
        """Answer one."""
        return wire.GetApplicationResponse(application=self._application(self._find(_ref(Application, request))))

    async def list_applications(self, request: wire.ListApplicationsRequest, _: Call) -> wire.ListApplicationsResponse:
        """Answer a page."""
        things, page = self._page(Application, _namespace(request), request)
        return wire.ListApplicationsResponse(applications=map(self._application, things), **page)

    async def update_application(self, request: wire.UpdateApplicationRequest, _: Call) -> wire.UpdateApplicationResponse:
        """Change fields."""
        thing = await self._change(Application, request, "application")
        return wire.UpdateApplicationResponse(application=self._application(thing))

    async def delete_application(self, request: wire.DeleteApplicationRequest, _: Call) -> wire.DeleteApplicationResponse:
        """Delete one."""
        await perform(self._engine, Discard(_ref(Application, request)))
        return wire.DeleteApplicationResponse()

    async def set_application_config(self, request: wire.SetApplicationConfigRequest, _: Call) -> wire.SetApplicationConfigResponse:
        """Replace variables."""
        require(request, "config")
        command = SetApplicationConfig(_namespace(request), config_said(request.config))
        return wire.SetApplicationConfigResponse(config=config_message(await perform(self._engine, command)))

    async def list_application_configs(
        self, request: wire.ListApplicationConfigsRequest, _: Call
    ) -> wire.ListApplicationConfigsResponse:
        """Answer those of an application."""
        self._find(Ref(Application, _namespace(request), request.application_id))
        known = self._engine.state.delivery.configs.get(request.application_id, {})
        wanted = [known[key] for key in sorted(known) if request.environment_id in ("", key)]
        return wire.ListApplicationConfigsResponse(configs=map(config_message, wanted))

    async def delete_application_config(
        self, request: wire.DeleteApplicationConfigRequest, _: Call
    ) -> wire.DeleteApplicationConfigResponse:
        """Delete variables."""
        await perform(self._engine, DeleteApplicationConfig(_namespace(request), request.application_id, request.environment_id))
        return wire.DeleteApplicationConfigResponse()

    async def create_component(self, request: wire.CreateComponentRequest, call: Call) -> wire.CreateComponentResponse:
        """Take a new one."""
        require(request, "component")
        message = request.component
        thing = Component(
            namespace=_namespace(request),
            application_id=message.application_id,
            runtime=message.runtime,
            id=str(uuid4()),
            creator=call.user,
            **said(Component, message),
        )
        self._find(Ref(Application, thing.namespace, thing.application_id))
        if thing.runtime not in (runtimes := await self._known_runtimes()):
            known = ", ".join(sorted(runtimes))
            raise MusterError(Reason.RUNTIME_UNKNOWN, f"nothing here runs {thing.runtime!r}; there are {known}")
        return wire.CreateComponentResponse(component=self._component(await perform(self._engine, Create(thing))))

    async def get_component(self, request: wire.GetComponentRequest, _: Call) -> wire.GetComponentResponse:
        """Answer one."""
        return wire.GetComponentResponse(component=self._component(self._find(_component_ref(request))))

    async def list_components(self, request: wire.ListComponentsRequest, _: Call) -> wire.ListComponentsResponse:
        """Answer a page."""
        self._find(Ref(Application, _namespace(request), request.application_id))
        things, page = self._page(Component, request.application_id, request)
        return wire.ListComponentsResponse(components=map(self._component, things), **page)

    async def update_component(self, request: wire.UpdateComponentRequest, _: Call) -> wire.UpdateComponentResponse:
        """Change fields."""
        thing = await self._change(Component, request, "component")
        return wire.UpdateComponentResponse(component=self._component(thing))

    async def delete_component(self, request: wire.DeleteComponentRequest, _: Call) -> wire.DeleteComponentResponse:
        """Delete one."""
        await perform(self._engine, Discard(_component_ref(request)))
        return wire.DeleteComponentResponse()

    async def list_runtimes(self, _: wire.ListRuntimesRequest, __: Call) -> wire.ListRuntimesResponse:
        """Answer all."""
        runtimes = await self._known_runtimes()
        return wire.ListRuntimesResponse(runtimes=[runtimes[name] for name in sorted(runtimes)])

    async def _known_runtimes(self) -> Mapping[str, delivery_pb2.Runtime]:
        if self._runtimes is None:
            self._runtimes = asyncio.create_task(self._discover(), name="discovery of runtimes")
        return await asyncio.shield(self._runtimes)

    def _find(self, ref: Ref[M]) -> M:
        return self._engine.state.delivery.find(ref)

    def _application(self, thing: Application) -> delivery_pb2.Application:
        return application_message(thing, len(self._engine.state.delivery.members(Component, thing.id)))

    def _component(self, thing: Component) -> delivery_pb2.Component:
        return component_message(thing, len(self._engine.state.delivery.deployments_of(thing.id)))

    async def _change(self, kind: type[Made], request: Any, field: str) -> Any:
        require(request, field)
        message = getattr(request, field)
        ref = _component_ref(message) if kind is Component else _ref(kind, message)
        expected = request.expected_revision if request.HasField("expected_revision") else None
        return await perform(self._engine, Change(ref, changes(kind, message, request.update_mask.paths), expected))

    def _page(self, kind: type[Made | Deployment], parent: str, request: Any) -> tuple[list[Any], dict[str, Any]]:
        """The things of a page, and the fields that say where the next one is. O(n log n)."""
        delivery = self._engine.state.delivery
        field, _, direction = request.order_by.partition(" ")
        if (order := _ORDERS.get(field or "create_time")) is None or direction not in ("", "asc", "desc"):
            raise MusterError.invalid("order_by", f"must be one of {', '.join(_ORDERS)}, and may end in desc")
        if request.skip < 0:
            raise MusterError.invalid("skip", "must not be negative")
        things = [delivery.things[one] for one in delivery.members(kind, parent)]
        things.sort(key=lambda thing: thing.id)
        things.sort(key=order, reverse=direction == "desc")
        start = number_token(request.page_token) + request.skip
        end = start + page_size(request.page_size, MAX_PAGE)
        return things[start:end], {"next_page_token": str(end) if end < len(things) else "", "total_size": len(things)}


def _namespace(message: Any) -> str:
    return message.namespace or DEFAULT_NAMESPACE


def _ref(kind: type[M], message: Any) -> Ref[M]:
    return Ref(kind, _namespace(message), message.id)


def _component_ref(message: Any) -> Ref[Component]:
    return Ref(Component, _namespace(message), message.id, message.application_id)
