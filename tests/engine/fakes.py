"""What the engine's tests put around an engine: an encoder whose frames can be read, a reader, a store that keeps count."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from core.story import ref, registration
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_view import Providers
from muster_server.core.commands import Command, Register, Update
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, Lease, Registration, RemovalReason, ServiceKey
from muster_server.core.state import Limits
from muster_server.engine.encoder import Encoder, Head
from muster_server.engine.engine import Engine
from muster_server.engine.hub import Subscriber
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, Done, Write
from running import ManualClock

API = ref("shop/api#").service
Named = ServiceKey | ConfigKey


class TextNamesEncoder:
    """Frames as lines of text, for example `delta +api -db`."""

    def snapshot(self, names: Sequence[Named], at: tuple[int, int], *, is_reset: bool, is_warming_up: bool) -> list[bytes]:
        flags = " reset" * is_reset + " warming" * is_warming_up
        return [f"snapshot{flags}: {' '.join(name.name for name in names)}".encode()]

    def delta(self, appeared: Sequence[Named], disappeared: Sequence[Named], revision: int) -> bytes:
        return " ".join(["delta", *(f"+{name.name}" for name in appeared), *(f"-{name.name}" for name in disappeared)]).encode()

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        return f"bookmark{' warming' * is_warming_up}".encode()

    def reconnect_after(self, delay_s: float) -> bytes:
        return f"reconnect {delay_s}".encode()


class TextEncoder:
    """Frames as lines of text, for example `delta api 3<-1: +2 -1=LEASE_EXPIRED`. `made` counts what was encoded."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.service_names = TextNamesEncoder()
        self.config_names = TextNamesEncoder()

    def fragment(self, instance: Instance) -> bytes:
        self.made["fragment"] += 1
        return f" +{instance.instance_id}".encode()

    def removal(self, instance_id: str, reason: RemovalReason, revision: int) -> bytes:
        return f" -{instance_id}={reason.name}".encode()

    def list_response(self, fragments: Sequence[bytes], head: Head) -> bytes:
        self.made["list"] += 1
        return b"".join((f"list {head.revision}{' warming' * head.is_warming_up}{_protected(head)}:".encode(), *fragments))

    def snapshot(self, key: ServiceKey, fragments: Sequence[bytes], head: Head) -> list[bytes]:
        self.made["snapshot"] += 1
        flags = " reset" * head.is_reset + " warming" * head.is_warming_up + _protected(head)
        return [b"".join((f"snapshot {key.name} {head.revision}{flags}:".encode(), *fragments))]

    def delta(self, key: ServiceKey, puts: Sequence[bytes], removals: Sequence[bytes], at: tuple[int, int]) -> bytes:
        self.made["delta"] += 1
        return b"".join((f"delta {key.name} {at[0]}<-{at[1]}:".encode(), *puts, *removals))

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        return f"bookmark {revision}{' warming' * is_warming_up}".encode()

    def cancelled(self, key: ServiceKey, reason: Reason, message: str) -> bytes:
        return f"cancelled {key.name} {reason.name}".encode()

    def reconnect_after(self, delay_s: float) -> bytes:
        return f"reconnect {delay_s}".encode()

    def changed(self, key: ConfigKey, release: Release, content: str, revision: int) -> bytes:
        self.made["changed"] += 1
        return f"changed {key.name} {revision}: {content}".encode()

    def missing(self, key: ConfigKey, revision: int, *, is_deleted: bool) -> bytes:
        return f"missing {key.name} {revision}{' deleted' * is_deleted}".encode()

    def listen_bookmark(self, revision: int, epoch: int) -> bytes:
        return f"bookmark {revision}".encode()

    def listen_cancelled(self, key: ConfigKey, reason: Reason, message: str) -> bytes:
        return f"cancelled {key.name} {reason.name}".encode()

    def listen_reconnect_after(self, delay_s: float) -> bytes:
        return f"reconnect {delay_s}".encode()

    def providers(self, found: Providers, revision: int) -> bytes:
        services = (f" {provider.service.name}:{len(provider.definitions)}" for provider in found.providers)
        return f"providers {found.consumer.definition_id}{''.join(services)}".encode()

    def providers_bookmark(self, revision: int, epoch: int) -> bytes:
        return f"bookmark {revision} {epoch}".encode()

    def providers_cancelled(self, consumer: DefinitionRef, reason: Reason, message: str) -> bytes:
        return f"cancelled {consumer.definition_id} {reason.name}".encode()

    def providers_reconnect_after(self, delay_s: float) -> bytes:
        return f"reconnect {delay_s}".encode()


class Reader:
    """A watch stream whose far end reads when it is told to."""

    def __init__(self, engine: Engine, name: str = "reader") -> None:
        self.hub = engine.hub
        self.frames: asyncio.Queue[str] = asyncio.Queue()
        self.ends: list[MusterError] = []
        self.is_gone = False
        self._open = asyncio.Event()
        self._open.set()
        self.subscriber = Subscriber(name, "test", self._write, self.ends.append)
        self.hub.attach(self.subscriber)

    async def _write(self, frame: bytes) -> None:
        await self._open.wait()
        if self.is_gone:
            raise ConnectionError
        self.frames.put_nowait(frame.decode())

    def stop_reading(self) -> None:
        self._open.clear()

    def read_on(self) -> None:
        self._open.set()

    def subscribe(self, key: ServiceKey = API, from_revision: int = 0, epoch: int = 0) -> None:
        self.hub.subscribe(self.subscriber, key, from_revision, epoch)

    async def next(self) -> str:
        return await self.frames.get()

    async def to_bookmark(self) -> list[str]:
        """What comes before the next bookmark, which is asked for; so it is known what did not come."""
        self.hub.bookmark()
        frames: list[str] = []
        while not (frame := await self.next()).startswith("bookmark"):
            frames.append(frame)
        return frames


class CountingStore(MemoryStore):
    """Remembers every batch that was submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Sequence[Write]] = []

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        if not any(batch is known for known in self.batches):  # a held batch is submitted again by `release`
            self.batches.append(batch)
        super().submit(batch, done)

    def keys_written(self, bucket: Bucket) -> list[int]:
        """How many keys of a bucket each batch wrote, batches without any left out."""
        counts = [sum(write.bucket is bucket for write in batch) for batch in self.batches]
        return [count for count in counts if count]


def make(
    store: MemoryStore | None = None,
    clock: ManualClock | None = None,
    *,
    encoder: Encoder | None = None,
    limits: Limits | None = None,
) -> tuple[Engine, MemoryStore, ManualClock]:
    """An engine; on a store that was closed, as the next process would make it."""
    store, clock = store or MemoryStore(), clock or ManualClock()
    store.reopen()
    return Engine(store, encoder or TextEncoder(), clock, limits, journal_pause_s=0.0), store, clock


def said(instance_id: str, *, ttl_s: float = 10.0, grace_s: float = 10.0, **fields: object) -> Registration:
    is_leased = not fields.get("is_persistent")
    return registration(instance_id, lease=Lease(ttl_s, grace_s) if is_leased else None, **fields)


def put(name: str, **fields: object) -> Register:
    return Register(ref(name).service, said(name.partition("#")[2], **fields))


def put_durable(name: str, **fields: object) -> Register:
    return put(name, is_persistent=True, **fields)


def put_on_session(name: str, session: str, **fields: object) -> Register:
    return Register(ref(name).service, registration(name.partition("#")[2], lease=None, **fields), session)


def touch(name: str) -> Update:
    """A change that shows nothing new, and does not wait for the disk."""
    return Update(ref(name), {}, is_touched=True)


async def perform(engine: Engine, command: Command) -> object:
    """Do a command and wait for its answer."""
    answer = engine.execute(command)
    return await answer if isinstance(answer, asyncio.Future) else answer


def pass_time(engine: Engine, clock: ManualClock, seconds: float) -> None:
    """Turn the clock in steps that are no stall."""
    end_s = clock.now_s + seconds
    while clock.now_s < end_s:
        clock.now_s = min(end_s, clock.now_s + 0.5)
        engine.tick()


async def turns_of_the_loop(count: int = 5) -> None:
    """Let callbacks run that are already scheduled."""
    for _ in range(count):
        await asyncio.sleep(0)


def healths(engine: Engine, key: ServiceKey = API) -> dict[str, str]:
    service = engine.state.services.get(key)
    return {name: instance.health.name for name, instance in service.instances.items()} if service else {}


def _protected(head: Head) -> str:
    return "" if head.protect_threshold is None else f" protected at {head.protect_threshold}"
