"""A rolling upgrade as callers see it who follow the registry."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from delivery_world import WAIT_S
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.registry.v1 import instance_pb2
from muster_client import Client, ServiceRef, Update, Watch

from agent.apps import do, package, web_spec
from agent.test_deployments import deployed, get, instances

REQUESTS = 2_000
CALLERS = 8


class Caller:
    """Asks the instances that can be called, in turns; what they answer is counted, and what fails is kept."""

    def __init__(self, first: Update) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.is_enough = asyncio.Event()
        self._turns = itertools.count()
        self._take(first)

    async def follow(self, updates: Watch) -> None:
        async for update in updates:
            self._take(update)

    async def ask(self) -> None:
        """Ask again and again: so often, and at least until it is enough."""
        while not (self.is_enough.is_set() and self.answers.total() >= REQUESTS):
            assert self._ports, "there is no instance to be called"
            try:
                answer = await get(self._ports[next(self._turns) % len(self._ports)])
                self.answers[answer.partition(" ")[0]] += 1
            except OSError as failure:
                self.failures.append(repr(failure))

    def _take(self, update: Update) -> None:
        self._ports = [one.endpoints[0].port for one in update.instances.values() if _can_be_called(one)]


def _can_be_called(found: instance_pb2.Instance) -> bool:
    return found.health == instance_pb2.HEALTH_HEALTHY and found.admin_state == instance_pb2.ADMIN_STATE_ENABLED


async def test_lines_of_the_version_that_goes_and_of_the_one_that_comes_are_told_apart(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        before = running.spec.version
        follower = made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, follow=True))
        upgrade = wire.UpgradeDeploymentRequest(id=running.id, spec=web_spec("2.0.0", package(tmp_path)))
        await do(made, "UpgradeDeployment", upgrade)
        after = await made.get(running)
        said = {
            (one.index, version): f"listening on {one.port}\n"
            for version, found in ((before, running), ("2.0.0", after))
            for one in found.replica_states
        }

        async with asyncio.timeout(WAIT_S):
            followed = [await follower.read() for _ in after.replica_states]
        kept = [chunk async for chunk in made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, tail_lines=10))]
        last = [chunk async for chunk in made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, tail_lines=1))]

        assert [(one.index, one.version) for one in kept] == [(0, before), (0, "2.0.0"), (1, before), (1, "2.0.0")]
        assert [(one.index, one.version) for one in last] == [(0, "2.0.0"), (1, "2.0.0")]
        assert {(one.index, one.version) for one in followed} == {(0, "2.0.0"), (1, "2.0.0")}
        assert all(one.data.decode() == said[one.index, one.version] for one in (*kept, *last, *followed))
        follower.cancel()


@pytest.mark.slow
async def test_no_request_fails_while_every_replica_is_replaced(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running), Client(made.server.grpc_target) as client:
        async with client.watch(ServiceRef(group="shop", name="web")) as updates, asyncio.TaskGroup() as group:
            caller = Caller(await anext(updates))
            following = group.create_task(caller.follow(updates), name="following")
            callers = [group.create_task(caller.ask(), name=f"caller {number}") for number in range(CALLERS)]

            spec = web_spec("2.0.0", package(tmp_path, "web2"))
            job = await do(made, "UpgradeDeployment", wire.UpgradeDeploymentRequest(id=running.id, spec=spec))

            caller.is_enough.set()
            await asyncio.wait(callers)
            following.cancel()

        assert caller.failures == []
        assert caller.answers.total() >= REQUESTS
        assert set(caller.answers) == {"1.0.0", "2.0.0"}
        assert [one.version for one in (await made.get(running)).replica_states] == ["2.0.0"] * 2
        assert {task.name for task in job.tasks} == {"place", "fetch", "start", "stop"}


@pytest.mark.slow
async def test_request_that_is_begun_while_callers_are_told_is_answered(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running), Client(made.server.grpc_target) as client:
        async with client.watch(ServiceRef(group="shop", name="web")) as updates, asyncio.TaskGroup() as group:
            before = {one.instance_id for one in (await anext(updates)).instances.values()}
            restart = group.create_task(do(made, "RestartDeployment", wire.RestartDeploymentRequest(id=running.id)))
            late = [await get(port, "/?seconds=0.8") async for port in _drained(updates, 2)]
            await restart

        assert [answer.partition(" ")[0] for answer in late] == ["1.0.0"] * 2
        assert before.isdisjoint(one.instance_id for one in await instances(made))


async def _drained(updates: Watch, count: int) -> AsyncIterator[int]:
    """The ports of so many instances, each when it is being drained."""
    seen: set[str] = set()
    async for update in updates:
        for one in update.puts:
            if one.admin_state == instance_pb2.ADMIN_STATE_DRAINING and one.instance_id not in seen:
                seen.add(one.instance_id)
                yield one.endpoints[0].port
        if len(seen) == count:
            return
