"""ConfigService.Listen: the latest state to everybody, resumption, gray lines, deletion, bad frames."""

import asyncio
import random

import grpc
import grpc.aio
import pytest
from muster.config.v1 import config_service_pb2 as wire
from running import running_server

from rpc.configs import REF, Listener, delete, named, publish, publish_gray, stub


async def test_listener_hears_of_what_is_there_then_of_each_change_and_of_the_end() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "1")
        listener = Listener(channel)
        await listener.hello()
        await listener.add((REF, "", 0), (named("never"), "", 0))

        frames = await listener.until("bookmark")
        for content in ("2", "3"):
            await publish(channel, content)
            frames.append(await listener.next())
        await delete(channel)
        frames.append(await listener.next())
        await publish(channel, "4")
        frames.append(await listener.next())

        expected = ["db.yaml=1", "never never was", "bookmark", "db.yaml=2", "db.yaml=3", "db.yaml deleted", "db.yaml=4"]
        assert frames == expected
        listener.call.cancel()


async def test_listener_that_resumes_hears_only_of_what_differs() -> None:
    async with running_server() as server, server.channel() as channel:
        for name in ("same", "changed", "deleted", "retyped"):
            await publish(channel, "1", named(name))
        first = Listener(channel)
        await first.hello()
        await first.add(*((named(name), "", 0) for name in ("same", "changed", "deleted", "retyped", "missing")))
        await first.until("bookmark")
        first.call.cancel()
        await publish(channel, "2", named("changed"))
        await delete(channel, named("deleted"))
        await publish(channel, "1", named("retyped"), content_type="yaml")

        again = Listener(channel)
        await again.hello()
        await again.add(*((named(name), first.md5s[name], first.revisions[name]) for name in first.md5s))
        frames = await again.until("bookmark")

        assert frames == ["changed=2", "deleted deleted", "retyped=1", "bookmark"]
        again.call.cancel()


async def test_listeners_of_one_item_see_their_own_lines_and_hear_when_a_line_ends() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "main")
        zoned, plain = Listener(channel), Listener(channel)
        await zoned.hello(zone="a")
        await plain.hello()
        for listener in (zoned, plain):
            await listener.add((REF, "", 0))
            await listener.until("bookmark")

        await publish_gray(channel, "gray", "beta", zone="a")
        heard = [await zoned.next()]
        await publish(channel, "main 2")
        heard.append(await plain.next())
        await stub(channel).StopGray(wire.StopGrayRequest(ref=REF, gray="beta"))
        heard.append(await zoned.next())

        assert heard == ["db.yaml=gray", "db.yaml=main 2", "db.yaml=main 2"]
        zoned.call.cancel()
        plain.call.cancel()


async def test_content_above_a_mebibyte_is_to_be_fetched() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "x" * ((1 << 20) + 1))
        listener = Listener(channel)
        await listener.hello()

        await listener.add((REF, "", 0))

        assert await listener.next() == "db.yaml= fetch"
        listener.call.cancel()


async def test_removed_item_is_not_heard_of_any_more() -> None:
    async with running_server() as server, server.channel() as channel:
        listener = Listener(channel)
        await listener.hello()
        await listener.add((REF, "", 0), (named("other"), "", 0))
        await listener.until("bookmark")

        await listener.call.write(wire.ListenRequest(remove=wire.ListenRequest.Remove(refs=[REF])))
        await listener.add((named("third"), "", 0))
        await listener.until("bookmark")
        await publish(channel, "1")
        await publish(channel, "2", named("other"))

        assert await listener.next() == "other=2"
        listener.call.cancel()


async def test_bad_item_is_cancelled_and_the_stream_goes_on() -> None:
    async with running_server() as server, server.channel() as channel:
        listener = Listener(channel)
        await listener.hello()

        await listener.add((named("x" * 5000), "", 0), (named("md5"), "nope", 0), (named("future"), "", 1 << 40), (REF, "", 0))
        frames = await listener.until("bookmark")

        assert [frame.rpartition(" ")[0] for frame in frames[:3]] == [
            "x" * 4096 + " cancelled",
            "md5 cancelled",
            "future cancelled",
        ]
        assert frames[3:] == ["db.yaml never was", "bookmark"]
        listener.call.cancel()


@pytest.mark.parametrize(
    "frames",
    [
        [wire.ListenRequest(add=wire.ListenRequest.Add())],
        [wire.ListenRequest(hello=wire.ListenRequest.Hello()), wire.ListenRequest(hello=wire.ListenRequest.Hello())],
        [wire.ListenRequest(hello=wire.ListenRequest.Hello()), wire.ListenRequest()],
    ],
    ids=["no hello", "second hello", "unknown frame"],
)
async def test_frame_out_of_turn_ends_the_stream(frames: list[wire.ListenRequest]) -> None:
    async with running_server() as server, server.channel() as channel:
        call = stub(channel).Listen()

        for frame in frames:
            await call.write(frame)
        code, trailers = await call.code(), dict(await call.trailing_metadata())

        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert trailers["muster-reason"] == "PROTOCOL_VIOLATION"


async def test_half_close_ends_with_ok() -> None:
    async with running_server() as server, server.channel() as channel:
        listener = Listener(channel)
        await listener.hello()
        await listener.add((REF, "", 0))
        await listener.until("bookmark")

        await listener.call.done_writing()

        assert await listener.call.read() is grpc.aio.EOF
        assert await listener.call.code() is grpc.StatusCode.OK


async def test_release_is_encoded_once_for_all_its_listeners() -> None:
    async with running_server() as server, server.channel() as channel:
        listeners = [Listener(channel) for _ in range(20)]
        for listener in listeners:
            await listener.hello()
            await listener.add((REF, "", 0))
            await listener.until("bookmark")

        await publish(channel, "shared")
        frames = await asyncio.gather(*(listener.next() for listener in listeners))

        assert set(frames) == {"db.yaml=shared"}
        assert server.engine.config_hub.pushes >= 20
        for listener in listeners:
            listener.call.cancel()


NAMES = ("a", "b", "c")


class Reader:
    """A listener that comes and goes, and remembers what it heard."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._known: dict[str, tuple[str, int]] = dict.fromkeys(NAMES, ("", 0))
        self.listener: Listener | None = None

    async def come(self) -> Listener:
        if self.listener is None:
            self.listener = Listener(self._channel)
            self.listener.revisions = {name: revision for name, (_, revision) in self._known.items()}
            self.listener.md5s = {name: md5 for name, (md5, _) in self._known.items()}
            await self.listener.hello()
            await self.listener.add(*((named(name), *self._known[name]) for name in NAMES))
        return self.listener

    def go(self) -> None:
        if self.listener is not None:
            self._known = {name: (self.listener.md5s[name], self.listener.revisions[name]) for name in NAMES}
            self.listener.call.cancel()
            self.listener = None

    async def read(self, *, acks: bool) -> None:
        if self.listener is None:
            return
        await self.listener.next()
        for name in NAMES if acks else ():
            ack = wire.ListenRequest.Ack(ref=named(name), revision=self.listener.revisions[name])
            await self.listener.call.write(wire.ListenRequest(ack=ack))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
async def test_every_listener_ends_with_the_last_content_of_a_random_history(seed: int) -> None:
    """Each of four listeners is cut off, resumes, reads late and acknowledges at random; none goes back, all end alike."""
    chance = random.Random(seed)
    last: dict[str, str] = {}
    async with running_server() as server, server.channel() as channel:
        readers = [Reader(channel) for _ in range(4)]
        for step in range(chance.randint(5, 30)):
            reader, name = chance.choice(readers), chance.choice(NAMES)
            match chance.choice(["publish", "publish", "publish", "delete", "come", "go", "read"]):
                case "publish":
                    last[name] = (await publish(channel, f"{step}", named(name))).md5
                case "delete" if last.get(name):
                    await delete(channel, named(name))
                    last[name] = ""
                case "come":
                    await reader.come()
                case "go":
                    reader.go()
                case "read":
                    await reader.read(acks=chance.random() < 0.5)

        heard = []
        async with asyncio.timeout(20):
            for reader in readers:
                listener = await reader.come()
                while listener.md5s != {name: last.get(name, "") for name in NAMES}:
                    await listener.next()
                heard.append(listener.md5s)
                reader.go()

        assert heard == [{name: last.get(name, "") for name in NAMES}] * 4
