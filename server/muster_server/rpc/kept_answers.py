"""Answers of FindInstances that say "nothing has changed": who polls asks the same again and again, and mostly hears that."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.model import ServiceKey
from muster_server.engine.engine import Engine
from muster_server.rpc.access_table import READ, service_resource
from muster_server.rpc.calls import Call

MAX_KEPT = 10_000
MAX_QUESTION_BYTES = 1024


class Seen(NamedTuple):
    """A service that was looked at, with the revisions of its instances and of its definitions; 0 where there are none."""

    service: ServiceKey
    instances: int
    definitions: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer and all that it was made of. `providers` is what the consumer depends on, None without one."""

    answer: bytes
    epoch: int
    seen: tuple[Seen, ...]
    consumer: DefinitionRef | None
    providers: object


class KeptAnswers:
    """At most 10,000 answers, each kept until something it was made of is another. Owned by the servicer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def get(self, question: bytes, call: Call) -> bytes | None:
        """The answer to a question; None if it has to be looked for, because it may be another or is not for this caller."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        if not self._holds(kept):
            del self._kept[question]
            return None
        gate = call.gate
        if gate is not None and not all(gate.may(call, READ, service_resource(seen.service)) for seen in kept.seen):
            return None
        return kept.answer

    def keep(self, question: bytes, answer: bytes, services: Iterable[ServiceKey], consumer: DefinitionRef | None) -> None:
        """Keep an answer that was made of these services, and of what the consumer depends on. Longer questions are not kept."""
        if len(question) > MAX_QUESTION_BYTES:
            return
        seen = tuple(map(self._seen, dict.fromkeys(services)))
        self._kept[question] = _Kept(answer, self._engine.epoch, seen, consumer, self._providers(consumer))
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def _holds(self, kept: _Kept) -> bool:
        if kept.epoch != self._engine.epoch or kept.providers is not self._providers(kept.consumer):
            return False
        return all(seen == self._seen(seen.service) for seen in kept.seen)

    def _seen(self, service: ServiceKey) -> Seen:
        state = self._engine.state
        known, family = state.services.get(service), state.catalog.families.get(service)
        return Seen(service, known.revision if known is not None else 0, family.revision if family is not None else 0)

    def _providers(self, consumer: DefinitionRef | None) -> object:
        """The very mapping, which is never changed but replaced."""
        return None if consumer is None else self._engine.state.catalog.providers.get(consumer)
