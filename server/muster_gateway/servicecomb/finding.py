"""The calls that look for instances: by name, of a microservice, one of them, and many such questions at once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.headers import X_RESOURCE_REVISION
from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.rendered import Rendered
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import definitions, instances, rules, shapes
from muster_gateway.servicecomb.calls import Header, answered, body_of, definition_of, raw_answer, rows, written
from muster_gateway.servicecomb.errors import INVALID, NO_INSTANCE, NO_SERVICE, CseError, of_item
from muster_gateway.servicecomb.instances import native_id
from muster_gateway.servicecomb.names import namespace_of, shown_key
from muster_gateway.servicecomb.own import OwnService
from muster_gateway.servicecomb.registering import UNMARSHAL

_TRUE = ("1", "true")
_EVERY_VERSION = ""
_PARAMETERS = {"environment": "env", "appId": "appId", "serviceName": "serviceName"}
MAX_QUESTIONS = 4096


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: by the names of a key, or one microservice, or one instance of it. `revision` is what the client has."""

    key: dict[str, str] | None = None
    tags: tuple[str, ...] = ()
    service_id: str = ""
    instance_id: str = ""
    revision: str = ""

    @property
    def name(self) -> tuple[str, ...]:
        """What tells it from others."""
        return (self.service_id, self.instance_id, *self.tags, "/", *((self.key or {}).values()))


@dataclass(frozen=True, slots=True)
class Answer:
    """The instances as a JSON array and their revision; None if the client has them already."""

    revision: str
    body: bytes | None


class Finding:
    """Knows the registry by its stubs only. Bodies are kept rendered until what they show changes."""

    def __init__(self, registry: Registry, own: OwnService) -> None:
        self._registry, self._own = registry, own
        self._rendered = Rendered(unmarked="")

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        consumer = Parameter("X-ConsumerId", "header", "who asks: the id of its microservice")
        revision = Parameter("rev", "query", "the X-Resource-Revision of an earlier answer; 304 if nothing has changed")
        tags = Parameter("tags", "query", "tags that microservices must have, with commas between")
        names = (
            Parameter("appId", "query", "the application", is_required=True),
            Parameter("serviceName", "query", "the name or alias", is_required=True),
            Parameter("version", "query", "1.2.3, 1.2+, 1.0-2.0 or latest; all if absent"),
            Parameter("env", "query", "the environment, if nobody in particular asks"),
        )
        batch = (
            Parameter("type", "query", "query", is_required=True),
            Parameter("services", "json", "names"),
            Parameter("instances", "json", "single instances"),
        )
        every = "/microservices/{service_id}/instances"
        return (
            *rows("GET", "/instances", self.find, "Find instances by name", (*names, tags, revision, consumer)),
            *rows("GET", every, self.list_all, "The instances of a microservice", (tags, revision, consumer)),
            *rows("GET", f"{every}/{{instance_id}}", self.get, "One instance", (revision, consumer)),
            *rows("POST", "/instances/action", self.find_many, "Find instances, many at once", (*batch, consumer), is_old=False),
        )

    async def find(self, request: Request) -> Response:
        """GET /instances."""
        question = _question(request.scope["query_string"])
        if self._own.is_asked_for(request, question.key or {}):
            return self._shown(Answer(self._own.instance_id, msgspec.json.encode([self._own.instance(request)])))
        return self._shown(await self._one(request, question))

    async def list_all(self, request: Request) -> Response:
        """GET /microservices/{service_id}/instances."""
        service_id, tags = request.path_params["service_id"], _tags(request.query_params)
        rules.check("GetInstancesRequest.Tags", list(tags))
        if self._own.is_meant(request, service_id):
            return self._shown(Answer(self._own.instance_id, msgspec.json.encode([self._own.instance(request)])))
        answer = await self._one(request, Question(service_id=service_id, revision=_revision(request.query_params)))
        if tags:
            provider = await definition_of(self._registry, namespace_of(request), service_id)
            if not provider.tags.keys() >= set(tags):
                raise CseError(NO_SERVICE, f"provider[{service_id}] does not have the tags {','.join(tags)}")
        return self._shown(answer)

    async def get(self, request: Request) -> Response:
        """GET /microservices/{service_id}/instances/{instance_id}."""
        path = request.path_params
        revision = _revision(request.query_params)
        question = Question(service_id=path["service_id"], instance_id=path["instance_id"], revision=revision)
        answer = await self._one(request, question)
        if answer.body is None:
            return _unchanged(answer.revision)
        return raw_answer(b'{"instance":' + answer.body[1:-1] + b"}", _revision_header(answer.revision))

    async def find_many(self, request: Request) -> Response:
        """POST /instances/action?type=query."""
        action = request.query_params.get("type", "")
        if action != "query":
            raise CseError(INVALID, f"Invalid action: {action}")
        body = await body_of(request, shapes.BATCH_FIND, problem=UNMARSHAL)
        parts = {"services": [_named(item or {}) for item in body.get("services", [])]}
        parts["instances"] = [_single(item or {}) for item in body.get("instances", [])]
        if not any(parts.values()):
            raise CseError(INVALID, "Required services or instances")
        answers = iter(await self.ask(request, [question for part in parts.values() for question in part]))
        return answered({name: _batch([next(answers) for _ in part]) for name, part in parts.items() if part})

    async def ask(self, request: Request, questions: list[Question]) -> list[Answer | CseError]:
        """The answers to many questions, in order, by one call. Raises grpc.aio.AioRpcError."""
        namespace, consumer_id = namespace_of(request), request.headers.get("x-consumerid", "")
        names = [(namespace, consumer_id, *question.name) for question in questions]
        kept = list(map(self._rendered.get, names))
        response = await self._find(
            namespace,
            consumer_id,
            [_native(question, token or question.revision) for question, (token, _) in zip(questions, kept, strict=True)],
        )
        consumer = response.consumer if response.HasField("consumer") else None
        found: list[Answer | CseError] = []
        for question, name, (_, kept_body), part in zip(questions, names, kept, response.answers, strict=True):
            if part.HasField("error"):
                found.append(_refusal(question, part, consumer_id, consumer))
                continue
            body = kept_body if part.not_modified else _encoded(part)
            if not part.not_modified:
                self._rendered.keep(name, part.token, body)
            found.append(Answer(part.token, None if part.token == question.revision else body))
        return found

    async def _one(self, request: Request, question: Question) -> Answer:
        answer = (await self.ask(request, [question]))[0]
        if isinstance(answer, CseError):
            raise answer
        return answer

    async def _find(self, namespace: str, consumer_id: str, queries: list[catalog.InstanceQuery]) -> catalog.FindInstancesResponse:
        """Ask. Instances of other dialects have their ids as they stand: what is not found by the own form is asked for so."""
        asked = catalog.FindInstancesRequest(namespace=namespace, consumer_id=consumer_id, queries=queries)
        response: catalog.FindInstancesResponse = await self._registry.catalog.FindInstances(asked, timeout=CALL_TIMEOUT_S)
        again = [
            index
            for index, (query, part) in enumerate(zip(queries, response.answers, strict=True))
            if query.HasField("one") and part.HasField("definition") and part.HasField("error")
        ]
        if again:
            for query in (queries[index] for index in again):
                query.one.instance_id = query.one.instance_id.removeprefix(f"{query.one.definition_id}/")
            asked = catalog.FindInstancesRequest(
                namespace=namespace, consumer_id=consumer_id, queries=[queries[index] for index in again]
            )
            second: catalog.FindInstancesResponse = await self._registry.catalog.FindInstances(asked, timeout=CALL_TIMEOUT_S)
            for index, part in zip(again, second.answers, strict=True):
                response.answers[index].CopyFrom(part)
        return response

    def _shown(self, answer: Answer) -> Response:
        if answer.body is None:
            return _unchanged(answer.revision)
        body = b"{}" if answer.body == b"[]" else b'{"instances":' + answer.body + b"}"
        return raw_answer(body, _revision_header(answer.revision))


def _unchanged(revision: str) -> Response:
    return written(304, b"", _revision_header(revision))


def _revision_header(revision: str) -> Header:
    return X_RESOURCE_REVISION, revision.encode()


@lru_cache(maxsize=MAX_QUESTIONS)
def _question(query_string: bytes) -> Question:
    """What GET /instances asks for. Raises CseError. Kept, because clients poll with the same words for ever."""
    query = QueryParams(query_string)
    key = {name: query.get(parameter, "") for name, parameter in _PARAMETERS.items()}
    tags = _tags(query)
    for name, value in key.items():
        rules.check(f"FindInstancesRequest.{name[0].upper()}{name[1:]}", value)
    rules.check("FindInstancesRequest.Tags", list(tags))
    return Question({**key, "version": _rule(query.get("version", ""))}, tags, revision=_revision(query))


def _tags(query: QueryParams) -> tuple[str, ...]:
    return tuple(tag for tag in query.get("tags", "").split(",") if tag)


def _revision(query: QueryParams) -> str:
    """What the client has; it does not count for who wants to see past a cache."""
    is_past_cache = any(query.get(flag, "").lower() in _TRUE for flag in ("noCache", "cacheOnly"))
    return "" if is_past_cache else query.get("rev", "")


def _rule(version: str) -> str:
    """The rule that is sent on: what is none means all versions, `0%2B` among it, which a Go client sends for `0+`."""
    low, _, high = version.removesuffix("+").partition("-")
    is_rule = version == "latest" or (rules.is_version(low) and (not high or rules.is_version(high)))
    return version if is_rule else _EVERY_VERSION


def _named(item: dict[str, Any]) -> Question:
    rules.check("FindService.Service", item.get("service"))
    key = item["service"]
    filled = {name: key.get(name, "") for name in ("environment", "appId", "serviceName")}
    for name, value in filled.items():
        rules.check(f"MicroServiceKey.{name[0].upper()}{name[1:]}", value, rules.SOUGHT_KEY)
    return Question({**filled, "version": _rule(key.get("version", ""))}, revision=item.get("rev", ""))


def _single(item: dict[str, Any]) -> Question:
    rules.check("FindInstance.Instance", item.get("instance"))
    element = item["instance"]
    service_id, instance_id = element.get("serviceId", ""), element.get("instanceId", "")
    rules.check("HeartbeatSetElement.ServiceId", service_id)
    rules.check("HeartbeatSetElement.InstanceId", instance_id)
    return Question(service_id=service_id, instance_id=instance_id, revision=item.get("rev", ""))


def _native(question: Question, known: str) -> catalog.InstanceQuery:
    query = catalog.InstanceQuery(known_token=known)
    if question.key is not None:
        query.name.key.CopyFrom(definitions.native_key("", question.key))
        query.name.tags.extend(question.tags)
    elif question.instance_id:
        query.one.definition_id = question.service_id
        query.one.instance_id = native_id(question.service_id, question.instance_id)
    else:
        query.definition_id = question.service_id
    return query


def _encoded(part: catalog.InstanceAnswer) -> bytes:
    return instances.encoded(
        (instance, group.definition.definition_id, group.definition.key.version)
        for group in part.found
        for instance in group.instances
    )


def _batch(answers: list[Answer | CseError]) -> dict[str, Any]:
    """One section of a batch: failures together by their code, with the words of the first."""
    failed: dict[int, dict[str, Any]] = {}
    unchanged: list[int] = []
    updated: list[dict[str, Any]] = []
    for index, answer in enumerate(answers):
        if isinstance(answer, CseError):
            error = {**answer.body(), "detail": answer.text}
            failed.setdefault(answer.code, {"indexes": [], "error": error})["indexes"].append(index)
        elif answer.body is None:
            unchanged.append(index)
        else:
            shown = {"instances": msgspec.Raw(answer.body)} if answer.body != b"[]" else {}
            updated.append({"index": index, "rev": answer.revision, **shown})
    section = {"failed": list(failed.values()), "notModified": unchanged, "updated": updated}
    return {name: value for name, value in section.items() if value}


def _refusal(
    question: Question,
    part: catalog.InstanceAnswer,
    consumer_id: str,
    consumer: catalog_pb2.DefinitionSummary | None,
) -> CseError:
    """Why there is no answer, in the original's words."""
    if consumer is None and consumer_id:
        return CseError(NO_SERVICE, f"Consumer[{consumer_id}] does not exist.")
    refusal = of_item(part.error)
    if question.key is not None:
        if refusal.code != NO_SERVICE:
            return refusal
        environment = consumer.key.environment if consumer is not None else question.key["environment"]
        who = f"Consumer[{consumer_id}][{shown_key(consumer.key if consumer is not None else None) or ''}]"
        if consumer is None:
            who = f"Consumer[][{environment}///]"
        name = "/".join((environment, question.key["appId"], question.key["serviceName"]))
        return CseError(NO_SERVICE, f"{who} find provider[{name}] failed, provider does not exist")
    if not part.HasField("definition"):
        return CseError(NO_SERVICE, f"Provider[{question.service_id}] does not exist.") if refusal.code == NO_SERVICE else refusal
    who = f"Consumer[{consumer_id}][{shown_key(consumer.key if consumer is not None else None)}]"
    provider = f"find provider[{question.service_id}][{shown_key(part.definition.key)}]"
    if question.instance_id:
        absent = f"{who} {provider} instance[{question.instance_id}] failed, provider instance does not exist"
        return CseError(NO_INSTANCE, absent)
    return CseError(NO_SERVICE, f"{who} {provider} instances failed, provider instance does not exist")
