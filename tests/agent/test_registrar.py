"""The registrar, against a registry that takes its time."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from muster.registry.v1 import instance_pb2, registration_service_pb2
from muster_agent.registrar import RefusedError, Registrar

SERVICE = instance_pb2.ServiceRef(group="shop", name="web")


class SlowRegistry:
    """Stands in for a channel. A registration is done only when the test lets it."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.did: list[str] = []
        self.begun, self.let = asyncio.Event(), asyncio.Event()

    def unary_unary(self, method: str, **_: Any) -> Any:
        return getattr(self, method.rpartition("/")[2].lower(), None)

    stream_stream = unary_unary

    async def register(self, request: registration_service_pb2.RegisterRequest, **_: Any) -> None:
        self.begun.set()
        await self.let.wait()
        self.did.append("register")
        self.known[request.instance.instance_id] = request.instance.health

    async def deregister(self, request: registration_service_pb2.DeregisterRequest, **_: Any) -> None:
        self.did.append("deregister")
        self.known.pop(request.ref.instance_id, None)

    async def drain(self, *_: Any, **__: Any) -> None:
        """Nobody watches."""


def instance(health: instance_pb2.Health) -> instance_pb2.Instance:
    return instance_pb2.Instance(instance_id="web-0", health=health)


async def test_what_leaves_while_it_is_registered_does_not_stay() -> None:
    registry = SlowRegistry()
    registrar = Registrar(registry)
    running = asyncio.create_task(registrar.run())
    registrar.put(SERVICE, instance(instance_pb2.HEALTH_HEALTHY))
    await registry.begun.wait()
    await registrar.leave("web-0")
    registry.let.set()
    async with asyncio.timeout(10):
        while registry.did != ["deregister", "register", "deregister"]:  # noqa: ASYNC110  # the registrar tells nobody
            await asyncio.sleep(0.01)
    assert not registry.known
    running.cancel()


async def test_what_changes_while_it_is_registered_is_told_as_it_is() -> None:
    registry = SlowRegistry()
    registrar = Registrar(registry)
    running = asyncio.create_task(registrar.run())
    registrar.put(SERVICE, instance(instance_pb2.HEALTH_HEALTHY))
    await registry.begun.wait()
    registrar.put(SERVICE, instance(instance_pb2.HEALTH_UNHEALTHY))
    registry.let.set()
    async with asyncio.timeout(10):
        while registry.did != ["register", "register"]:  # noqa: ASYNC110  # the registrar tells nobody
            await asyncio.sleep(0.01)
    assert registry.known == {"web-0": instance_pb2.HEALTH_UNHEALTHY}
    running.cancel()


async def test_who_waits_for_an_instance_that_the_registry_refuses_is_told_why() -> None:
    class Refusing(SlowRegistry):
        async def register(self, request: registration_service_pb2.RegisterRequest, **_: Any) -> None:
            metadata = grpc.aio.Metadata()
            raise grpc.aio.AioRpcError(grpc.StatusCode.PERMISSION_DENIED, metadata, metadata, "not allowed to write service/web")

    registrar = Registrar(Refusing())
    registrar.put(SERVICE, instance(instance_pb2.HEALTH_HEALTHY))

    async with asyncio.timeout(10):
        with pytest.raises(RefusedError, match="PERMISSION_DENIED: not allowed to write service/web"):
            await registrar.flush("web-0")
