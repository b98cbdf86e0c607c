"""The config hub by itself: a reset sends everybody everything anew. What Listen does is tested over the wire."""

import asyncio

from muster_server.core.config_commands import Publish
from muster_server.core.config_model import ConfigKey, Text, config_key
from muster_server.core.errors import MusterError
from muster_server.engine.config_hub import Listener, Listening
from muster_server.engine.engine import Engine
from muster_server.engine.mailroom import MAX_UNACKED

from engine.fakes import make, perform, turns_of_the_loop

A, B, NEVER = (config_key("", "", name) for name in ("a", "b", "never"))


class Ear:
    """A listen stream whose far end reads when it is told to."""

    def __init__(self, engine: Engine) -> None:
        self.hub = engine.config_hub
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.ends: list[MusterError] = []
        self._open = asyncio.Event()
        self._open.set()
        self.listener = Listener("ear", "test", self._write, self.ends.append)
        self.hub.attach(self.listener)

    async def _write(self, frame: bytes) -> None:
        await self._open.wait()
        self.frames.put_nowait(frame.decode())

    def stop_reading(self) -> None:
        self._open.clear()

    def read_on(self) -> None:
        self._open.set()

    def listen(self, *keys: ConfigKey) -> None:
        for key in keys:
            self.hub.listen(self.listener, Listening(key=key, since_s=0.0))

    async def next(self, count: int) -> list[str]:
        return [await self.frames.get() for _ in range(count)]


async def publish(engine: Engine, content: str, key: ConfigKey = A) -> None:
    await perform(engine, Publish(key, Text(content)))


async def test_reset_sends_every_listener_its_content_anew_and_a_bookmark() -> None:
    engine, _, _ = make()
    await publish(engine, "one")
    await publish(engine, "two", B)
    both, other = Ear(engine), Ear(engine)
    both.listen(A, B, NEVER)
    other.listen(B)
    await both.next(3)
    await other.next(1)

    engine.config_hub.reset(engine.epoch + 1)

    assert await both.next(4) == ["changed a 2: one", "changed b 3: two", "missing never 3", "bookmark 3"]
    assert await other.next(2) == ["changed b 3: two", "bookmark 3"]
    await engine.close()


async def test_listener_after_a_reset_hears_of_the_next_release() -> None:
    engine, _, _ = make()
    await publish(engine, "one")
    ear = Ear(engine)
    ear.listen(A)
    await ear.next(1)
    engine.config_hub.reset(engine.epoch + 1)
    await ear.next(2)

    await publish(engine, "two")

    assert await ear.next(1) == ["changed a 3: two"]
    await engine.close()


async def test_reset_while_a_listener_does_not_read_sends_it_the_latest_once() -> None:
    engine, _, _ = make()
    await publish(engine, "one")
    ear = Ear(engine)
    ear.stop_reading()
    ear.listen(A)
    await turns_of_the_loop()
    await publish(engine, "two")

    engine.config_hub.reset(engine.epoch + 1)
    ear.read_on()

    assert await ear.next(3) == ["changed a 2: one", "changed a 3: two", "bookmark 3"]
    await engine.close()


async def test_reset_reaches_a_listener_whose_window_is_full_though_nothing_changed() -> None:
    engine, _, _ = make()
    ear = Ear(engine)
    await publish(engine, "0")
    ear.listen(A)
    await ear.next(1)
    engine.config_hub.ack(ear.listener, A, engine.revision)
    for number in range(1, MAX_UNACKED + 1):
        await publish(engine, str(number))
        await ear.next(1)

    engine.config_hub.reset(engine.epoch + 1)

    assert await ear.next(2) == [f"changed a {engine.revision}: {MAX_UNACKED}", f"bookmark {engine.revision}"]
    await engine.close()
