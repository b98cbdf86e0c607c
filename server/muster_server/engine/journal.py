"""What goes to disk: durable changes before they are true, ephemeral ones soon after."""

import asyncio
from collections.abc import Iterable, Sequence

from muster_server.core.commands import Event, InstanceKey, Put, Removed, Renewed, SessionChanged, SessionClosed
from muster_server.core.state import RegistryState
from muster_server.engine import records
from muster_server.engine.restore import REVISION
from muster_server.storage.port import Bucket, Done, StorageError, Store, Write


class Journal:
    """Writes ephemeral instances and sessions as they stand: at once when it is quiet, else `pause_s` after the last time.

    Owned by the engine. A key that changes often is written once per turn of the disk; nothing is queued twice. A pause of 0 writes
    whenever the disk is free, and costs every registration a wake-up of the writer and of the loop.
    """

    def __init__(self, store: Store, state: RegistryState, loop: asyncio.AbstractEventLoop, pause_s: float) -> None:
        self._pause_s = pause_s
        self._flushed_at_s = -pause_s
        self._handle: asyncio.Handle | None = None
        self._store = store
        self._state = state
        self._loop = loop
        self._instances: dict[InstanceKey, None] = {}
        self._sessions: dict[str, None] = {}
        self._held: frozenset[InstanceKey] = frozenset()
        self._written: tuple[dict[InstanceKey, None], dict[str, None]] = ({}, {})
        self._idle = asyncio.Event()
        self._idle.set()
        self.failures = 0

    @property
    def waiting(self) -> int:
        """Instances and sessions that the disk does not have as they stand: what a crash of this moment would take."""
        instances, sessions = ({}, {}) if self._idle.is_set() else self._written
        return len(self._instances.keys() | instances) + len(self._sessions.keys() | sessions)

    def note(self, events: Sequence[Event]) -> None:
        """Take applied events; what is durable is on disk already, and how long a lease has left never is."""
        for event in events:
            match event:
                case Renewed():
                    continue
                case Put(service=service, instance=instance) if not instance.said.is_persistent:
                    self._instances[InstanceKey(service, instance.instance_id)] = None
                case Put(service=service, instance=instance, previous=previous) if previous and not previous.said.is_persistent:
                    self._instances[InstanceKey(service, instance.instance_id)] = None
                case Removed(service=service, previous=previous) if not previous.said.is_persistent:
                    self._instances[InstanceKey(service, previous.instance_id)] = None
                case SessionChanged(session=session):
                    self._sessions[session.session] = None
                case SessionClosed(session=name):
                    self._sessions[name] = None
                case _:
                    continue
        self._schedule()

    def hold(self, events: Iterable[Event]) -> None:
        """These are on their way to the disk: until they are applied, or refused, what stands of their instances is not written.

        It is older, and would come after them. Called with none when they have arrived.
        """
        self._held = frozenset(InstanceKey(put.service, put.instance.instance_id) for put in events if isinstance(put, Put))
        if not self._held:
            self._schedule()

    def retry(self) -> None:
        """Write again what the disk refused. Called at every tick, so that a failing disk is not asked all the time."""
        self._schedule()

    def drop_expired(self, writes: Sequence[Write]) -> None:
        """Drop overrides, locks and deleted configs that expired. Submitted at once, so that nothing set later is dropped by it.

        If the disk refuses, they are there again after a restart, and expire again.
        """
        try:
            self._store.submit(writes, lambda error: self._call(self._dropped, error))
        except StorageError as error:
            self._dropped(error)

    def reserve(self, revision: int, done: Done) -> None:
        """Reserve revisions up to this one."""
        try:
            write = Write(Bucket.META, REVISION, records.encode(revision))
            self._store.submit((write,), lambda error: self._call(done, error))
        except StorageError as error:
            done(error)

    async def close(self) -> None:
        """Write what is left; what the disk refuses now is lost."""
        self._pause_s = 0.0
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._schedule()
        while self._handle is not None or not self._idle.is_set():
            await self._idle.wait()
            await asyncio.sleep(0)

    def _schedule(self) -> None:
        if (self._instances or self._sessions) and self._idle.is_set() and self._handle is None:
            delay_s = self._flushed_at_s + self._pause_s - self._loop.time()
            self._handle = self._loop.call_later(delay_s, self._flush) if delay_s > 0 else self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._handle = None
        self._flushed_at_s = self._loop.time()
        instances = {key: None for key in self._instances if key not in self._held} if self._held else self._instances
        writes = [self._instance_write(key) for key in instances]
        writes += [self._session_write(name) for name in self._sessions]
        self._written = instances, self._sessions
        self._instances = {key: None for key in self._instances if key in self._held} if self._held else {}
        self._sessions = {}
        if not writes:
            return
        self._idle.clear()
        try:
            self._store.submit(writes, lambda error: self._call(self._flushed, error))
        except StorageError as error:
            self._flushed(error)

    def _flushed(self, error: StorageError | None) -> None:
        self._idle.set()
        if error is None:
            self._schedule()
            return
        self.failures += 1
        instances, sessions = self._written
        self._instances, self._sessions = instances | self._instances, sessions | self._sessions

    def _dropped(self, error: StorageError | None) -> None:
        self.failures += error is not None

    def _call(self, done: Done, error: StorageError | None) -> None:
        try:
            self._loop.call_soon_threadsafe(done, error)
        except RuntimeError:
            return  # the loop is closed: nobody is left to hear

    def _instance_write(self, key: InstanceKey) -> Write:
        service = self._state.services.get(key.service)
        instance = service.instances.get(key.instance_id) if service else None
        is_kept = instance is not None and not instance.said.is_persistent
        return Write(Bucket.JOURNAL, records.encode_key(key), records.encode(instance) if instance and is_kept else None)

    def _session_write(self, name: str) -> Write:
        session = self._state.sessions.get(name)
        return Write(Bucket.SESSIONS, name.encode(), records.encode(session) if session else None)
