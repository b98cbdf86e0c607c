"""A Nacos client without an SDK: it says what it is told to, and shows what came back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from muster_gateway.nacos.grpc import wire

OPTIONS = (("grpc.use_local_subchannel_pool", 1),)  # a socket of its own, as every SDK has
WAIT_S = 20.0


class NacosClient:
    """One connection. `pushed` are requests of the server; answers to them are sent by `ack` only."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._unary = channel.unary_unary("/Request/request")
        self._open = channel.stream_stream("/BiRequestStream/requestBiStream")
        self.headers: dict[str, str] = {}
        self.stream: Any = None

    async def ask_raw(self, payload: bytes) -> tuple[str, dict[str, Any]]:
        return parsed(await self._unary(payload, timeout=WAIT_S))

    async def ask(self, kind: str, **body: Any) -> tuple[str, dict[str, Any]]:
        return await self.ask_raw(self._encoded(kind, body))

    def _encoded(self, kind: str, body: dict[str, Any]) -> bytes:
        payload = wire._PAYLOAD.FromString(wire.encode(kind, body))
        payload.metadata.headers.update(self.headers)
        return bytes(payload.SerializeToString())

    async def ok(self, kind: str, **body: Any) -> dict[str, Any]:
        """An answer that says yes."""
        answer_kind, answer = await self.ask(kind, **body)
        assert (answer["resultCode"], answer["success"]) == (200, True), (answer_kind, answer)
        return answer

    async def open(self, **setup: Any) -> None:
        await self.open_with("ConnectionSetupRequest", **setup)

    async def open_at(self, ip: str) -> None:
        """Open as a client that says it has this address, in metadata that are merged with those of the request.

        It asks for the server first, as SDKs do: a call after it may overtake the stream, and is waited with if that was announced.
        """
        await self.ok("ServerCheckRequest")
        said = b"\x42" + bytes([len(ip)]) + ip.encode()
        self.stream = self._open()
        await self.stream.write(wire.encode("ConnectionSetupRequest", {"labels": {}}) + b"\x12" + bytes([len(said)]) + said)

    async def open_with(self, kind: str, **body: Any) -> None:
        self.stream = self._open()
        await self.say(kind, **body)

    async def say(self, kind: str, **body: Any) -> None:
        await self.stream.write(wire.encode(kind, body))

    async def pushed(self, kind: str) -> dict[str, Any]:
        """The next push, which must be of this type."""
        async with asyncio.timeout(WAIT_S):
            data = await self.stream.read()
        assert data is not grpc.aio.EOF
        found, body = parsed(data)
        assert found == kind, (found, body)
        return body

    async def ack(self, push: dict[str, Any], kind: str = "NotifySubscriberResponse", **body: Any) -> None:
        await self.say(kind, **{"requestId": push["requestId"], "resultCode": 200, **body})

    async def end(self) -> grpc.aio.AioRpcError:
        """How the server ends the stream."""
        try:
            async with asyncio.timeout(WAIT_S):
                while await self.stream.read() is not grpc.aio.EOF:
                    pass
        except grpc.aio.AioRpcError as error:
            return error
        raise AssertionError("the stream ended with OK")


def parsed(data: bytes) -> tuple[str, dict[str, Any]]:
    frame = wire.decode(data)
    return frame.type, json.loads(frame.body)


@asynccontextmanager
async def stranger(target: str) -> AsyncIterator[NacosClient]:
    """A client that has said nothing yet."""
    async with grpc.aio.insecure_channel(target, options=OPTIONS) as channel:
        yield NacosClient(channel)


@asynccontextmanager
async def nacos_client(target: str, **setup: Any) -> AsyncIterator[NacosClient]:
    """A client that is set up as the SDKs of today do it."""
    async with stranger(target) as client:
        await client.ok("ServerCheckRequest")
        await client.open(**{"abilityTable": {}, "labels": {"module": "naming"}, **setup})
        await client.pushed("SetupAckRequest")
        yield client


def host(ip: str, port: int = 80, **more: Any) -> dict[str, Any]:
    return {"ip": ip, "port": port, "weight": 1.0, "healthy": True, "enabled": True, "ephemeral": True, **more}


async def register(client: NacosClient, ip: str, service: str = "svc", **more: Any) -> dict[str, Any]:
    return await client.ok("InstanceRequest", type="registerInstance", serviceName=service, instance=host(ip, **more))


async def subscribe(client: NacosClient, service: str = "svc", **more: Any) -> dict[str, Any]:
    """Subscribe for the first time: the answer, which the first push repeats."""
    info = await ask_subscription(client, service, **more)
    push = await client.pushed("NotifySubscriberRequest")
    await client.ack(push)
    assert push["serviceInfo"]["hosts"] == info["hosts"]
    return info


async def ask_subscription(client: NacosClient, service: str = "svc", **more: Any) -> dict[str, Any]:
    """Subscribe, for the answer alone."""
    answer = await client.ok("SubscribeServiceRequest", serviceName=service, subscribe=True, **more)
    return dict(answer["serviceInfo"])


def ips(info: dict[str, Any]) -> list[str]:
    return [shown["ip"] for shown in info["hosts"]]
