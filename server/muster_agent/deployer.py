"""One deployment at an agent: what is wanted of it, what runs, and the way from one to the other."""

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from muster.delivery.v1 import agent_service_pb2 as wire
from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.registry.v1 import instance_pb2

from muster_agent import logs
from muster_agent.packages import Packages
from muster_agent.registrar import RefusedError, Registrar
from muster_agent.replica import Files, Replica, Tools, clipped
from muster_agent.standing import READY, STOPPING, UNREADY, ReplicaFailedError
from muster_agent.store import DeploymentRecord, ReplicaRecord, Store
from muster_agent.unpacking import PackageError

log = structlog.get_logger(__name__)

PROGRESS_EVERY_S = 1.0
MAX_MESSAGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Shop:
    """What all deployments of an agent share. `env` is what every process gets, `host` where it can be reached."""

    store: Store
    packages: Packages
    tools: Tools
    registrar: Registrar
    logs: Path
    env: Mapping[str, str]
    host: str


class Deployer:
    """Goes from whatever is there to what is wanted, step by step; what is wanted next begins where it stands.

    `changed` is called with each report that is another, `gone` once it is dropped.
    """

    def __init__(
        self, record: DeploymentRecord, shop: Shop, changed: Callable[[wire.Report], None], gone: Callable[[], None]
    ) -> None:
        self._record, self._shop = record, shop
        self._changed, self._gone = changed, gone
        self._desired = wire.DesiredDeployment.FromString(record.desired)
        self._generation = 0
        self._progress = wire.PROGRESS_WORKING
        self._step = self._message = ""
        self._task: asyncio.Task[None] | None = None
        self._said_s = 0.0
        self.replicas = [self._replica(one) for one in record.replicas]
        for replica in self.replicas:
            replica.begin()

    @property
    def deployment_id(self) -> str:
        """Which one."""
        return self._record.deployment_id

    @property
    def packages(self) -> set[str]:
        """The digests of the packages that it runs from: two during an upgrade."""
        return {self._record.package, *(Path(replica.record.directory).name for replica in self.replicas)}

    @property
    def report(self) -> wire.Report:
        """How it is."""
        return wire.Report(
            deployment_id=self.deployment_id,
            generation=self._generation,
            progress=self._progress,
            step=self._step,
            message=clipped(self._message, MAX_MESSAGE_BYTES),
            replicas=[replica.message_of() for replica in sorted(self.replicas, key=lambda one: one.index)],
        )

    def want(self, desired: wire.DesiredDeployment) -> None:
        """Make this true from now on; the same again changes nothing."""
        if desired.generation == self._generation:
            return
        if self._task is not None:
            self._task.cancel()
        before, self._task = self._task, None
        self._desired, self._generation = desired, desired.generation
        self._task = asyncio.create_task(self._converge(before), name=f"deployment {self.deployment_id}")

    async def close(self, *, stops: bool) -> None:
        """End; what runs goes on, or is stopped too."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if stops:
            await self._stop(list(self.replicas))
        for replica in self.replicas:
            await replica.let_go()

    async def _converge(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait([before])
        self._say(wire.PROGRESS_WORKING, "", "")
        try:
            self._record.desired = self._desired.SerializeToString()
            await self._save_if_possible()
            await self._make_true()
        except (ReplicaFailedError, PackageError) as error:
            self._say(wire.PROGRESS_FAILED, self._step, str(error))
        except OSError as error:
            self._say(wire.PROGRESS_FAILED, self._step, f"{error.strerror}: {error.filename}" if error.filename else str(error))
        except Exception:  # a defect of ours, which no job is to wait for
            log.exception("deployment given up", deployment=self.deployment_id)
            self._say(wire.PROGRESS_FAILED, self._step, "the agent has failed: its log says how")
        if not self._desired.drop:
            self._record.settled = self._generation
            await self._save_if_possible()

    async def _make_true(self) -> None:
        desired = self._desired
        leaving = [one for one in self.replicas if one.record.is_leaving or one.index >= desired.replicas]
        if not desired.replicas:
            await self._stop(leaving)
            if desired.drop:
                await self._shop.store.forget(self.deployment_id)
                await asyncio.to_thread(shutil.rmtree, self._logs, ignore_errors=True)
                self._gone()
            self._say(wire.PROGRESS_DONE, "stop", "nothing runs")
            return
        directory = await self._fetch()
        await self._stop(leaving)
        if desired.generation != self._record.settled:  # or a restart of the agent would be one of what has ended, too
            for replica in self._current():
                replica.revive()
        if desired.spec.strategy == deployment_pb2.STRATEGY_RECREATE:
            await self._stop(self._others())
        await self._start(directory)
        self._say(wire.PROGRESS_DONE, "verify", self._count())

    async def _start(self, directory: Path) -> None:
        """Start what has no predecessor all at once, and replace what has one by one."""
        taken = {replica.index for replica in self.replicas}
        self._say(wire.PROGRESS_WORKING, "start", self._limits())
        for index in range(self._desired.replicas):
            if index not in taken:
                self._begin(index, directory)
        for replica in self._current():
            await replica.until_ready()
            await self._registered(replica)
        for index in sorted({replica.index for replica in self._others()}):
            self._say(wire.PROGRESS_WORKING, "start", f"replica {index} of {self._desired.replicas} is being replaced")
            replica = next((one for one in self._current() if one.index == index), None) or self._begin(index, directory)
            await replica.until_ready()
            await self._registered(replica)
            await self._stop([one for one in self._others() if one.index == index])

    async def _registered(self, replica: Replica) -> None:
        """Callers find it before its predecessor leaves or the job is done, even if that has to wait for the registry.

        Raises ReplicaFailedError if the registry refuses it.
        """
        try:
            await self._shop.registrar.flush(replica.record.mark)
        except RefusedError as error:
            raise ReplicaFailedError(f"replica {replica.index} cannot be registered: {error}") from None

    async def _stop(self, leaving: Sequence[Replica]) -> None:
        if not leaving:
            return
        self._say(wire.PROGRESS_WORKING, "stop", f"{len(leaving)} of {len(self.replicas)} replicas are being stopped")
        await asyncio.gather(*(self._stop_one(replica) for replica in leaving))

    async def _stop_one(self, replica: Replica) -> None:
        await replica.stop(lambda one: self._shop.registrar.leave(one.record.mark))
        self.replicas.remove(replica)
        await self._save_if_possible()
        self._changed(self.report)

    async def _fetch(self) -> Path:
        """Where the package of the spec is unpacked. Raises PackageError."""
        desired, record = self._desired, self._record
        if not desired.spec.command:
            raise PackageError("there is no command to run")
        artifacts = list(desired.spec.artifacts.values())
        if len(artifacts) != 1:
            raise PackageError(f"there are {len(artifacts)} artifacts, and exactly one can be run")
        if artifacts[0].kind != delivery_pb2.SOURCE_KIND_PACKAGE:
            what = "no container runtime" if artifacts[0].kind == delivery_pb2.SOURCE_KIND_IMAGE else "nothing that builds code"
            raise PackageError(f"there is {what} here")
        known = self._shop.packages.known(record.package) if record.package_generation == desired.spec_generation else None
        if known is not None:
            return known.directory
        self._say(wire.PROGRESS_WORKING, "fetch", "")
        loop = asyncio.get_running_loop()

        def fetching(how: str) -> None:
            loop.call_soon_threadsafe(self._fetching, how)

        package = await self._shop.packages.get(artifacts[0].url, artifacts[0].sha256, fetching)
        record.package, record.package_generation = package.digest, desired.spec_generation
        await self._save()
        return package.directory

    def _fetching(self, how: str) -> None:
        if self._step == "fetch" and time.monotonic() - self._said_s >= PROGRESS_EVERY_S:
            self._say(wire.PROGRESS_WORKING, "fetch", how)

    def _begin(self, index: int, directory: Path) -> Replica:
        record = ReplicaRecord(
            index=index,
            mark=f"{self._desired.name}-{index}-{secrets.token_hex(3)}",
            spec_generation=self._desired.spec_generation,
            spec=self._desired.spec.SerializeToString(),
            directory=str(directory),
            port=0,
        )
        self._record.replicas.append(record)
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        replica = self._replica(record)
        self.replicas.append(replica)
        logs.make_room(self._logs, index, {one.output for one in self.replicas if one.index == index})
        replica.begin()
        return replica

    def _replica(self, record: ReplicaRecord) -> Replica:
        spec = deployment_pb2.DeploymentSpec.FromString(record.spec)
        env = {
            **self._shop.env,
            "MUSTER_DEPLOYMENT": self._desired.name,
            "MUSTER_VERSION": spec.version,
            "MUSTER_INDEX": str(record.index),
            **{one.name: one.value for one in spec.env},
        }
        output = logs.Log(record.index, record.spec_generation, spec.version).within(self._logs)
        files = Files(output, self._save, self._save_if_possible)
        replica = Replica(record, env, files, self._shop.tools, lambda: self._seen(replica))
        return replica

    @property
    def _logs(self) -> Path:
        return self._shop.logs / self.deployment_id

    def _seen(self, replica: Replica) -> None:
        """A replica is another: the registry is told, and the server."""
        registrar, mark = self._shop.registrar, replica.record.mark
        if replica.state in (READY, UNREADY):
            health = instance_pb2.HEALTH_HEALTHY if replica.state == READY else instance_pb2.HEALTH_UNHEALTHY
            registrar.put(self._service(replica), self._instance(replica, health))
        elif replica.state != STOPPING:
            registrar.drop(mark)
        self._changed(self.report)

    def _service(self, replica: Replica) -> instance_pb2.ServiceRef:
        return instance_pb2.ServiceRef(namespace=self._desired.namespace, group=self._desired.group, name=replica.spec.service)

    def _instance(self, replica: Replica, health: instance_pb2.Health) -> instance_pb2.Instance:
        return instance_pb2.Instance(
            instance_id=replica.record.mark,
            endpoints=[instance_pb2.Endpoint(scheme="http", host=self._shop.host, port=replica.record.port)],
            metadata={
                "deployment": self._desired.name,
                "version": replica.spec.version,
                "replica": str(replica.index),
            },
            health=health,
        )

    def _current(self) -> list[Replica]:
        return [one for one in self.replicas if one.record.spec_generation == self._desired.spec_generation]

    def _others(self) -> list[Replica]:
        return [one for one in self.replicas if one.record.spec_generation != self._desired.spec_generation]

    def _count(self) -> str:
        ready = sum(replica.state == READY for replica in self.replicas)
        return f"{ready} of {self._desired.replicas} replicas are ready"

    def _limits(self) -> str:
        limits = self._desired.spec.limits
        return f"held to its limits: {self._shop.tools.limiter.text}" if limits.cpu_milli or limits.memory_bytes else ""

    def _say(self, progress: wire.Progress, step: str, message: str) -> None:
        self._progress, self._step, self._message = progress, step, message
        self._said_s = time.monotonic()
        self._changed(self.report)

    async def _save(self) -> None:
        self._record.replicas = [replica.record for replica in self.replicas]
        await self._shop.store.save(self._record)

    async def _save_if_possible(self) -> None:
        """What goes is not held up by a disk that is full: the server tells again what is wanted."""
        try:
            await self._save()
        except OSError as error:
            log.warning("deployment not written down", deployment=self.deployment_id, why=error.strerror)
