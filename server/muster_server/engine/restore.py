"""What a start makes of what the last run left: durable instances as they were, ephemeral ones as SUSPECT with a fresh lease."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

import msgspec
from msgspec import structs

from muster_server.core.access_commands import AccessPut
from muster_server.core.catalog_commands import DefinitionPut, DefinitionRef, ProvidersSet, SchemaPut
from muster_server.core.commands import InstanceKey, Lapsed, Put, SessionChanged
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.config_state import shown_numbers
from muster_server.core.delivery_commands import DeliveryChanged
from muster_server.core.errors import MusterError
from muster_server.core.lock_commands import LockTaken
from muster_server.core.model import Health, Instance
from muster_server.core.service_commands import ServiceDescribed
from muster_server.core.state import Limits, RegistryState
from muster_server.engine import records
from muster_server.storage.port import Bucket, StorageError, StorageUnusableError, Store, Write

REVISION_BLOCK = 1_000_000
RECONNECT_GRACE_S = 15.0

EPOCH = b"epoch"
REVISION = b"revision"


@dataclass(frozen=True, slots=True)
class Restored:
    """A state to begin with. `is_warm`: ephemeral instances were restored and their clients may not be back yet."""

    state: RegistryState
    epoch: int
    reserved_revision: int
    is_warm: bool

    def writes(self) -> tuple[Write, ...]:
        """What must be on disk before the first answer: the new epoch and block of revisions."""
        return (
            Write(Bucket.META, EPOCH, records.encode(self.epoch)),
            Write(Bucket.META, REVISION, records.encode(self.reserved_revision)),
        )


def restore(store: Store, moment: tuple[float, float], limits: Limits) -> Restored:
    """Read the store; `moment` is (monotonic seconds, Unix seconds).

    Every service begins at the first revision of a new block, so that no revision ever goes back. The epoch is the start's time
    in Unix milliseconds, and always higher than the one before: a server that has lost its data has another epoch all the same.
    Raises StorageUnusableError for a record that cannot be read.
    """
    try:
        return _restored(store, moment, limits)
    except (msgspec.MsgspecError, MusterError, UnicodeDecodeError) as error:
        raise StorageUnusableError(f"the store holds a record that cannot be read: {error}") from error


def _restored(store: Store, moment: tuple[float, float], limits: Limits) -> Restored:
    now_s, wall_s = moment
    meta = dict(store.scan(Bucket.META))
    epoch = max(int(wall_s * 1000), records.decode_int(meta[EPOCH]) + 1 if EPOCH in meta else 1)
    first = records.decode_int(meta[REVISION]) if REVISION in meta else 0
    state = RegistryState(first, epoch)
    for record, value in store.scan(Bucket.OVERRIDES):
        state.overrides[records.decode_key(record)] = records.decode_override(value)
    _restore_sessions(store, state, now_s, limits)
    _restore_catalog(store, state)
    found = [(records.decode_key(key), records.decode_instance(value)) for key, value in store.scan(Bucket.INSTANCES)]
    durable = {key for key, _ in found}  # a crash may have left an older, ephemeral life of these in the journal
    journal = [(records.decode_key(key), records.decode_instance(value)) for key, value in store.scan(Bucket.JOURNAL)]
    ephemeral = [(key, _suspected(instance)) for key, instance in journal if key not in durable]
    found += ephemeral
    found.sort(key=lambda entry: entry[1].create_revision)
    for key, instance in found:
        if _has_basis(state, key, instance):
            current = structs.replace(instance, override=state.overrides.get(key))
            state.apply(Put(key.service, current, None, now_s), now_s, limits)
            if not (current.said.is_persistent or current.said.lease or current.session):
                # The guard held it without its session: nothing else would ever end it.
                state.apply(Lapsed(key, now_s + RECONNECT_GRACE_S), now_s, limits)
    _restore_configs(store, state)
    _restore_others(store, state, now_s, limits)
    state.revision = first + 1
    for service in state.services.values():
        service.revision = state.revision
    for key in state.overrides:
        _watch_orphan(state, key, now_s, limits)
    return Restored(state, epoch, first + REVISION_BLOCK, bool(ephemeral))


def _has_basis(state: RegistryState, key: InstanceKey, instance: Instance) -> bool:
    """False if what an instance lives by is gone: its session, or its definition, whose end is on disk before its own."""
    has_session = instance.session is None or instance.session in state.sessions
    ref = DefinitionRef(key.service.namespace, instance.said.definition_id)
    return has_session and (not instance.said.definition_id or state.catalog.get(ref) is not None)


def _suspected(instance: Instance) -> Instance:
    lease = instance.said.lease
    is_aging = lease is None or not lease.is_paused
    return structs.replace(instance, health=Health.SUSPECT) if is_aging and instance.health is Health.HEALTHY else instance


def _restore_sessions(store: Store, state: RegistryState, now_s: float, limits: Limits) -> None:
    for _, value in store.scan(Bucket.SESSIONS):
        session = structs.replace(records.decode_session(value), connection=None)
        state.apply(SessionChanged(session, now_s + max(session.grace_s, RECONNECT_GRACE_S)), now_s, limits)


def _restore_others(store: Store, state: RegistryState, now_s: float, limits: Limits) -> None:
    """Read what is neither instance nor configuration."""
    for _, value in store.scan(Bucket.NAMESPACES):
        namespace = records.decode_namespace(value)
        state.namespaces[namespace.name] = namespace
    for record, value in store.scan(Bucket.ACCESS):
        state.access.apply(AccessPut(records.decode_access(record, value)))
    for bucket in (Bucket.ENVIRONMENTS, Bucket.APPLICATIONS, Bucket.COMPONENTS, Bucket.APPLICATION_CONFIGS, Bucket.DEPLOYMENTS):
        for _, value in store.scan(bucket):
            state.delivery.apply(DeliveryChanged(records.decode_kept(bucket, value)))
    jobs = [records.decode_job(value) for _, value in store.scan(Bucket.JOBS)]
    for job in sorted(jobs, key=lambda job: (job.create_s, job.generation)):  # two of a deployment may begin in one moment
        state.delivery.apply(DeliveryChanged(job))
    for _, value in store.scan(Bucket.SERVICES):
        state.apply(ServiceDescribed(*records.decode_service(value)), now_s, limits)
    for _, value in store.scan(Bucket.LOCKS):
        state.apply(LockTaken(records.decode_lock(value)), now_s, limits)


def _restore_configs(store: Store, state: RegistryState) -> None:
    """Read every history, and the contents that lines show; earlier contents stay on disk."""
    histories: defaultdict[ConfigKey, list[Release]] = defaultdict(list)
    for _, value in store.scan(Bucket.RELEASES):
        key, release = records.decode_release(value)
        histories[key].append(release)
    for key, history in histories.items():
        releases = _last_life(history)
        contents: dict[int, str] = {}
        shown = shown_numbers(releases)
        for release in releases:
            if release.number in shown:
                content = read_content(store, release)
                if content is None:
                    raise StorageUnusableError(f"the content of release {release.number} of config {key.name!r} is missing")
                contents[release.number] = content
        state.configs.restore(key, releases, contents)


def _last_life(history: list[Release]) -> list[Release]:
    """The releases of an item, oldest first, since it was last forgotten: the disk may have refused to drop earlier ones."""
    history.sort(key=lambda release: release.revision)
    begins = [at for at in range(1, len(history)) if history[at].number <= history[at - 1].number]
    return history[begins[-1] :] if begins else history


def _restore_catalog(store: Store, state: RegistryState) -> None:
    definitions = [records.decode_definition(value) for _, value in store.scan(Bucket.DEFINITIONS)]
    for definition in sorted(definitions, key=lambda definition: definition.create_time):
        state.catalog.apply(DefinitionPut(definition))
    for _, value in store.scan(Bucket.SCHEMAS):
        state.catalog.apply(SchemaPut(*records.decode_schema(value), state.revision))
    for _, value in store.scan(Bucket.PROVIDERS):
        state.catalog.apply(ProvidersSet(*records.decode_providers(value), state.revision))


def read_content(store: Store, release: Release) -> str | None:
    """The content of a release; None if it is not kept. Raises StorageError. Blocks."""
    value = store.read(Bucket.CONTENTS, records.encode_revision(release.revision))
    return None if value is None else value.decode()


def _watch_orphan(state: RegistryState, key: InstanceKey, now_s: float, limits: Limits) -> None:
    from_service = state.services.get(key.service)
    if from_service is None or key.instance_id not in from_service.instances:
        state.drop_override_at(key, now_s + limits.override_retention_s)


def write_now(store: Store, writes: Sequence[Write]) -> None:
    """Write and wait; only at start, before there is a loop to block. Raises StorageError."""
    finished, errors = Event(), list[StorageError | None]()

    def done(error: StorageError | None) -> None:
        errors.append(error)
        finished.set()

    store.submit(writes, done)
    finished.wait()
    if (error := errors[0]) is not None:
        raise error
