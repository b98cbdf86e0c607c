"""Tiny scripted servers that behave as a real one hardly ever does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import grpc
from muster.config.v1 import config_service_pb2 as wire
from muster_client import (
    Release,
)


class OddServer:
    """Publishes nothing and fails the first time; its Listen tells of a large content, which its GetConfig has not got at first."""

    def __init__(self) -> None:
        self.published: list[wire.PublishConfigRequest] = []
        self.gets = 0

    async def publish(self, request: wire.PublishConfigRequest, context: grpc.aio.ServicerContext) -> wire.PublishConfigResponse:
        self.published.append(request)
        if len(self.published) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the answer is lost")
        return wire.PublishConfigResponse(changed=True)

    async def get(self, _: wire.GetConfigRequest, context: grpc.aio.ServicerContext) -> wire.GetConfigResponse:
        self.gets += 1
        if self.gets == 1:
            await context.abort(grpc.StatusCode.NOT_FOUND, "not here yet")
        number = 1 if self.gets == 2 else 2
        release = Release(number=number, revision=number, content=f"content {number}")
        return wire.GetConfigResponse(release=release, revision=number, epoch=7)

    async def listen(self, requests: AsyncIterator[wire.ListenRequest], _: object) -> AsyncIterator[wire.ListenResponse]:
        async for request in requests:
            for interest in request.add.interests:
                changed = wire.ListenResponse.Changed(
                    release=Release(number=2, revision=2), ref=interest.ref, fetch=True, revision=2
                )
                yield wire.ListenResponse(changed=changed)
                yield wire.ListenResponse(bookmark=wire.ListenResponse.Bookmark(revision=2, epoch=7))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        def unary(method: object, name: str) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(
                method, getattr(wire, f"{name}Request").FromString, getattr(wire, f"{name}Response").SerializeToString
            )

        handlers = {
            "PublishConfig": unary(self.publish, "PublishConfig"),
            "GetConfig": unary(self.get, "GetConfig"),
            "Listen": grpc.stream_stream_rpc_method_handler(
                self.listen, wire.ListenRequest.FromString, wire.ListenResponse.SerializeToString
            ),
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("muster.config.v1.ConfigService", handlers)])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await server.stop(0)


class RacingServer(OddServer):
    """While a first large content is being got, there is a second one. No bookmark ever tells its epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = asyncio.Event()
        self.is_replaced = asyncio.Event()

    async def get(self, _: wire.GetConfigRequest, __: object) -> wire.GetConfigResponse:
        self.gets += 1
        self.is_asked.set()
        number = self.gets
        await self.is_replaced.wait()
        return wire.GetConfigResponse(release=Release(number=number, revision=number, content=f"content {number}"), epoch=7)

    async def listen(self, requests: AsyncIterator[wire.ListenRequest], _: object) -> AsyncIterator[wire.ListenResponse]:
        async for request in requests:
            for interest in request.add.interests:
                for revision in (1, 2):
                    release = Release(number=revision, revision=revision)
                    changed = wire.ListenResponse.Changed(release=release, ref=interest.ref, fetch=True, revision=revision)
                    yield wire.ListenResponse(changed=changed)
                    await self.is_asked.wait()
            if request.ack.revision == 2:
                self.is_replaced.set()
