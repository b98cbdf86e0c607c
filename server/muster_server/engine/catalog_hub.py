"""The catalog hub: who follows what a definition depends on, and what each of them is sent next."""

from collections.abc import Iterable

from muster_server.core.catalog_commands import DefinitionDeleted, DefinitionPut, DefinitionRef, ProvidersSet
from muster_server.core.catalog_view import definition_not_found, dependencies, seen
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import ServiceKey
from muster_server.core.state import RegistryState
from muster_server.engine import mailroom
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import Encoder
from muster_server.engine.mailroom import MAX_SUBSCRIPTIONS, Mailroom

Following = mailroom.Subscription[DefinitionRef]
Follower = mailroom.Subscriber[DefinitionRef, Following]


class CatalogHub(Mailroom[DefinitionRef, Following]):
    """A subject is a consumer: it changes when it depends on others, or when these get other versions."""

    def __init__(self, state: RegistryState, encoder: Encoder, clock: Clock, epoch: int) -> None:
        super().__init__(clock)
        self.epoch = epoch
        self._state = state
        self._encoder = encoder

    def note(self, event: DefinitionPut | DefinitionDeleted | ProvidersSet) -> None:
        """A change was applied."""
        if isinstance(event, ProvidersSet):
            self._mark(event.consumer)
            return
        service = event.definition.key.service
        for consumer in self._consumers(service):
            self._mark(consumer)
        self._mark(DefinitionRef(service.namespace, event.definition.definition_id))

    def follow(self, follower: Follower, consumer: DefinitionRef) -> None:
        """Begin to follow a consumer, afresh if that was done before. One too many is cancelled."""
        if consumer not in follower.subscriptions and len(follower.subscriptions) >= MAX_SUBSCRIPTIONS:
            self.cancel(follower, consumer, MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_SUBSCRIPTIONS} subscriptions"))
            return
        self._add(follower, Following(key=consumer, since_s=self._clock.wall_s()))
        self._wake(follower, consumer)

    def reset(self, epoch: int) -> None:
        """The history is another one: everybody is sent everything anew."""
        self.epoch = epoch
        for follower in self._subscribers:
            for consumer in follower.subscriptions:
                self._wake(follower, consumer)
        self.bookmark()

    def _consumers(self, service: ServiceKey) -> Iterable[DefinitionRef]:
        family = self._state.catalog.families.get(service)
        consumers = family.consumers if family is not None else ()
        return (DefinitionRef(service.namespace, consumer) for consumer in consumers)

    def _frames_for(self, subscriber: Follower, subscription: Following) -> list[bytes]:
        ref, revision = subscription.key, self._state.revision
        consumer = seen(self._state, ref)
        subscription.sent(revision)
        if consumer is None:
            self.unsubscribe(subscriber, ref)
            return [self._cancelled(ref, definition_not_found(ref.definition_id))]
        return [self._encoder.providers(dependencies(self._state, consumer), revision)]

    def _is_behind(self, subscription: Following) -> bool:
        return self._state.revision > subscription.sent_revision

    def _bookmark(self, _: Follower) -> bytes:
        return self._encoder.providers_bookmark(self._state.revision, self.epoch)

    def _cancelled(self, key: DefinitionRef, error: MusterError) -> bytes:
        return self._encoder.providers_cancelled(key, error.reason, error.message)

    def _reconnect_after(self, delay_s: float) -> bytes:
        return self._encoder.providers_reconnect_after(delay_s)
