"""DeliveryService: environments, applications and their configurations, components."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
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
from muster_server.core.deployment_commands import DeleteComponent
from muster_server.core.errors import MusterError, Reason
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
    namespace_said,
    ordered_page,
    said,
)
from muster_server.rpc.dispatcher import Dispatcher

Discover = Callable[[], Coroutine[Any, Any, Mapping[str, delivery_pb2.Runtime]]]


class DeliveryServicer:
    """Each method is documented in delivery_service.proto. `discover` finds what runs on this machine; it is asked once.

    What agents on other machines can run counts too, while they are connected.
    """

    def __init__(self, engine: Engine, discover: Discover, dispatcher: Dispatcher) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._discover = discover
        self._runtimes: asyncio.Task[Mapping[str, delivery_pb2.Runtime]] | None = None

    async def create_environment(self, request: wire.CreateEnvironmentRequest, call: Call) -> wire.CreateEnvironmentResponse:
        """Take a new one."""
        require(request, "environment")
        message = request.environment
        thing = Environment(namespace=namespace_said(message), id=str(uuid4()), creator=call.user, **said(Environment, message))
        return wire.CreateEnvironmentResponse(environment=environment_message(await perform(self._engine, Create(thing))))

    async def get_environment(self, request: wire.GetEnvironmentRequest, _: Call) -> wire.GetEnvironmentResponse:
        """Answer one."""
        return wire.GetEnvironmentResponse(environment=environment_message(self._find(_ref(Environment, request))))

    async def list_environments(self, request: wire.ListEnvironmentsRequest, _: Call) -> wire.ListEnvironmentsResponse:
        """Answer a page."""
        things, page = self._page(Environment, namespace_said(request), request)
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
        thing = Application(namespace=namespace_said(message), id=str(uuid4()), creator=call.user, **said(Application, message))
        return wire.CreateApplicationResponse(application=self._application(await perform(self._engine, Create(thing))))

    async def get_application(self, request: wire.GetApplicationRequest, _: Call) -> wire.GetApplicationResponse:
        """Answer one."""
        return wire.GetApplicationResponse(application=self._application(self._find(_ref(Application, request))))

    async def list_applications(self, request: wire.ListApplicationsRequest, _: Call) -> wire.ListApplicationsResponse:
        """Answer a page."""
        things, page = self._page(Application, namespace_said(request), request)
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
        command = SetApplicationConfig(namespace_said(request), config_said(request.config))
        return wire.SetApplicationConfigResponse(config=config_message(await perform(self._engine, command)))

    async def list_application_configs(
        self, request: wire.ListApplicationConfigsRequest, _: Call
    ) -> wire.ListApplicationConfigsResponse:
        """Answer those of an application."""
        self._find(Ref(Application, namespace_said(request), request.application_id))
        known = self._engine.state.delivery.configs.get(request.application_id, {})
        wanted = [known[key] for key in sorted(known) if request.environment_id in ("", key)]
        return wire.ListApplicationConfigsResponse(configs=map(config_message, wanted))

    async def delete_application_config(
        self, request: wire.DeleteApplicationConfigRequest, _: Call
    ) -> wire.DeleteApplicationConfigResponse:
        """Delete variables."""
        await perform(
            self._engine, DeleteApplicationConfig(namespace_said(request), request.application_id, request.environment_id)
        )
        return wire.DeleteApplicationConfigResponse()

    async def create_component(self, request: wire.CreateComponentRequest, call: Call) -> wire.CreateComponentResponse:
        """Take a new one."""
        require(request, "component")
        message = request.component
        thing = Component(
            namespace=namespace_said(request),
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
        self._find(Ref(Application, namespace_said(request), request.application_id))
        things, page = self._page(Component, request.application_id, request)
        return wire.ListComponentsResponse(components=map(self._component, things), **page)

    async def update_component(self, request: wire.UpdateComponentRequest, _: Call) -> wire.UpdateComponentResponse:
        """Change fields."""
        thing = await self._change(Component, request, "component")
        return wire.UpdateComponentResponse(component=self._component(thing))

    async def delete_component(self, request: wire.DeleteComponentRequest, call: Call) -> wire.DeleteComponentResponse:
        """Delete one."""
        seed = uuid4() if request.force else None
        where = (namespace_said(request), request.application_id, request.id)
        await perform(self._engine, DeleteComponent(*where, job_seed=seed, creator=call.user))
        return wire.DeleteComponentResponse()

    async def list_runtimes(self, _: wire.ListRuntimesRequest, __: Call) -> wire.ListRuntimesResponse:
        """Answer all."""
        runtimes = await self._known_runtimes()
        return wire.ListRuntimesResponse(runtimes=[runtimes[name] for name in sorted(runtimes)])

    async def _known_runtimes(self) -> Mapping[str, delivery_pb2.Runtime]:
        if self._runtimes is None:
            self._runtimes = asyncio.create_task(self._discover(), name="discovery of runtimes")
        own = await asyncio.shield(self._runtimes)
        return {runtime.name: runtime for agent in self._dispatcher.agents for runtime in agent.runtimes} | dict(own)

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

    def _page(self, kind: type[Made], parent: str, request: Any) -> tuple[list[Any], dict[str, Any]]:
        """The things of a page, and the fields that say where the next one is. O(n log n)."""
        delivery = self._engine.state.delivery
        return ordered_page([delivery.things[one] for one in delivery.members(kind, parent)], request)


def _ref(kind: type[M], message: Any) -> Ref[M]:
    return Ref(kind, namespace_said(message), message.id)


def _component_ref(message: Any) -> Ref[Component]:
    return Ref(Component, namespace_said(message), message.id, message.application_id)
