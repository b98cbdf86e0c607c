"""ListListeners: who listens to what, and what each has been sent."""

import hashlib
from typing import Any

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from running import running_server

from rpc.configs import Listener, delete, named, publish, stub

A, B = named("a"), named("b")


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


async def listeners(channel: grpc.aio.Channel, **fields: Any) -> list[wire.ConfigListener]:
    answer = await stub(channel).ListListeners(wire.ListListenersRequest(**fields))
    return list(answer.listeners)


async def test_listener_is_shown_with_what_it_was_sent_until_it_goes() -> None:
    async with running_server() as server, server.channel() as channel:
        release = await publish(channel, "one", A)
        listener = Listener(channel)
        await listener.hello()
        await listener.add((A, "", 0), (B, "", 0))
        await listener.until("bookmark")

        (shown,) = await listeners(channel, ref=A)
        assert (shown.ref.name, shown.client_name, shown.ip, shown.md5) == ("a", "test", "127.0.0.1", md5("one"))
        assert shown.peer.startswith("ipv4:127.0.0.1:")
        assert (shown.sent_revision, shown.acked_revision) == (release.revision, 0)
        assert shown.HasField("listen_time")

        await publish(channel, "two", A)
        await listener.until("a=two")
        assert [(one.ref.name, one.md5) for one in await listeners(channel, ip="127.0.0.1")] == [("a", md5("two")), ("b", "")]

        await delete(channel, A)
        await listener.until("a deleted")
        assert [one.md5 for one in await listeners(channel, ref=A)] == [""]

        await listener.call.done_writing()
        await listener.call.code()
        assert await listeners(channel, ref=A) == []


async def test_listener_that_knows_the_content_is_shown_with_the_md5_that_it_named() -> None:
    async with running_server() as server, server.channel() as channel:
        release = await publish(channel, "one", A)
        listener = Listener(channel)
        await listener.hello()
        await listener.add((A, release.md5, release.revision))
        await listener.until("bookmark")

        assert [one.md5 for one in await listeners(channel, ref=A)] == [md5("one")]


async def test_address_is_that_of_the_traits_and_narrows_an_item_too() -> None:
    async with running_server() as server, server.channel() as channel:
        for ip in ("10.0.0.1", "10.0.0.2"):
            call = stub(channel).Listen()
            client = config_pb2.ClientTraits(ip=ip)
            await call.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client=client)))
            await call.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=[wire.ListenRequest.Interest(ref=A)])))
            await call.read()

        both, one, none = [await listeners(channel, ref=A, ip=ip) for ip in ("", "10.0.0.2", "10.0.0.3")]

        assert [shown.ip for shown in both] == ["10.0.0.1", "10.0.0.2"]
        assert [shown.ip for shown in one] == ["10.0.0.2"]
        assert none == []


async def test_listeners_come_in_pages() -> None:
    async with running_server() as server, server.channel() as channel:
        listener = Listener(channel)
        await listener.hello()
        await listener.add(*((named(f"a{number}"), "", 0) for number in range(5)))
        await listener.until("bookmark")

        pages, token = [], ""
        while True:
            request = wire.ListListenersRequest(ip="127.0.0.1", page_size=2, page_token=token)
            page = await stub(channel).ListListeners(request)
            pages.append([one.ref.name for one in page.listeners])
            token = page.next_page_token
            if not token:
                break

        assert pages == [["a0", "a1"], ["a2", "a3"], ["a4"]]
