"""The catalog hub by itself: who follows a consumer is told what it depends on, and that it is gone."""

import asyncio
from typing import Any

from core.catalog import STOCK, key
from muster_server.core.catalog_commands import AddProviders, CreateDefinition, DefinitionRef, DeleteDefinition
from muster_server.core.catalog_model import Definition
from muster_server.core.errors import MusterError
from muster_server.engine.catalog_hub import Follower
from muster_server.engine.engine import Engine

from engine.fakes import make, perform


class Ear:
    """A stream whose frames are read at once."""

    def __init__(self, engine: Engine) -> None:
        self.hub = engine.catalog_hub
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.ends: list[MusterError] = []
        self.follower = Follower("ear", "test", self._write, self.ends.append)
        self.hub.attach(self.follower)

    async def _write(self, frame: bytes) -> None:
        self.frames.put_nowait(frame.decode())

    async def next(self) -> str:
        async with asyncio.timeout(5):
            return await self.frames.get()


async def create(engine: Engine, name: str, version: str = "1.0.0") -> DefinitionRef:
    created: Any = await perform(engine, CreateDefinition(Definition(key(name, version), f"{name}-{version}", ""), has_id=True))
    return DefinitionRef("default", created.definition.definition_id)


async def test_follower_is_told_of_the_state_and_of_each_change_that_concerns_its_consumer() -> None:
    engine, _, _ = make()
    basket = await create(engine, "basket")
    ear = Ear(engine)
    ear.hub.follow(ear.follower, basket)
    told = [await ear.next()]

    await perform(engine, AddProviders(basket, (STOCK,)))
    told.append(await ear.next())
    await create(engine, "stock")
    told.append(await ear.next())
    await create(engine, "other")  # does not concern it
    await perform(engine, DeleteDefinition(DefinitionRef("default", "stock-1.0.0"), is_forced=True))
    told.append(await ear.next())

    # What stands for instances without a definition is always among them.
    assert told == [f"providers basket-1.0.0{rest}" for rest in ("", " stock:1", " stock:2", " stock:1")]
    await engine.close()


async def test_consumer_that_is_not_there_or_goes_is_cancelled() -> None:
    engine, _, _ = make()
    basket = await create(engine, "basket")
    ear = Ear(engine)
    ear.hub.follow(ear.follower, DefinitionRef("default", "none"))
    unknown = await ear.next()
    ear.hub.follow(ear.follower, basket)
    await ear.next()

    await perform(engine, DeleteDefinition(basket))

    assert unknown == "cancelled none DEFINITION_NOT_FOUND"
    assert await ear.next() == "cancelled basket-1.0.0 DEFINITION_NOT_FOUND"
    assert ear.follower.subscriptions == {}
    await engine.close()


async def test_new_epoch_sends_everything_anew() -> None:
    engine, _, _ = make()
    basket = await create(engine, "basket")
    ear = Ear(engine)
    ear.hub.follow(ear.follower, basket)
    await ear.next()

    ear.hub.reset(engine.epoch + 1)

    assert [await ear.next(), (await ear.next()).split()[0]] == ["providers basket-1.0.0", "bookmark"]
    await engine.close()
