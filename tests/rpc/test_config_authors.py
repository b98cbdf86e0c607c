"""Who is remembered as the author of a release: the one that is named, else the caller where callers prove who they are."""

from typing import Any

from access_world import guarded
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from running import running_server

from rpc.configs import REF, publish, stub

RULE = config_pb2.GrayRule(percentage=config_pb2.GrayRule.PercentMatch(percent=10))


async def authors(configs: Any, **call: Any) -> list[str]:
    history = await configs.ListReleases(wire.ListReleasesRequest(ref=REF), **call)
    return [release.author for release in reversed(history.releases)]


async def test_writes_of_a_caller_who_is_known_bear_its_name_unless_they_name_another() -> None:
    async with guarded() as world:
        ann = await world.user("ann", ("default:app:config/*", "rw"))

        await world.config.PublishConfig(wire.PublishConfigRequest(ref=REF, content="one"), metadata=ann)
        await world.config.PublishConfig(wire.PublishConfigRequest(ref=REF, content="two", author="job 7"), metadata=ann)
        await world.config.PublishGray(wire.PublishGrayRequest(ref=REF, content="x", gray="g", rule=RULE), metadata=ann)
        await world.config.PromoteGray(wire.PromoteGrayRequest(ref=REF, gray="g"), metadata=ann)
        await world.config.PublishGray(wire.PublishGrayRequest(ref=REF, content="y", gray="h", rule=RULE), metadata=ann)
        await world.config.StopGray(wire.StopGrayRequest(ref=REF, gray="h"), metadata=ann)
        await world.config.DeleteConfig(wire.DeleteConfigRequest(ref=REF), metadata=ann)
        await world.config.RollbackConfig(wire.RollbackConfigRequest(ref=REF, number=1), metadata=ann)

        assert await authors(world.config, metadata=ann) == ["ann", "job 7", *["ann"] * 7]


async def test_where_nobody_proves_who_they_are_nobody_is_remembered() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "one")

        assert await authors(stub(channel)) == [""]
