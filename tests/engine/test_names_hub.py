"""The names hub by itself. What the two streams of names do over the wire is tested in rpc/test_names.py."""

import asyncio
from typing import Any

from core.story import ref
from muster_server.core.commands import Deregister
from muster_server.core.config_commands import Delete, Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.errors import MusterError
from muster_server.engine.names_hub import MAX_LOG, NamesHub, Subscriber

from engine.fakes import make, pass_time, perform, put


class Eye:
    """A stream of names whose far end reads when it is told to."""

    def __init__(self, hub: NamesHub[Any], namespace: str = "") -> None:
        self.hub, self.namespace = hub, namespace
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.ends: list[MusterError] = []
        self._open = asyncio.Event()
        self._open.set()
        self.subscriber = Subscriber("eye", "test", self._write, self.ends.append)
        hub.attach(self.subscriber)
        hub.subscribe(self.subscriber, namespace)

    async def _write(self, frame: bytes) -> None:
        await self._open.wait()
        self.frames.put_nowait(frame.decode())

    def stop_reading(self) -> None:
        self._open.clear()

    def read_on(self) -> None:
        self._open.set()

    async def to_bookmark(self) -> list[str]:
        frames: list[str] = []
        while not (frame := await self.frames.get()).startswith("bookmark"):
            frames.append(frame)
        return frames

    async def news(self) -> list[str]:
        self.hub.bookmark()
        return await self.to_bookmark()


async def test_services_appear_with_their_first_instance_and_disappear_with_their_last() -> None:
    engine, _, _ = make()
    await perform(engine, put("shop/old#1"))
    eye = Eye(engine.service_names)
    first = await eye.to_bookmark()
    await perform(engine, put("shop/new#1"))
    appeared = await eye.news()
    await perform(engine, put("shop/new#2"))
    await perform(engine, Deregister(ref("shop/new#1")))
    nothing = await eye.news()
    await perform(engine, Deregister(ref("shop/new#2")))
    disappeared = await eye.news()

    assert (first, appeared, nothing, disappeared) == (["snapshot: old"], ["delta +new"], [], ["delta -new"])


async def test_configs_appear_when_published_and_disappear_when_deleted() -> None:
    engine, _, _ = make()
    eye = Eye(engine.config_names)
    first = await eye.to_bookmark()
    await perform(engine, Publish(config_key("", "", "app"), Text("one")))
    appeared = await eye.news()
    await perform(engine, Delete(config_key("", "", "app")))
    disappeared = await eye.news()

    assert (first, appeared, disappeared) == (["snapshot: "], ["delta +app"], ["delta -app"])


async def test_names_of_other_namespaces_are_not_told() -> None:
    engine, _, _ = make()
    eye, all_eyes = Eye(engine.config_names, "a"), Eye(engine.config_names)
    await eye.to_bookmark()
    await all_eyes.to_bookmark()
    await perform(engine, Publish(config_key("a", "", "mine"), Text("")))
    await perform(engine, Publish(config_key("b", "", "theirs"), Text("")))

    assert sorted(" ".join(await eye.news()).split()) == ["+mine", "delta"]
    assert {"+mine", "+theirs"} < set(" ".join(await all_eyes.news()).split())


async def test_reader_that_falls_behind_is_told_the_latest_only() -> None:
    engine, _, _ = make()
    eye = Eye(engine.service_names)
    await eye.to_bookmark()
    eye.stop_reading()
    await perform(engine, put("shop/a#1"))
    await asyncio.sleep(0)
    await perform(engine, put("shop/b#1"))
    await perform(engine, put("shop/c#1"))
    await perform(engine, Deregister(ref("shop/c#1")))
    eye.read_on()

    told = " ".join(await eye.news())
    assert "+b" in told
    assert "-c" in told
    assert "+c" not in told


async def test_reader_that_falls_behind_the_log_is_sent_everything_anew() -> None:
    engine, _, _ = make()
    eye = Eye(engine.service_names)
    await eye.to_bookmark()
    eye.stop_reading()
    for number in range(MAX_LOG + 2):
        await perform(engine, put(f"shop/s{number}#1"))
    eye.read_on()
    frames = await eye.news()

    assert [frame.split(":")[0] for frame in frames if frame.startswith("snapshot")] == ["snapshot reset"]
    assert frames[-1].count("s") >= MAX_LOG


async def test_end_of_the_warm_up_is_told_by_a_bookmark() -> None:
    engine, store, _ = make()
    await perform(engine, put("shop/api#1"))
    await engine.close()
    again, _, clock = make(store)
    eye = Eye(again.service_names)
    first, warm = await eye.frames.get(), await eye.frames.get()
    pass_time(again, clock, 16.0)

    assert (first, warm) == ("snapshot warming: api", "bookmark warming")
    while (frame := await eye.frames.get()) != "bookmark":
        assert frame.startswith("delta")


async def test_reset_sends_the_names_anew() -> None:
    engine, _, _ = make()
    await perform(engine, put("shop/api#1"))
    eye = Eye(engine.service_names)
    await eye.to_bookmark()
    engine.service_names.reset()

    assert await eye.to_bookmark() == ["snapshot reset: api"]
