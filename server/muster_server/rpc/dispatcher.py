"""Who runs what: deployments are placed on agents, agents are told what is wanted, and what they tell moves jobs on."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import structlog
from muster.delivery.v1 import agent_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2

from muster_server.core.access_model import ANY
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryEvent
from muster_server.core.delivery_model import Environment
from muster_server.core.deployment_commands import Advance, Finish, Place
from muster_server.core.deployment_model import Deployment, Job, JobKind
from muster_server.core.deployment_rules import ANY_AGENT
from muster_server.core.deployment_states import DeploymentState, ReplicaState, state_of
from muster_server.core.errors import MusterError, Reason
from muster_server.core.jobs import patience_s
from muster_server.core.naming import limit_exceeded
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.agents import ConnectedAgent
from muster_server.rpc.changes import Changes
from muster_server.rpc.delivery_wire import env_message
from muster_server.rpc.deployment_wire import spec_message

log = structlog.get_logger(__name__)

AGENT_WAIT_S = 30.0
LOOK_S = 0.5
MAX_AGENTS = 1000
"""Of a namespace, so that one cannot keep those of another out."""
MACHINE = "ecs"
"""The type of resource that an agent is."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What looks saw of a job: since when its agent is missed, None if it is not; what was told of it last, and since when.

    An agent that comes and goes is no news, and if it never says anything else its job is given up as if it had stayed.
    """

    missed_since_s: float | None
    generation: int
    report: wire.Report | None
    told_since_s: float


class Dispatcher:
    """Owns nothing durable: what is wanted is the engine's, what runs is the agents'. `changes` tells of deployments and jobs."""

    def __init__(self, engine: Engine, agent_wait_s: float = AGENT_WAIT_S) -> None:
        self.changes = Changes()
        self._engine = engine
        self._agent_wait_s = agent_wait_s
        self._agents: dict[tuple[str, str], ConnectedAgent] = {}
        self._seen: dict[str, _Seen] = {}
        self._wake = asyncio.Event()
        engine.audience.on_delivery_change = self._changed

    @property
    def agents(self) -> Sequence[deployment_pb2.Agent]:
        """Those that are connected, ordered by name."""
        return sorted((connected.agent for connected in self._agents.values()), key=attrgetter("name"))

    def join(self, connected: ConnectedAgent) -> None:
        """Take an agent in, in the place of its earlier stream, and tell it everything.

        Names are a namespace's own, but for those of agents for all, which nobody else may have. Raises MusterError:
        AGENT_NAME_TAKEN, LIMIT_EXCEEDED.
        """
        name = connected.agent.name
        taken = MusterError(Reason.AGENT_NAME_TAKEN, f"another agent with the name {name!r} is connected")
        other = self._agents.get(connected.key)
        if (other is not None and other.agent.id != connected.agent.id) or (other is None and (ANY, name) in self._agents):
            raise taken
        if other is not None:
            other.stream.end(MusterError(Reason.AGENT_REPLACED, f"another stream of the agent {name!r} took its place"))
        elif sum(namespace == connected.agent.namespace for namespace, _ in self._agents) >= MAX_AGENTS:
            raise limit_exceeded("connected agents of a namespace", MAX_AGENTS)
        if connected.agent.namespace == ANY:
            for lesser in [one for one in self._agents.values() if one.agent.name == name and one is not other]:
                lesser.stream.end(taken)
                self.leave(lesser)
        connected.agent.connect_time.FromMicroseconds(round(self._engine.wall_s() * 1e6))
        self._agents[connected.key] = connected
        own = [deployment for deployment in self._deployments() if self._agent_of(deployment) is connected]
        connected.tell_all([self._desired(deployment) for deployment in own])
        self._note(own)
        self._wake.set()
        log.info("agent connected", agent=name, environment=connected.agent.environment, deployments=len(own))

    def leave(self, connected: ConnectedAgent) -> None:
        """Forget an agent that is not connected any more."""
        name = connected.agent.name
        if self._agents.get(connected.key) is connected:
            del self._agents[connected.key]
            self._note(deployment for deployment in self._deployments() if deployment.agent == name)
            log.info("agent gone", agent=name)

    async def observe(self, connected: ConnectedAgent, report: wire.Report) -> None:
        """What an agent told of a deployment; not what it told of another agent's, or of what is wanted no more."""
        deployment = self._engine.state.delivery.things.get(report.deployment_id)
        if not isinstance(deployment, Deployment):
            if report.progress == wire.PROGRESS_DONE:
                connected.forget(report.deployment_id)
            return
        if self._agent_of(deployment) is not connected:
            return
        if report.generation == deployment.generation and self._engine.state.delivery.active_job(deployment) is not None:
            await self._move(deployment, report)
        self.changes.note(deployment.id)

    async def run(self) -> None:
        """Place what is new, and give up what waits too long for its agent, until cancelled."""
        refusal: Reason | None = None
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._look()
            except MusterError as error:  # the disk refuses, or is behind: the next look tries again
                if error.reason is not refusal:
                    log.warning("deployments wait", reason=error.reason.value, why=error.message)
                refusal = error.reason
            else:
                if refusal is not None:
                    log.info("deployments go on")
                refusal = None

    def replicas_of(self, deployment: Deployment) -> Sequence[deployment_pb2.Replica] | None:
        """As its agent told of them last; None while that is not connected, or has not told yet."""
        agent = self._agent_of(deployment)
        report = agent.reports.get(deployment.id) if agent is not None else None
        return None if report is None else report.replicas

    def state_of(self, deployment: Deployment) -> DeploymentState:
        """How it is."""
        replicas = self.replicas_of(deployment)
        seen = None if replicas is None else [ReplicaState(replica.state) for replica in replicas if replica.state]
        return state_of(deployment, self._engine.state.delivery.active_job(deployment), seen)

    def connected(self, deployment: Deployment) -> ConnectedAgent:
        """Its agent. Raises MusterError (AGENT_UNAVAILABLE)."""
        agent = self._agent_of(deployment)
        if agent is None:
            raise MusterError(Reason.AGENT_UNAVAILABLE, f"the agent {deployment.agent!r} is not connected")
        return agent

    async def _move(self, deployment: Deployment, report: wire.Report) -> None:
        match report.progress:
            case wire.PROGRESS_WORKING:
                job = self._engine.state.delivery.jobs[deployment.last_job_id]
                if report.step and (report.step, report.message) != (job.tasks[-1].name, job.tasks[-1].message):
                    await perform(self._engine, Advance(deployment.id, report.generation, report.step, report.message))
            case wire.PROGRESS_DONE:
                await perform(self._engine, Finish(deployment.id, report.generation, True, report.message))
            case wire.PROGRESS_FAILED:
                await perform(self._engine, Finish(deployment.id, report.generation, False, report.message))

    def _changed(self, event: DeliveryEvent) -> None:
        kept = event.kept
        if isinstance(kept, Job):
            self.changes.note(kept.id)
            self.changes.note(kept.deployment_id)
        elif isinstance(kept, Deployment):
            if (agent := self._agent_of(kept)) is not None:
                if isinstance(event, DeliveryChanged):
                    agent.tell(self._desired(kept))
                else:
                    self._tell_gone(agent, kept)
            self.changes.note(kept.id)
        self._wake.set()

    def _tell_gone(self, agent: ConnectedAgent, gone: Deployment) -> None:
        """A forced deletion did not wait for the agent: it is told to stop what it runs all the same."""
        report = agent.reports.get(gone.id)
        if report is not None and report.generation == gone.generation and report.progress == wire.PROGRESS_DONE:
            agent.forget(gone.id)
        else:
            agent.tell(wire.DesiredDeployment(deployment_id=gone.id, generation=gone.generation + 1, drop=True))

    async def _look(self) -> None:
        """O(jobs). Whatever a job waits for that is not there, or that says nothing, it does not wait for ever."""
        now_s, delivery = self._engine.lease_now_s(), self._engine.state.delivery
        seen: dict[str, _Seen] = {}
        for job in [job for job in delivery.jobs.values() if not job.state.is_over]:
            deployment = delivery.deployment(job.namespace, job.deployment_id)
            if not deployment.agent and (chosen := self._chosen(deployment)) is not None:
                await perform(self._engine, Place(deployment.id, chosen.agent.name))
                continue
            seen[job.id] = one = self._see(deployment, job, now_s)
            missed_s = 0.0 if one.missed_since_s is None else now_s - one.missed_since_s
            await self._wait(deployment, job, missed_s, now_s - one.told_since_s)
        self._seen = seen

    def _see(self, deployment: Deployment, job: Job, now_s: float) -> _Seen:
        """A look at a job. To one that is forced its agent does not matter."""
        before = self._seen.get(job.id, _Seen(None, job.generation, None, now_s))
        agent, missed_since_s = self._agent_of(deployment), before.missed_since_s
        if agent is not None and not job.is_forced:
            missed_since_s = None
        elif missed_since_s is None:
            missed_since_s = now_s
        report = agent.reports.get(deployment.id) if agent is not None else None
        if job.generation == before.generation and report in (None, before.report):
            return replace(before, missed_since_s=missed_since_s)
        return _Seen(missed_since_s, job.generation, report, now_s)

    async def _wait(self, deployment: Deployment, job: Job, missed_s: float, silent_s: float) -> None:
        """A job waits: its agent is missed for so long already, and nothing new was told of it for so long."""
        is_missing = self._agent_of(deployment) is None
        if job.kind is JobKind.DELETE and (
            not deployment.agent or (job.is_forced and (is_missing or missed_s > self._agent_wait_s))
        ):
            why = f"without the agent {deployment.agent!r}" if deployment.agent else "it ran nowhere"
            await perform(self._engine, Finish(deployment.id, job.generation, True, why))
        elif is_missing and missed_s > self._agent_wait_s:
            why = f"the agent {deployment.agent!r} is not connected" if deployment.agent else self._nobody(deployment)
            await perform(self._engine, Finish(deployment.id, job.generation, False, why, Reason.AGENT_UNAVAILABLE))
        elif not is_missing and silent_s > patience_s(deployment, job):
            why = f"the agent {deployment.agent!r} is connected, and told nothing new for {patience_s(deployment, job):g} s"
            await perform(self._engine, Finish(deployment.id, job.generation, False, why, Reason.JOB_STALLED))

    def _nobody(self, deployment: Deployment) -> str:
        return f"no agent is connected that runs what is in the environment {self._environment_of(deployment).name!r}"

    def _chosen(self, deployment: Deployment) -> ConnectedAgent | None:
        """Where a deployment is to run: at an agent of its environment if one is connected, else at one for all; the emptiest."""
        environment, spec = self._environment_of(deployment), deployment.setup.spec
        named = {used.id for used in spec.resources if used.type == MACHINE and used.id != ANY_AGENT}
        there = [one for one in self._agents.values() if one.agent.namespace in (ANY, deployment.namespace)]
        wished = set(spec.agents) & {one.agent.name for one in there}
        candidates = [
            connected
            for connected in there
            if connected.agent.environment in ("", environment.name)
            and (not named or connected.agent.name in named)
            and (not wished or connected.agent.name in wished)
        ]
        own = [connected for connected in candidates if connected.agent.environment]
        return min(own or candidates, key=lambda connected: (len(connected.told), connected.agent.name), default=None)

    def _environment_of(self, deployment: Deployment) -> Environment:
        environment = self._engine.state.delivery.things[deployment.environment_id]
        if not isinstance(environment, Environment):
            raise TypeError(f"{deployment.environment_id} is no environment")
        return environment

    def _desired(self, deployment: Deployment) -> wire.DesiredDeployment:
        delivery, setup = self._engine.state.delivery, deployment.setup
        spec = spec_message(setup.spec)
        for kept in (spec, *spec.artifacts.values()):  # an agent has no use for what others keep
            kept.ClearField("properties")
        spec.service = spec.service or delivery.things[deployment.component_id].name
        del spec.env[:]
        spec.env.extend(env_message({**setup.inherited, **setup.spec.env}))
        return wire.DesiredDeployment(
            deployment_id=deployment.id,
            generation=deployment.generation,
            name=deployment.name,
            namespace=deployment.namespace,
            group=delivery.things[deployment.application_id].name,
            replicas=deployment.running_replicas,
            spec=spec,
            spec_generation=setup.number,
            drop=deployment.is_dropped,
        )

    def _agent_of(self, deployment: Deployment) -> ConnectedAgent | None:
        """Its agent, if that is connected and one for its namespace."""
        return self._agents.get((ANY, deployment.agent)) or self._agents.get((deployment.namespace, deployment.agent))

    def _deployments(self) -> Iterable[Deployment]:
        return self._engine.state.delivery.deployments()

    def _note(self, deployments: Iterable[Deployment]) -> None:
        for deployment in deployments:
            self.changes.note(deployment.id)
