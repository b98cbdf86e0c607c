"""Fuzzy watches: which services or configs fit a pattern, told to a client until it knows."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from muster_gateway.nacos.grpc import outbox, patterns, requests, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.names import Names, NamesByNamespace
from muster_gateway.nacos.grpc.patterns import Name, Pattern
from muster_gateway.nacos.grpc.wire import Frame, RefusedCallError

MAX_PATTERNS = 20
MAX_MATCHES = 500
MAX_RECEIVED = 10_000
TOO_MANY_PATTERNS, TOO_MANY_MATCHES = 50310, 50311
_INITIAL, _DIFFERENCE = "FUZZY_WATCH_INIT_NOTIFY", "FUZZY_WATCH_DIFF_SYNC_NOTIFY"
_FINISHED, _CHANGED = "FINISH_FUZZY_WATCH_INIT_NOTIFY", "FUZZY_WATCH_RESOURCE_CHANGED"


@dataclass(frozen=True, slots=True)
class Kind:
    """How the fuzzy watch of one kind of thing is written. A single change has words and a field of its own."""

    module: str
    native: str
    prefix: str
    key_field: str
    batch: int
    key: Callable[[str, Name], str]
    name: Callable[[str], Name]
    added: str
    deleted: str
    change_field: str
    change_added: str


SERVICES = Kind(
    "naming",
    "service",
    "NamingFuzzyWatch",
    "serviceKey",
    10,
    patterns.service_key,
    patterns.service_name,
    "ADD_SERVICE",
    "DELETE_SERVICE",
    "changedType",
    "ADD_SERVICE",
)
CONFIGS = Kind(
    "config",
    "config",
    "ConfigFuzzyWatch",
    "groupKey",
    20,
    patterns.config_key,
    patterns.config_name,
    "ADD_CONFIG",
    "DELETE_CONFIG",
    "changeType",
    "CONFIG_CHANGED",
)


class FuzzyWatch:
    """One pattern of one connection: what fits it, 500 names at most, and what of that the client knows.

    One push is under way at a time; its acknowledgement brings the next, until there is no difference. So bursts go in batches, and
    the outbox holds one push however much changes. Nothing is said to be gone while the registry is warming up.
    """

    def __init__(self, kind: Kind, pattern: Pattern, box: outbox.Outbox) -> None:
        self._kind, self._pattern, self._outbox = kind, pattern, box
        self._subject = (kind.module, pattern.text)
        self._matches: dict[Name, None] = {}
        self._known: dict[Name, None] = {}
        self._told: dict[Name, bool] = {}
        self._is_initial = False
        self._is_begun = False
        self._is_busy = False
        self._batches = 0
        self.is_over_limit = False
        self.names: Names | None = None

    @property
    def namespace(self) -> str:
        """The registry's name of the namespace."""
        return self._pattern.native_namespace

    def begin(self, received: Iterable[str], *, is_initial: bool) -> None:
        """The client says what it has; tell it the difference, and then, if this is its beginning, that this was all."""
        names = map(self._kind.name, received)
        self._known = {name: None for name in names if self._pattern.fits(name)}
        self._is_initial, self._is_begun, self._is_busy = is_initial, True, False
        self._batches = 0
        self.renew()

    def renew(self) -> None:
        """Look at all names anew."""
        there = self.names.there if self.names is not None else ()
        fitting = list(islice(filter(self._pattern.fits, there), MAX_MATCHES + 1))
        self._matches = dict.fromkeys(fitting[:MAX_MATCHES])
        self.is_over_limit = len(fitting) > MAX_MATCHES
        self._tell()

    def note(self, name: Name, *, is_there: bool) -> None:
        """A name came or went."""
        if not self._pattern.fits(name):
            return
        if self.is_over_limit and not is_there:
            self.renew()  # there is room for one that was left out
        elif not is_there:
            self._matches.pop(name, None)
            self._tell()
        elif len(self._matches) < MAX_MATCHES:
            self._matches[name] = None
            self._tell()
        else:
            self.is_over_limit = self.is_over_limit or name not in self._matches

    def end(self) -> None:
        """Tell no more."""
        self._outbox.drop(self._subject)

    def _tell(self) -> None:
        if self._is_begun and not self._is_busy and (self._is_initial or self._difference()):
            self._is_busy = True
            self._outbox.post(self._subject, self._push, outbox.naming, self._acknowledged)

    def _difference(self) -> dict[Name, bool]:
        added = {name: True for name in self._matches if name not in self._known}
        if self.names is not None and self.names.is_warming_up:
            return added
        return {**added, **{name: False for name in self._known if name not in self._matches}}

    def _push(self, request_id: str) -> bytes:
        kind, difference = self._kind, self._difference()
        self._told = dict(islice(difference.items(), kind.batch))
        if len(difference) == 1 and not self._is_initial:
            ((name, is_there),) = difference.items()
            key = kind.key(self._pattern.namespace, name)
            change = kind.change_added if is_there else kind.deleted
            fields: dict[str, object] = {kind.key_field: key, kind.change_field: change, "syncType": _CHANGED}
            return wire.push(f"{kind.prefix}ChangeNotifyRequest", kind.module, request_id, fields)
        contexts = [
            {kind.key_field: kind.key(self._pattern.namespace, name), "changedType": kind.added if is_there else kind.deleted}
            for name, is_there in self._told.items()
        ]
        sync = _DIFFERENCE if not self._is_initial else _INITIAL if difference else _FINISHED
        rest = -(-len(difference) // kind.batch)
        counts = {"currentBatch": self._batches + min(1, rest), "totalBatch": self._batches + rest}
        fields = {"groupKeyPattern": self._pattern.text, "syncType": sync, "contexts": contexts, **counts}
        return wire.push(f"{kind.prefix}SyncRequest", kind.module, request_id, fields)

    def _acknowledged(self) -> None:
        for name, is_there in self._told.items():
            if is_there:
                self._known[name] = None
            else:
                self._known.pop(name, None)
        self._batches += 1
        self._is_initial = self._is_initial and bool(self._told)
        self._is_busy = False
        self._tell()


class FuzzyWatches:
    """The fuzzy requests of one kind. A connection has 20 patterns of a kind at most.

    One stream of names serves all: `may_read` tells whether the caller may see all of a kind in a namespace.
    """

    def __init__(self, kind: Kind, names: NamesByNamespace, may_read: Callable[[str, str], Awaitable[bool]]) -> None:
        self._kind, self._names, self._may_read = kind, names, may_read

    async def watch(self, asked: requests.FuzzyWatch, connection: Connection, _: Frame) -> bytes:
        """NamingFuzzyWatchRequest, ConfigFuzzyWatchRequest."""
        pattern = Pattern.parse(asked.groupKeyPattern or "")
        key = (self._kind.module, pattern.text)
        found: FuzzyWatch | None = connection.fuzzy_watches.get(key)
        match asked.watchType or "WATCH":
            case "CANCEL_WATCH":
                if found is not None:
                    del connection.fuzzy_watches[key]
                    self._end(found)
            case "WATCH":
                if not await self._may_read(self._kind.native, pattern.native_namespace):
                    raise RefusedCallError(wire.FORBIDDEN, "authorization failed!")
                found = connection.fuzzy_watches.get(key)  # another request may have begun it meanwhile
                if found is None:
                    found = self._begin(pattern, connection)
                await self._follow(found, asked)
            case other:
                raise RefusedCallError(wire.INVALID_PARAMETER, f"Unsupported watch type {other}")
        return wire.answer(f"{self._kind.prefix}Response")

    def drop(self, connection: Connection) -> None:
        """The connection is gone."""
        for (module, _), watch in list(connection.fuzzy_watches.items()):
            if module == self._kind.module:
                self._end(watch)

    def _begin(self, pattern: Pattern, connection: Connection) -> FuzzyWatch:
        if sum(module == self._kind.module for module, _ in connection.fuzzy_watches) >= MAX_PATTERNS:
            raise RefusedCallError(TOO_MANY_PATTERNS, f"at most {MAX_PATTERNS} patterns")
        watch = FuzzyWatch(self._kind, pattern, connection.outbox)
        connection.fuzzy_watches[self._kind.module, pattern.text] = watch
        watch.names = self._names.add(watch.namespace, watch)
        return watch

    async def _follow(self, watch: FuzzyWatch, asked: requests.FuzzyWatch) -> None:
        received = [key for key in asked.receivedGroupKeys or () if key]
        if len(received) > MAX_RECEIVED:
            raise RefusedCallError(wire.INVALID_PARAMETER, f"at most {MAX_RECEIVED} received keys")
        if watch.names is not None:
            await watch.names.ready()
        watch.begin(received, is_initial=bool(asked.initializing))
        if watch.is_over_limit:
            raise RefusedCallError(TOO_MANY_MATCHES, f"more than {MAX_MATCHES} matches: others are left out")

    def _end(self, watch: FuzzyWatch) -> None:
        watch.end()
        self._names.remove(watch.namespace, watch)
