"""The calls about dependencies: which microservices call which."""

from typing import Any

import grpc.aio
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import definitions, rules, shapes
from muster_gateway.servicecomb.calls import answered, body_of, done, rows
from muster_gateway.servicecomb.errors import INVALID, NO_SERVICE, CseError, of_call
from muster_gateway.servicecomb.names import namespace_of, shown_key

DEPRECATION = (b"deprecation", b'version="v4"')
DUPLICATE = "Invalid request body for provider info.Duplicate provider or (serviceName and appId is same)."
_KEY_FIELDS = ("environment", "appId", "serviceName", "version")


class Dependencies:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        body = Parameter("dependencies", "json", "consumers, each with its providers", is_required=True)
        self_hidden = Parameter("noSelf", "query", "1: without the microservice itself")
        service = "/microservices/{service_id}"
        return (
            *rows("PUT", "/dependencies", self.replace, "Say whom microservices call", (body,), "nothing", is_old=False),
            *rows("POST", "/dependencies", self.add, "Say whom microservices call too", (body,), "nothing", is_old=False),
            *rows("GET", f"{service}/providers", self.providers, "Whom a microservice calls", (self_hidden,)),
            *rows("GET", f"{service}/consumers", self.consumers, "Who calls a microservice", (self_hidden,)),
        )

    async def replace(self, request: Request) -> Response:
        """PUT /dependencies."""
        return await self._set(request, is_all=True)

    async def add(self, request: Request) -> Response:
        """POST /dependencies."""
        return await self._set(request, is_all=False)

    async def _set(self, request: Request, *, is_all: bool) -> Response:
        items = (await body_of(request, shapes.DEPENDENCIES)).get("dependencies", [])
        field = f"{'Create' if is_all else 'Add'}DependenciesRequest.Dependencies"
        try:
            rules.check(field, items)
        except CseError as refusal:
            shown = refusal.detail.replace(rules.printed(items), f"[{' '.join(map(_printed, items))}]")
            raise CseError(INVALID, shown) from None
        namespace = namespace_of(request)
        asked = catalog.SetDependenciesRequest(namespace=namespace, replace=is_all)
        for item in items:
            asked.dependencies.append(_dependency(namespace, item or {}, is_all=is_all))
        try:
            await self._registry.catalog.SetDependencies(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if of_call(error).code != NO_SERVICE:
                raise
            consumer = await self._missing(asked)
            raise CseError(NO_SERVICE, f"Consumer {consumer} does not exist.") from None
        return done(DEPRECATION)

    async def _missing(self, asked: catalog.SetDependenciesRequest) -> str:
        """The first consumer that is not there, in the words of errors."""
        for dependency in asked.dependencies:
            try:
                await self._registry.catalog.ResolveDefinition(
                    catalog.ResolveDefinitionRequest(key=dependency.consumer), timeout=CALL_TIMEOUT_S
                )
            except grpc.aio.AioRpcError:
                return shown_key(dependency.consumer)
        return ""

    async def providers(self, request: Request) -> Response:
        """GET /microservices/{service_id}/providers."""
        service_id = request.path_params["service_id"]
        asked = catalog.ListProvidersRequest(namespace=namespace_of(request), definition_id=service_id, permitted_only=True)
        try:
            found: catalog.ListProvidersResponse = await self._registry.catalog.ListProviders(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise _of(error, "Consumer does not exist") from None
        return _listed("providers", found.definitions, request)

    async def consumers(self, request: Request) -> Response:
        """GET /microservices/{service_id}/consumers."""
        service_id = request.path_params["service_id"]
        asked = catalog.ListConsumersRequest(namespace=namespace_of(request), definition_id=service_id, permitted_only=True)
        try:
            found: catalog.ListConsumersResponse = await self._registry.catalog.ListConsumers(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise _of(error, "Provider does not exist") from None
        return _listed("consumers", found.definitions, request)


def _dependency(namespace: str, item: dict[str, Any], *, is_all: bool) -> catalog.Dependency:
    rules.check("ConsumerDependency.Consumer", item.get("consumer"))
    consumer, providers = item["consumer"], item.get("providers", [])
    if not is_all:
        rules.check("ConsumerDependency.Providers", providers)
    _check_key(consumer, rules.CONSUMER_KEY)
    for provider in providers:
        _check_key(provider or {}, rules.PROVIDER_KEY)
    filled = [{**(provider or {}), "appId": (provider or {}).get("appId") or consumer["appId"]} for provider in providers]
    known = {tuple(provider.get(name, "") for name in _KEY_FIELDS[:3]) for provider in filled}
    if len(known) < len(filled):
        raise CseError(INVALID, DUPLICATE)
    return catalog.Dependency(
        consumer=definitions.native_key(namespace, consumer),
        providers=[definitions.native_key(namespace, {**provider, "version": ""}) for provider in filled],
    )


def _check_key(key: dict[str, str], key_rules: Any) -> None:
    for name in _KEY_FIELDS:
        rules.check(f"MicroServiceKey.{name[0].upper()}{name[1:]}", key.get(name, ""), key_rules)


def _printed(item: dict[str, Any] | None) -> str:
    """An item as Go prints a pointer to its structure."""
    if item is None:
        return "<nil>"
    providers = " ".join(map(_printed_key, item.get("providers", [])))
    return f"&{{{_printed_key(item.get('consumer'))} [{providers}] false}}"


def _printed_key(key: dict[str, str] | None) -> str:
    if key is None:
        return "<nil>"
    fields = ("tenant", "environment", "appId", "serviceName", "alias", "version")
    return "&{" + " ".join(key.get(name, "") for name in fields) + "}"


def _listed(name: str, found: Any, request: Request) -> Response:
    hidden = request.path_params["service_id"] if request.query_params.get("noSelf") in ("1", "true") else ""
    shown = [definitions.view(definition) for definition in found if definition.definition_id != hidden]
    return answered({name: shown} if shown else {})


def _of(error: grpc.aio.AioRpcError, detail: str) -> CseError:
    refusal = of_call(error)
    return CseError(NO_SERVICE, detail) if refusal.code == NO_SERVICE else refusal
