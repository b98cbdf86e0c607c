"""The Nacos admin calls that show listeners: those of every protocol."""

import asyncio
import hashlib
from typing import Any

import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from nacos_wire import NacosClient, stranger

from gateway.nacos_configs import NAMES, gateway, got, publish, refusal

KINDS = pytest.mark.parametrize("kind", ["local", "apart"])


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


async def listening(native: Any, ip: str, *refs: config_pb2.ConfigRef) -> Any:
    """A native stream that has heard everything there is about these."""
    call = native.Listen()
    await call.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client=config_pb2.ClientTraits(ip=ip))))
    interests = [wire.ListenRequest.Interest(ref=ref) for ref in refs]
    await call.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=interests)))
    while (await call.read()).WhichOneof("frame") != "bookmark":
        pass
    return call


async def nacos_listen(client: NacosClient, ip: str, known: str) -> None:
    """Listen by the Nacos protocol, as a client at this address."""
    await client.open_at(ip)
    context = {"dataId": "d", "group": "g", "tenant": "", "md5": known}
    await client.ok("ConfigBatchListenRequest", listen=True, configListenContexts=[context])


@KINDS
async def test_listeners_of_a_config_are_those_of_all_protocols(kind: str) -> None:
    async with gateway(kind) as (http, native, server), stranger(server.grpc_target) as client:
        await publish(http, "one")
        await nacos_listen(client, "10.1.1.1", md5("one"))
        stream = await listening(native, "10.2.2.2", config_pb2.ConfigRef(group="g", name="d"))

        expected = {"queryType": "config", "listenersStatus": {"10.1.1.1": md5("one"), "10.2.2.2": md5("one")}}
        async with asyncio.timeout(10):  # a Nacos client is answered before the registry has heard of it
            while await got(http, "/config/listener", **NAMES) != expected:  # noqa: ASYNC110  # a server elsewhere tells by its answers only
                await asyncio.sleep(0.01)
        stream.cancel()


@KINDS
async def test_what_a_client_listens_to_is_named_with_its_namespace(kind: str) -> None:
    refs = [
        config_pb2.ConfigRef(group="g", name="d"),
        config_pb2.ConfigRef(namespace="public", group="g", name="d"),
        config_pb2.ConfigRef(namespace="other", group="50%", name="a+b"),
    ]
    async with gateway(kind) as (http, native, _):
        await publish(http, "one")
        stream = await listening(native, "10.2.2.2", *refs)

        public, everywhere, other = [
            (await got(http, "/listener", ip="10.2.2.2", **query))["listenersStatus"]
            for query in ({}, {"all": "true"}, {"namespaceId": "other", "all": "true"})
        ]

        assert public == {"d+g+public": md5("one")}
        assert everywhere == {"d+g+public": md5("one"), "d+g+default": "", "a%2Bb+50%25+other": ""}
        assert other == {"a%2Bb+50%25+other": ""}
        stream.cancel()


async def test_more_listeners_than_a_native_page_are_shown_together() -> None:
    refs = [config_pb2.ConfigRef(group="g", name=f"d{number}") for number in range(1001)]
    async with gateway() as (http, native, _):
        stream = native.Listen()
        await stream.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client=config_pb2.ClientTraits(ip="10.2.2.2"))))
        for some in (refs[:1000], refs[1000:]):
            interests = [wire.ListenRequest.Interest(ref=ref) for ref in some]
            await stream.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=interests)))
            while (await stream.read()).WhichOneof("frame") != "bookmark":
                pass

        shown = await got(http, "/listener", ip="10.2.2.2")

        assert len(shown["listenersStatus"]) == 1001
        stream.cancel()


@pytest.mark.parametrize(
    ("path", "query", "refused"),
    [
        ("/config/listener", {"dataId": "d"}, (400, 10000, "Required parameter 'groupName' type String is not present")),
        (
            "/config/listener",
            {**NAMES, "aggregation": "x"},
            (400, 20002, "Param 'aggregation' is illegal, it cannot be read as its type."),
        ),
        ("/listener", {}, (400, 10000, "Required request parameter 'ip' for method parameter type String is not present")),
        ("/listener", {"ip": "1.1.1.1", "all": "x"}, (400, 20002, "Param 'all' is illegal, it cannot be read as its type.")),
    ],
)
async def test_bad_input_is_refused_in_the_envelope(path: str, query: dict[str, str], refused: tuple[int, int, str]) -> None:
    async with gateway() as (http, _, _):
        assert await refusal(http, "GET", path, params=query) == refused
