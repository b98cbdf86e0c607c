"""CatalogService.FindInstances: who is there of a service, of a definition, or one instance, as a consumer may see it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from muster.catalog.v1 import catalog_service_pb2 as wire

from muster_server.core import catalog_view, versions
from muster_server.core.catalog_commands import AddProviders, DefinitionRef
from muster_server.core.catalog_model import MAX_TAGS, Definition
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, ServiceKey
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import READ, service_resource
from muster_server.rpc.calls import Call
from muster_server.rpc.catalog_decoding import decode_definition_ref, decode_namespace, decode_rule
from muster_server.rpc.catalog_encoding import summary_message
from muster_server.rpc.decoding import check_batch, require
from muster_server.rpc.encoding import TAG_1, entry
from muster_server.rpc.kept_answers import KeptAnswers
from muster_server.rpc.status_codes import item_error


@dataclass(slots=True)
class _Asker:
    """Who asks, and in which namespace; the services that were asked for by name so far, and all that were looked at.

    `unchanged_count` is how many questions were answered by "nothing has changed".
    """

    call: Call
    namespace: str
    consumer: Definition | None
    asked: list[ServiceKey] = field(default_factory=list)
    looked_at: list[ServiceKey] = field(default_factory=list)
    unchanged_count: int = 0

    def look_at(self, service: ServiceKey) -> None:
        """Raises MusterError: PERMISSION_DENIED."""
        self.call.require(READ, service_resource(service))
        self.looked_at.append(service)

    def unchanged(self, token: str) -> bytes:
        """The answer to a question whose answer is known."""
        self.unchanged_count += 1
        return wire.InstanceAnswer(token=token, not_modified=True).SerializeToString()


class FindServicer:
    """Documented in catalog_service.proto. Instances are answered from the hub's bytes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept = KeptAnswers(engine)

    async def find_instances(self, request: wire.FindInstancesRequest, call: Call) -> bytes:
        """Answer each question; what a consumer asked for by name becomes a dependency of it, if it sees any of it."""
        check_batch("queries", len(request.queries))
        question = request.SerializeToString()
        if (kept := self._kept.get(question, call)) is not None:
            return kept
        namespace = decode_namespace(request.namespace)
        state = self._engine.state
        ref = decode_definition_ref(namespace, request.consumer_id) if request.consumer_id else None
        consumer = catalog_view.seen(state, ref) if ref is not None else None
        asker = _Asker(call, namespace, consumer)
        if consumer is not None:
            asker.look_at(consumer.key.service)
        answers = []
        for query in request.queries:
            if ref is not None and consumer is None:
                error = MusterError(Reason.CONSUMER_NOT_FOUND, f"there is no definition {ref.definition_id!r}")
                answers.append(wire.InstanceAnswer(error=item_error(error)).SerializeToString())
            else:
                answers.append(self._answer(asker, query))
        is_remembered = ref is None or consumer is None or await self._remember(ref, asker.asked)
        rest = wire.FindInstancesResponse(consumer=summary_message(consumer) if consumer is not None else None)
        response = b"".join((*(entry(TAG_1, answer) for answer in answers), rest.SerializeToString()))
        if is_remembered and asker.unchanged_count == len(answers):
            self._kept.keep(question, response, asker.looked_at, ref)
        return response

    async def _remember(self, consumer: DefinitionRef, asked: Sequence[ServiceKey]) -> bool:
        """Keep the dependencies. False if the disk refuses, which is no reason not to answer: the next question keeps them."""
        known = catalog_view.providers_of(self._engine.state, consumer)
        if new := tuple(service for service in asked if service not in known):
            try:
                await perform(self._engine, AddProviders(consumer, new))
            except MusterError as error:
                if error.reason not in (Reason.STORAGE_FAILED, Reason.LIMIT_EXCEEDED):
                    raise
                return False
        return True

    def _answer(self, asker: _Asker, query: wire.InstanceQuery) -> bytes:
        try:
            match query.WhichOneof("kind"):
                case "name":
                    return self._by_name(asker, query)
                case "definition_id":
                    return self._by_id(asker, (query.definition_id, ""), query.known_token)
                case "one":
                    return self._by_id(asker, (query.one.definition_id, query.one.instance_id), query.known_token)
                case _:
                    raise MusterError.invalid("queries.kind", "is required")
        except MusterError as error:
            return wire.InstanceAnswer(error=item_error(error)).SerializeToString()

    def _by_name(self, asker: _Asker, query: wire.InstanceQuery) -> bytes:
        state, name, consumer = self._engine.state, query.name, asker.consumer
        require(name, "key")
        if len(name.tags) > MAX_TAGS:
            raise MusterError.invalid("tags", f"must hold at most {MAX_TAGS} entries")
        if consumer is not None:
            name.key.environment = consumer.key.environment
        service, rule = decode_rule(name.key)
        service = service._replace(namespace=asker.namespace)
        asker.look_at(service)
        definitions = catalog_view.named(state, service)
        for home in {definition.key.service for definition in definitions} - {service}:
            asker.look_at(home)  # an alias does not open what its owner's name closes
        if not definitions:
            raise catalog_view.definition_not_found(name.key.name)
        wanted = [
            definition
            for definition in definitions
            if definition.tags.keys() >= set(name.tags) and catalog_view.is_visible(consumer, definition)
        ]
        asker.asked.extend(dict.fromkeys(definition.key.service for definition in wanted))
        chosen = versions.selected(rule, {index: definition.key.version for index, definition in enumerate(definitions)})
        picked = [definitions[index] for index in chosen if definitions[index] in wanted]
        token = self._token(picked)
        if token == query.known_token:
            return asker.unchanged(token)
        return self._encoded([(definition, catalog_view.instances_of(state, definition)) for definition in picked], token)

    def _by_id(self, asker: _Asker, name: tuple[str, str], known_token: str) -> bytes:
        """`name` is a definition's id and that of one of its instances, empty for all of them."""
        state, (definition_id, instance_id) = self._engine.state, name
        definition = catalog_view.found(state, DefinitionRef(asker.namespace, definition_id))
        asker.look_at(definition.key.service)
        instances = catalog_view.instances_of(state, definition)
        if not catalog_view.is_visible(asker.consumer, definition):
            error = MusterError(Reason.DEFINITION_HIDDEN, "the definition is not for this consumer")
        elif instance_id and not (instances := [entry for entry in instances if entry.instance_id == instance_id]):
            error = MusterError(Reason.INSTANCE_NOT_FOUND, f"the definition has no instance {instance_id!r}")
        else:
            token = self._token([definition])
            return asker.unchanged(token) if token == known_token else self._encoded([(definition, instances)], token)
        return wire.InstanceAnswer(error=item_error(error), definition=summary_message(definition)).SerializeToString()

    def _encoded(self, found: Sequence[tuple[Definition, Sequence[Instance]]], token: str) -> bytes:
        parts = []
        for definition, instances in found:
            fragments = self._engine.hub.fragments(definition.key.service, instances)
            rest = wire.DefinitionInstances(definition=summary_message(definition))
            parts.append(entry(TAG_1, b"".join((*fragments, rest.SerializeToString()))))
        return b"".join((*parts, wire.InstanceAnswer(token=token).SerializeToString()))

    def _token(self, found: Sequence[Definition]) -> str:
        """Says which definitions were found, and at which revision their services are. O(definitions), whatever runs of them.

        So it changes with any change of the service, another version's too: too often is no harm, too seldom would be.
        """
        services = self._engine.state.services
        digest = hashlib.sha1(str(self._engine.epoch).encode(), usedforsecurity=False)
        for definition in found:
            service = services.get(definition.key.service)
            digest.update(f"/{definition.definition_id}:{service.revision if service is not None else 0}".encode())
        return digest.hexdigest()
