"""AgentService: an agent's one stream, and what the server knows of the agent while it is connected."""

import asyncio
from collections.abc import Iterable
from itertools import count
from typing import Protocol

from muster.delivery.v1 import agent_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2

from muster_server.core.access_model import ANY, Action, Resource
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import checked_text
from muster_server.rpc.access_table import DELIVERY
from muster_server.rpc.agent_wire import agent_said, report_said
from muster_server.rpc.calls import Stream

SILENCE_S = 15.0
MAX_LOG_CHUNKS = 256
MAX_LOG_REQUESTS = 64
MAX_LOG_BYTES = 64 << 10
MAX_VERSION_BYTES = 64
MAX_FRAME_BYTES = 4 << 20
"""Of what is desired, but for one deployment that is larger; an agent takes 16 MiB."""

_numbers = count(1)

LogQueue = asyncio.Queue[wire.LogChunk | None]
"""What a log request was answered; None when there will be no more."""


class ConnectedAgent:
    """One agent's stream, with a mailbox of what it has to be told: one slot for each deployment, however often that changes.

    `told` are the generations that it was sent, by deployment, and `reports` its last ones of those.
    """

    def __init__(self, agent: deployment_pb2.Agent, stream: Stream) -> None:
        self.agent = agent
        self.stream = stream
        self.reports: dict[str, wire.Report] = {}
        self.told: dict[str, int] = {}
        self._due: dict[str, wire.DesiredDeployment] = {}
        self._whole: list[wire.DesiredDeployment] | None = None
        self._requests: list[wire.ConnectResponse] = []
        self._logs: dict[int, LogQueue] = {}
        self._is_due = asyncio.Event()

    @property
    def key(self) -> tuple[str, str]:
        """Its namespace and name: no two that are connected have the same."""
        return self.agent.namespace, self.agent.name

    def heard(self, report: wire.Report) -> None:
        """Keep what it told, if it was told of that deployment: of others it has nothing to say."""
        if report.deployment_id in self.told:
            self.reports[report.deployment_id] = report

    def forget(self, deployment_id: str) -> None:
        """It has nothing to do with that any more."""
        self.told.pop(deployment_id, None)
        self.reports.pop(deployment_id, None)

    def tell_all(self, desired: list[wire.DesiredDeployment]) -> None:
        """Tell it everything that it is to run."""
        self._whole = desired
        self.told = {one.deployment_id: one.generation for one in desired}
        self._is_due.set()

    def tell(self, desired: wire.DesiredDeployment) -> None:
        """Tell it of one; it is not told the same twice."""
        if self.told.get(desired.deployment_id) != desired.generation:
            self.told[desired.deployment_id] = desired.generation
            self._due[desired.deployment_id] = desired
            self._is_due.set()

    def ask_logs(self, request: wire.LogRequest) -> tuple[int, LogQueue]:
        """Ask for output. Answers the request's id and where its chunks come. Raises MusterError (LIMIT_EXCEEDED)."""
        if len(self._logs) >= MAX_LOG_REQUESTS:
            raise MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_LOG_REQUESTS} readers of logs at a time")
        request.request_id = next(_numbers)
        chunks: LogQueue = asyncio.Queue(MAX_LOG_CHUNKS)
        self._logs[request.request_id] = chunks
        self._ask(wire.ConnectResponse(log_request=request))
        return request.request_id, chunks

    def cancel_logs(self, request_id: int) -> None:
        """Nobody reads them any more."""
        if self._logs.pop(request_id, None) is not None:
            self._ask(wire.ConnectResponse(log_cancel=wire.LogCancel(request_id=request_id)))

    def take_logs(self, chunk: wire.LogChunk) -> None:
        """Hand a chunk to its reader; one that does not keep up has no more."""
        chunks = self._logs.get(chunk.request_id)
        if chunks is None:
            return
        if chunk.end:
            self._logs.pop(chunk.request_id)
        elif chunks.qsize() < MAX_LOG_CHUNKS - 1:
            chunks.put_nowait(chunk)
            return
        else:
            self.cancel_logs(chunk.request_id)
        chunks.put_nowait(None)

    async def write(self) -> None:
        """Write what is due, until cancelled. Raises ConnectionError when the stream is gone."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            frames = [] if self._whole is None else _frames(self._whole, is_complete=True)
            frames += _frames(self._due.values()) if self._due else []
            frames += self._requests
            self._whole, self._due, self._requests = None, {}, []
            for frame in frames:
                await self.stream.write(frame)

    def close(self) -> None:
        """The stream is over: so is all output."""
        for chunks in self._logs.values():
            if chunks.full():
                chunks.get_nowait()
            chunks.put_nowait(None)
        self._logs.clear()

    def _ask(self, frame: wire.ConnectResponse) -> None:
        self._requests.append(frame)
        self._is_due.set()


def _frames(due: Iterable[wire.DesiredDeployment], *, is_complete: bool = False) -> list[wire.ConnectResponse]:
    """In frames that a receiver takes, at least one; a complete first one names what is in the others."""
    parts: list[list[wire.DesiredDeployment]] = [[]]
    room_bytes = MAX_FRAME_BYTES
    for one in due:
        room_bytes -= (size := one.ByteSize())
        if room_bytes < 0 and parts[-1]:
            parts.append([])
            room_bytes = MAX_FRAME_BYTES - size
        parts[-1].append(one)
    desired = [wire.Desired(deployments=part) for part in parts]
    desired[0].complete = is_complete
    if is_complete:
        desired[0].later_ids.extend(one.deployment_id for part in parts[1:] for one in part)
    return [wire.ConnectResponse(desired=one) for one in desired]


class Dispatching(Protocol):
    """What the servicer needs of who decides what agents do."""

    def join(self, connected: ConnectedAgent) -> None:
        """An agent is there. Raises MusterError (AGENT_NAME_TAKEN, LIMIT_EXCEEDED)."""
        ...

    def leave(self, connected: ConnectedAgent) -> None:
        """It is not any more."""
        ...

    async def observe(self, connected: ConnectedAgent, report: wire.Report) -> None:
        """It told of a deployment."""
        ...


class AgentServicer:
    """The method is documented in agent_service.proto."""

    def __init__(self, dispatching: Dispatching, silence_s: float = SILENCE_S) -> None:
        self._dispatching = dispatching
        self._silence_s = silence_s

    async def connect(self, stream: Stream) -> None:
        """Serve one stream, until either side ends it."""
        frame = await self._read(stream)
        if frame is None:
            return
        if not frame.HasField("hello"):
            raise MusterError.invalid("frame", "the first one must be a hello")
        connected = ConnectedAgent(agent_said(frame.hello.agent), stream)
        resource = Resource(connected.agent.namespace.replace("*", ANY), ANY, DELIVERY, ANY)
        stream.call.require(Action.WRITE, resource)
        stream.held = lambda: ((Action.WRITE, resource),)
        reports = [report_said(report) for report in frame.hello.reports]
        self._dispatching.join(connected)
        for report in reports:
            connected.heard(report)
        writer = asyncio.create_task(connected.write(), name=f"agent {connected.agent.name}")
        try:
            for report in reports:
                await self._dispatching.observe(connected, report)
            while (frame := await self._read(stream)) is not None:
                await self._take(connected, frame)
        finally:
            self._dispatching.leave(connected)
            connected.close()
            writer.cancel()
            await asyncio.wait([writer])
            if not writer.cancelled():
                writer.exception()  # it is told by the reader too

    async def _take(self, connected: ConnectedAgent, frame: wire.ConnectRequest) -> None:
        match frame.WhichOneof("frame"):
            case "report":
                report = report_said(frame.report)
                connected.heard(report)
                await self._dispatching.observe(connected, report)
            case "log_chunk":
                if len(frame.log_chunk.data) > MAX_LOG_BYTES:
                    raise MusterError.invalid("log_chunk.data", f"must not be longer than {MAX_LOG_BYTES} bytes")
                checked_text("log_chunk.version", frame.log_chunk.version, MAX_VERSION_BYTES)
                connected.take_logs(frame.log_chunk)
            case "heartbeat":
                return
            case _:
                raise MusterError.invalid("frame", "must be a report, a log_chunk or a heartbeat")

    async def _read(self, stream: Stream) -> wire.ConnectRequest | None:
        try:
            async with asyncio.timeout(self._silence_s):
                frame: wire.ConnectRequest | None = await stream.read()
                return frame
        except TimeoutError:
            raise MusterError(Reason.AGENT_SILENT, f"no frame for {self._silence_s:g} s") from None
