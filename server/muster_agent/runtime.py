"""The port to what runs deployments: an adapter converges, tells how it goes, and reads out logs. Local processes are the first."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from muster.delivery.v1 import agent_service_pb2 as wire

from muster_agent import logs
from muster_agent.deployer import Deployer, Shop
from muster_agent.store import DeploymentRecord

log = structlog.get_logger(__name__)

HOUSEKEEPING_S = 1.0


class Runtime(Protocol):
    """What runs deployments. `changed` is called with each report that is another; set it before `begin`."""

    changed: Callable[[wire.Report], None]

    @property
    def limiting(self) -> str:
        """How replicas are held to their limits, for people."""
        ...

    async def begin(self) -> None:
        """Look after what runs already."""
        ...

    def want(self, desired: wire.DesiredDeployment) -> None:
        """Make this true from now on."""
        ...

    def keep_only(self, deployment_ids: Collection[str]) -> None:
        """What is none of these is to be stopped and forgotten."""
        ...

    def reports(self) -> Sequence[wire.Report]:
        """How everything is."""
        ...

    def read_logs(self, request: wire.LogRequest) -> AsyncIterator[wire.LogChunk]:
        """What replicas write: those that run, ran, or if it is followed will run, for as long as somebody reads."""
        ...

    async def run(self) -> None:
        """Do what has to be done from time to time, until cancelled."""
        ...

    async def close(self, *, stops: bool) -> None:
        """End; what runs goes on, or is stopped too."""
        ...


class LocalRuntime:
    """Runs replicas as processes of this machine. See Runtime for the methods."""

    def __init__(self, shop: Shop) -> None:
        self.changed: Callable[[wire.Report], None] = lambda _: None
        self._shop = shop
        self._deployers: dict[str, Deployer] = {}

    @property
    def limiting(self) -> str:
        """See Runtime."""
        return self._shop.tools.limiter.text

    async def begin(self) -> None:
        """See Runtime. Raises OSError if what was remembered cannot be read."""
        for record in self._shop.store.load():
            self._deployers[record.deployment_id] = self._deployer(record)

    def want(self, desired: wire.DesiredDeployment) -> None:
        """See Runtime."""
        known = self._deployers.get(desired.deployment_id)
        if known is None:
            if desired.drop:  # it is gone already, and the server may not know
                done = wire.Report(deployment_id=desired.deployment_id, generation=desired.generation, progress=wire.PROGRESS_DONE)
                self.changed(done)
                return
            known = self._deployer(DeploymentRecord(deployment_id=desired.deployment_id, desired=desired.SerializeToString()))
            self._deployers[desired.deployment_id] = known
        known.want(desired)

    def keep_only(self, deployment_ids: Collection[str]) -> None:
        """See Runtime."""
        for deployment_id in self._deployers.keys() - set(deployment_ids):
            log.info("deployment is not wanted any more", deployment=deployment_id)
            self.want(wire.DesiredDeployment(deployment_id=deployment_id, generation=-1, drop=True))

    def reports(self) -> Sequence[wire.Report]:
        """See Runtime."""
        return [deployer.report for deployer in self._deployers.values()]

    async def read_logs(self, request: wire.LogRequest) -> AsyncIterator[wire.LogChunk]:
        """See Runtime."""
        directory = self._shop.logs / request.deployment_id
        index = request.index if request.HasField("index") else None
        ends = logs.ends(directory, index)
        tails = logs.tails(directory, request.tail_lines, ends)
        while (found := await asyncio.to_thread(next, tails, None)) is not None:
            one, data = found
            yield wire.LogChunk(index=one.index, version=one.version, data=data)
        if request.follow:
            async for one, data in logs.follow(directory, index, ends):
                yield wire.LogChunk(index=one.index, version=one.version, data=data)

    async def run(self) -> None:
        """See Runtime: files that grow are rotated, and packages that nobody needs go."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            used = {digest for deployer in self._deployers.values() for digest in deployer.packages}
            with suppress(OSError):
                await asyncio.to_thread(self._keep_house, used)

    async def close(self, *, stops: bool) -> None:
        """See Runtime."""
        await asyncio.gather(*(deployer.close(stops=stops) for deployer in self._deployers.values()))

    def _keep_house(self, used: Collection[str]) -> None:
        for path in self._shop.logs.glob("*/*.log"):
            logs.rotate(path)
        self._shop.packages.make_room(used)

    def _deployer(self, record: DeploymentRecord) -> Deployer:
        return Deployer(record, self._shop, self.changed, lambda: self._forget(record.deployment_id))

    def _forget(self, deployment_id: str) -> None:
        self._deployers.pop(deployment_id)
