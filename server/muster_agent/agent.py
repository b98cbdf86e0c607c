"""The agent's one stream to the server: it says what runs, hears what is to run, and begins anew whenever it is cut off."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

import grpc
import grpc.aio
import structlog
from muster.delivery.v1 import agent_service_pb2 as wire
from muster.delivery.v1 import agent_service_pb2_grpc, delivery_pb2, deployment_pb2

from muster_agent.runtime import Runtime

log = structlog.get_logger(__name__)

HEARTBEAT_S = 5.0
RECONNECT_S = 2.0
REFUSED_S = 10.0
REFUSALS = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.ABORTED,  # replaced, and not by itself: it has one stream at a time, so somebody runs a copy of it
)
"""What does not pass by itself."""
MAX_LOG_READERS = 64
MAX_DUE = 16


@dataclass(frozen=True, slots=True)
class Who:
    """Who the agent is: see Agent in deployment.proto. `runtimes` are those that it offers to its server."""

    name: str
    namespace: str
    environment: str
    host: str
    version: str
    runtimes: tuple[delivery_pb2.Runtime, ...] = ()


class Agent:
    """`channel` is a grpc.aio channel or stands in for one, `agent_id` what the server tells two of a name apart by."""

    def __init__(self, channel: Any, agent_id: str, who: Who, runtime: Runtime) -> None:
        self._stub = agent_service_pb2_grpc.AgentServiceStub(channel)
        self._agent_id, self._who, self._runtime = agent_id, who, runtime
        self._due: dict[str, list[wire.Report]] = {}
        self._is_due = asyncio.Event()
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._chunks: asyncio.Queue[wire.LogChunk] = asyncio.Queue(16)
        runtime.changed = self._changed

    async def run(self) -> None:
        """Stay connected, until cancelled."""
        while True:
            try:
                await self._connected()
                why = "the server ended it"
            except grpc.aio.AioRpcError as error:
                why = f"{error.code().name}: {error.details()}"
                if error.code() in REFUSALS:
                    log.warning("the server refuses this agent", why=why)
                    await asyncio.sleep(REFUSED_S)
                    continue
            except asyncio.InvalidStateError:
                why = "it ended"
            log.info("not connected to the server", why=why)
            await asyncio.sleep(RECONNECT_S * random.uniform(0.1, 1.0))  # noqa: S311  # spread, no secret

    async def _connected(self) -> None:
        stream = self._stub.Connect(metadata=())
        helpers: list[asyncio.Task[None]] = []
        try:
            await stream.write(wire.ConnectRequest(hello=self._hello()))
            first = await stream.read()
            if first is grpc.aio.EOF:
                return
            self._take(first)
            log.info("connected to the server", agent=self._who.name)
            helpers.append(asyncio.create_task(self._write(stream), name="agent's reports"))
            while (frame := await stream.read()) is not grpc.aio.EOF:
                self._take(frame)
        finally:
            for task in (*helpers, *self._readers.values()):
                task.cancel()
            self._readers.clear()
            stream.cancel()
            if helpers:
                await asyncio.wait(helpers)

    def _hello(self) -> wire.Hello:
        self._due.clear()
        who = self._who
        agent = deployment_pb2.Agent(
            id=self._agent_id,
            name=who.name,
            namespace=who.namespace,
            environment=who.environment,
            version=who.version,
            host=who.host,
            runtimes=who.runtimes,
            limiting=self._runtime.limiting,
        )
        return wire.Hello(agent=agent, reports=self._runtime.reports())

    def _take(self, frame: wire.ConnectResponse) -> None:
        match frame.WhichOneof("frame"):
            case "desired":
                if frame.desired.complete:
                    named = (one.deployment_id for one in frame.desired.deployments)
                    self._runtime.keep_only({*named, *frame.desired.later_ids})
                for desired in frame.desired.deployments:
                    self._runtime.want(desired)
            case "log_request":
                self._read_logs(frame.log_request)
            case "log_cancel":
                if (reader := self._readers.pop(frame.log_cancel.request_id, None)) is not None:
                    reader.cancel()

    async def _write(self, stream: Any) -> None:
        """Send each report that is another, output, and in silence a heartbeat. The reader sees the stream's end."""
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await self._is_due.wait()
                except TimeoutError:
                    await stream.write(wire.ConnectRequest(heartbeat=wire.Heartbeat()))
                self._is_due.clear()
                due, self._due = self._due, {}
                for report in chain.from_iterable(due.values()):
                    await stream.write(wire.ConnectRequest(report=report))
                while not self._chunks.empty():
                    await stream.write(wire.ConnectRequest(log_chunk=self._chunks.get_nowait()))

    def _changed(self, report: wire.Report) -> None:
        """Each step is told of, however short; of a step only the last."""
        due = self._due.setdefault(report.deployment_id, [])
        if due and (due[-1].generation, due[-1].step, due[-1].progress) == (report.generation, report.step, report.progress):
            due.pop()
        due.append(report)
        del due[:-MAX_DUE]
        self._is_due.set()

    def _read_logs(self, request: wire.LogRequest) -> None:
        if len(self._readers) < MAX_LOG_READERS:
            name = f"logs {request.request_id}"
            self._readers[request.request_id] = asyncio.create_task(self._send_logs(request), name=name)

    async def _send_logs(self, request: wire.LogRequest) -> None:
        try:
            async for chunk in self._runtime.read_logs(request):
                chunk.request_id = request.request_id
                await self._send(chunk)
        except OSError as error:
            log.warning("logs cannot be read", deployment=request.deployment_id, why=error.strerror)
        await self._send(wire.LogChunk(request_id=request.request_id, end=True))
        self._readers.pop(request.request_id, None)

    async def _send(self, chunk: wire.LogChunk) -> None:
        await self._chunks.put(chunk)
        self._is_due.set()
