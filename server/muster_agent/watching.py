"""Watching a process: what its post-start hook and its probes say, until it is to be killed."""

import asyncio
import time
from collections.abc import Callable
from typing import NoReturn

from muster.delivery.v1 import deployment_pb2 as wire

from muster_agent.probing import Place, do, probe
from muster_agent.standing import READY, STARTING, UNREADY, Standing

DEFAULT_READY_S = 30.0
DEFAULT_PERIOD_S = 2.0
DEFAULT_THRESHOLD = 3
STARTING_PERIOD_S = 0.2
"""What is not ready yet is asked as often as this at least."""
MIN_UP_S = 1.0
"""How long a process must run to count as ready if nothing else says so."""


def ready_timeout_s(spec: wire.DeploymentSpec) -> float:
    """How long a job waits for a replica to be ready."""
    if spec.HasField("ready_timeout"):
        return spec.ready_timeout.ToTimedelta().total_seconds()
    return DEFAULT_READY_S + max(asked.delay.ToTimedelta().total_seconds() for asked in (spec.readiness, spec.liveness))


class Watch:
    """Over one process, started at `start_s` (Unix seconds). Keeps `standing` true; `is_well` is called whenever it is ready."""

    def __init__(
        self, spec: wire.DeploymentSpec, place: Place, start_s: float, standing: Standing, is_well: Callable[[], None]
    ) -> None:
        self._spec, self._place, self._start_s = spec, place, start_s
        self._standing, self._is_well = standing, is_well

    async def run(self) -> str:
        """Until the process is to be killed. Answers why."""
        spec, is_new = self._spec, self._standing.state == STARTING
        if is_new and spec.HasField("post_start") and (why := await do(spec.post_start, self._place)):
            return f"its post-start hook failed: {why}"
        if not spec.HasField("liveness"):
            await self._keep_ready()
        async with asyncio.TaskGroup() as group:
            ready = group.create_task(self._keep_ready(), name="readiness")
            why = await self._until_dead(spec.liveness)
            ready.cancel()
        return why

    async def _keep_ready(self) -> NoReturn:
        if self._spec.HasField("readiness") or self._spec.HasField("liveness"):
            await self._ask_ready(self._spec.readiness if self._spec.HasField("readiness") else self._spec.liveness)
        await asyncio.sleep(max(0.0, MIN_UP_S - self._age_s()))
        self._ready()
        while True:
            await asyncio.Event().wait()  # nothing asks it, so nothing changes

    async def _ask_ready(self, asked: wire.Probe) -> NoReturn:
        await asyncio.sleep(self._delay_s(asked))
        standing, bad = self._standing, 0
        while True:
            why = await probe(asked, self._place)
            bad = bad + 1 if why else 0
            if not why:
                self._ready()
            elif standing.state == STARTING:
                standing.to(STARTING, why)
            elif bad >= _threshold(asked):
                standing.to(UNREADY, why)
            await asyncio.sleep(_period_s(asked) if standing.state == READY else min(_period_s(asked), STARTING_PERIOD_S))

    async def _until_dead(self, asked: wire.Probe) -> str:
        """Dead is what was well once and is not now, or is not well for longer than a job would wait for it. Answers why."""
        await asyncio.sleep(self._delay_s(asked))
        bad, was_well, began_s = 0, False, time.monotonic()
        while True:
            why = await probe(asked, self._place)
            was_well = was_well or not why
            bad = bad + 1 if why else 0
            is_late = time.monotonic() - began_s > ready_timeout_s(self._spec)
            if bad >= _threshold(asked) and (was_well or is_late):
                return f"it is not alive: {why}"
            await asyncio.sleep(_period_s(asked))

    def _ready(self) -> None:
        self._standing.to(READY, "")
        self._is_well()

    def _delay_s(self, asked: wire.Probe) -> float:
        """What is left of the probe's delay for this process."""
        return max(0.0, asked.delay.ToTimedelta().total_seconds() - self._age_s())

    def _age_s(self) -> float:
        return max(0.0, time.time() - self._start_s)


def _period_s(asked: wire.Probe) -> float:
    return asked.period.ToTimedelta().total_seconds() or DEFAULT_PERIOD_S


def _threshold(asked: wire.Probe) -> int:
    return asked.failure_threshold or DEFAULT_THRESHOLD
