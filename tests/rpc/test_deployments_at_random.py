"""Deployments under random calls, agents that do as they like, and restarts of the server: what always holds, and where it ends."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from core.test_delivery import CONFIG, PROD, PROD_REF, SHOP, SHOP_REF, WEB, WEB_REF
from core.test_deployments import spec, wanted
from muster.delivery.v1 import agent_service_pb2 as agents
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2
from muster_server.core.delivery_commands import Create, DeliveryCommand, Discard, SetApplicationConfig
from muster_server.core.delivery_model import ApplicationConfig
from muster_server.core.deployment_commands import (
    BeginJob,
    CreateDeployment,
    Delete,
    DeleteComponent,
    Intent,
    Restart,
    Rollback,
    Scale,
    Start,
    Stop,
    Upgrade,
)
from muster_server.core.deployment_model import MAX_RECORDS, MAX_TASKS, Deployment, JobState
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.agents import AgentServicer
from muster_server.rpc.calls import Call
from muster_server.rpc.deployments import DeploymentServicer
from muster_server.rpc.dispatcher import AGENT_WAIT_S, Dispatcher
from muster_server.rpc.encoders import WireEncoder
from muster_server.storage.memory import MemoryStore
from running import ManualClock

SEED = random.randrange(1 << 32)
NAMES = ("web-1", "web-2", "web-3")
CALLER = Call("test", {})
READY = deployment_pb2.REPLICA_STATE_READY
REFUSALS = {
    Reason.DEPLOYMENT_BUSY,
    Reason.DEPLOYMENT_EXISTS,
    Reason.WRONG_STATE,
    Reason.VERSION_EXISTS,
    Reason.RELEASE_RECORD_NOT_FOUND,
    Reason.INVALID_FIELD,  # a rollback to what runs
    Reason.COMPONENT_DELETING,
    Reason.COMPONENT_NOT_FOUND,
    Reason.COMPONENT_NOT_EMPTY,
    Reason.APPLICATION_NOT_EMPTY,
    Reason.ENVIRONMENT_NOT_EMPTY,
}
"""What random calls may be told."""


class Wire:
    """An agent's stream in memory: what it says is read by the server, what the server says is taken by the agent at once."""

    def __init__(self, take: Callable[[agents.ConnectResponse], None]) -> None:
        self.call = CALLER
        self.held: Any = tuple
        self.said: asyncio.Queue[agents.ConnectRequest | None] = asyncio.Queue()
        self._take = take

    async def read(self) -> agents.ConnectRequest | None:
        return await self.said.get()

    async def write(self, frame: Any) -> None:
        self._take(frame)

    def end(self, error: MusterError) -> None:
        raise AssertionError(error)


@dataclass
class SimulatedAgent:
    """Runs nothing, and says that it does. `runs` are replicas and spec_generation by deployment, kept over everything."""

    agent: deployment_pb2.Agent
    ran: set[tuple[str, str]]
    runs: dict[str, tuple[int, int]] = field(default_factory=dict)
    desired: dict[str, agents.DesiredDeployment] = field(default_factory=dict)
    reports: dict[str, agents.Report] = field(default_factory=dict)
    stale: list[agents.Report] = field(default_factory=list)
    stream: Wire | None = None
    task: "asyncio.Task[None] | None" = None

    def connect(self, servicer: AgentServicer) -> None:
        self.desired.clear()
        self.stream = Wire(self.take)
        hello = agents.Hello(agent=self.agent, reports=self.reports.values())
        self.stream.said.put_nowait(agents.ConnectRequest(hello=hello))
        self.task = asyncio.create_task(servicer.connect(self.stream), name=self.agent.name)

    async def vanish(self) -> None:
        if self.stream is not None and self.task is not None:
            self.stream.said.put_nowait(None)
            await self.task
            self.stream = self.task = None

    def forget(self) -> None:
        """Its process was started anew: what it runs goes on, what it was told is not known any more."""
        for report in self.reports.values():
            report.generation, report.progress = 0, agents.PROGRESS_WORKING

    def take(self, frame: agents.ConnectResponse) -> None:
        if frame.desired.complete:
            kept = {one.deployment_id for one in frame.desired.deployments}
            for gone in self.runs.keys() - kept:
                del self.runs[gone]
                self.reports.pop(gone, None)
        for one in frame.desired.deployments:
            self.desired[one.deployment_id] = one

    def say(self, report: agents.Report) -> None:
        if self.stream is not None:
            self.stream.said.put_nowait(agents.ConnectRequest(report=report))

    def report(self, desired: agents.DesiredDeployment, progress: int, step: str = "", message: str = "") -> None:
        replicas = [
            deployment_pb2.Replica(index=index, state=READY) for index in range(self.runs.get(desired.deployment_id, (0, 0))[0])
        ]
        report = agents.Report(
            deployment_id=desired.deployment_id,
            generation=desired.generation,
            progress=progress,  # type: ignore[arg-type]  # a number of the enum
            step=step,
            message=message,
            replicas=replicas,
        )
        self.stale.append(report)
        self.reports[desired.deployment_id] = report
        self.say(report)

    def make_true(self, desired: agents.DesiredDeployment) -> None:
        if desired.drop:
            self.runs.pop(desired.deployment_id, None)
        else:
            self.runs[desired.deployment_id] = (desired.replicas, desired.spec_generation)
            if desired.replicas:
                self.ran.add((desired.deployment_id, desired.spec.version))
        self.report(desired, agents.PROGRESS_DONE, "verify", "it is so")
        if desired.drop:
            del self.reports[desired.deployment_id], self.desired[desired.deployment_id]


class World:
    """A server's core without its ports, over a store that outlives it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.store, self.clock = MemoryStore(), ManualClock()
        self.story: list[str] = []
        self.ran: set[tuple[str, str]] = set()
        self.agents = [
            SimulatedAgent(deployment_pb2.Agent(name="local", namespace="*", host="h", id="a"), self.ran),
            SimulatedAgent(deployment_pb2.Agent(name="node-1", namespace="n", environment="prod", host="h", id="b"), self.ran),
        ]
        self.generations: dict[str, int] = {}
        self.numbers = iter(range(1 << 30))

    def begin(self) -> None:
        self.engine = Engine(self.store, WireEncoder(), self.clock)
        self.dispatcher = Dispatcher(self.engine)
        self.servicer = AgentServicer(self.dispatcher)
        self.deployments = DeploymentServicer(self.engine, self.dispatcher)
        self.running = asyncio.create_task(self.dispatcher.run(), name="dispatcher")

    async def end(self) -> None:
        for agent in self.agents:
            await agent.vanish()
        self.running.cancel()
        await asyncio.wait([self.running])
        await self.engine.close()

    @property
    def delivery(self) -> Any:
        return self.engine.state.delivery

    @property
    def known(self) -> Sequence[Deployment]:
        return list(self.delivery.deployments())

    async def do(self, command: DeliveryCommand) -> None:
        try:
            await perform(self.engine, command)
        except MusterError as error:
            if error.reason not in REFUSALS:
                raise

    async def quiet(self) -> None:
        """Let everybody do what they can without the clock."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def step(self) -> None:
        move = self.rng.choice(MOVES)
        self.story.append(move.__name__)
        await move(self)
        await self.quiet()
        await self.check()

    async def check(self) -> None:
        delivery = self.delivery
        for deployment in self.known:
            jobs = [job for job in delivery.jobs.values() if job.deployment_id == deployment.id]
            assert jobs[-1].id == deployment.last_job_id
            assert all(job.state.is_over for job in jobs[:-1])
            assert deployment.generation >= self.generations.get(deployment.id, 0)
            self.generations[deployment.id] = deployment.generation
            versions = [record.spec.version for record in deployment.records]
            assert len(set(versions)) == len(versions) <= MAX_RECORDS
            assert {(deployment.id, version) for version in versions} <= self.ran, "a record of what never ran"
        for job in delivery.jobs.values():
            assert job.state.is_over or job.deployment_id in delivery.things
            assert 1 <= len(job.tasks) <= MAX_TASKS
            assert not any(task.state is JobState.RUNNING for task in job.tasks[:-1])
            assert (job.tasks[-1].state is JobState.RUNNING) is not job.state.is_over
        assert delivery.count == len(delivery.things) + sum(map(len, delivery.configs.values()))
        shown = (await self.deployments.list_deployments(wire.ListDeploymentsRequest(namespace="n"), CALLER)).deployments
        assert {one.id for one in shown} == {one.id for one in self.known}

    async def settle(self) -> None:
        """Agents do what they are told, and time passes, until every job is over."""
        for _ in range(20):
            for agent in self.agents:
                if agent.stream is None:
                    agent.connect(self.servicer)
                    await self.quiet()
                for desired in list(agent.desired.values()):
                    said = agent.reports.get(desired.deployment_id, agents.Report())
                    if (said.generation, said.progress) != (desired.generation, agents.PROGRESS_DONE):
                        agent.make_true(desired)
            self.clock.now_s += AGENT_WAIT_S
            await populate(self)
            await self.do(
                SetApplicationConfig("n", ApplicationConfig("shop", "prod", {"a": str(next(self.numbers))}))
            )  # who waits looks
            await self.quiet()
        assert not [job for job in self.delivery.jobs.values() if not job.state.is_over]
        for agent in self.agents:
            placed = [one for one in self.known if one.agent == agent.agent.name]
            want = {one.id: (one.running_replicas, one.setup.number) for one in placed}
            assert {id_: what for id_, what in agent.runs.items() if what[0]} == {
                id_: what for id_, what in want.items() if what[0]
            }
        assert not any(getattr(thing, "is_deleting", False) for thing in self.delivery.things.values())


async def create(world: World) -> None:
    await populate(world)
    number = next(world.numbers)
    name = world.rng.choice(NAMES)
    deployment = wanted(id=f"d-{number}", name=name, replicas=world.rng.randint(1, 3), setup=wanted().setup)
    await world.do(CreateDeployment(deployment, f"job-{number}"))


async def populate(world: World) -> None:
    for thing in (SHOP, PROD, WEB):
        if thing.id not in world.delivery.things:
            await world.do(Create(thing))
    await world.do(SetApplicationConfig("n", CONFIG))


async def change(world: World) -> None:
    number = next(world.numbers)
    intents: list[Intent] = [
        Upgrade(spec(f"2.0.{number}")),
        Upgrade(spec(f"2.0.{number}")),
        Scale(world.rng.randint(1, 4)),
        Start(),
        Stop(),
        Restart(),
        Delete(),
        Delete(is_forced=True),
    ]
    for deployment in world.rng.sample(world.known, min(1, len(world.known))):
        intents += [Rollback(record.spec.version) for record in deployment.records[-2:]]
        intent = world.rng.choice(intents)
        world.story[-1] += f" {deployment.id} {type(intent).__name__}"
        await world.do(BeginJob("n", deployment.id, intent, f"job-{number}"))


async def delete_what_they_belong_to(world: World) -> None:
    seed = UUID(int=world.rng.getrandbits(128))
    if "shop" in world.delivery.things:
        commands: list[DeliveryCommand] = [
            DeleteComponent("n", "shop", "web", seed),
            DeleteComponent("n", "shop", "web"),
            Discard(SHOP_REF),
            Discard(WEB_REF),
        ]
        await world.do(world.rng.choice(commands))
    if "prod" in world.delivery.things:
        await world.do(Discard(PROD_REF))


async def work(world: World) -> None:
    agent = world.rng.choice(world.agents)
    for desired in list(agent.desired.values()):
        act = world.rng.randrange(6)
        if act < 2:
            agent.report(desired, agents.PROGRESS_WORKING, world.rng.choice(("fetch", "start", "stop")), str(next(world.numbers)))
        elif act < 4:
            agent.make_true(desired)
            if world.rng.random() < 0.2:
                agent.say(agent.stale[-1])
        elif act == 4:
            agent.report(desired, agents.PROGRESS_FAILED, "start", "it does not run")


async def repeat_what_was(world: World) -> None:
    agent = world.rng.choice(world.agents)
    for report in world.rng.sample(agent.stale, min(3, len(agent.stale))):
        agent.say(report)


async def connect(world: World) -> None:
    agent = world.rng.choice(world.agents)
    if agent.stream is None:
        agent.connect(world.servicer)


async def vanish(world: World) -> None:
    agent = world.rng.choice(world.agents)
    await agent.vanish()
    if world.rng.random() < 0.5:
        agent.forget()


async def pass_time(world: World) -> None:
    world.clock.now_s += world.rng.choice((1.0, AGENT_WAIT_S / 2, AGENT_WAIT_S + 1.0))


async def restart(world: World) -> None:
    """Another engine over the same store finds everything."""
    delivery = world.delivery
    before = dict(delivery.things), {key: dict(value) for key, value in delivery.configs.items()}, dict(delivery.jobs)
    await world.end()
    world.begin()
    delivery = world.delivery
    assert (delivery.things, delivery.configs, delivery.jobs) == before


MOVES = (
    *(create, create, change, change, change, change, change, delete_what_they_belong_to),
    *(work, work, work, work, work, repeat_what_was, connect, connect, vanish, pass_time, restart),
)


@asynccontextmanager
async def made(seed: int) -> AsyncIterator[World]:
    world = World(seed)
    world.begin()
    await populate(world)
    try:
        yield world
    finally:
        await world.end()


async def at_random(for_s: float) -> None:
    end_s, seed = time.monotonic() + for_s, SEED
    while time.monotonic() < end_s:
        async with made(seed) as world:
            try:
                for _ in range(5):
                    for _ in range(40):
                        await world.step()
                    await world.settle()
                    await world.check()
            except Exception as error:
                raise AssertionError(f"seed {seed}: {error}\n" + "\n".join(world.story)) from error
        seed += 1


async def test_every_job_ends_and_agents_run_what_is_wanted_whatever_happens() -> None:
    await at_random(2.0)


@pytest.mark.slow
async def test_every_job_ends_and_agents_run_what_is_wanted_whatever_happens_for_longer() -> None:
    await at_random(15.0)
