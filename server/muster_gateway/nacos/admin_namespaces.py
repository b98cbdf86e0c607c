"""The admin calls for namespaces."""

import re
import uuid

import grpc.aio
from muster.admin.v1 import admin_service_pb2 as admin
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.convert import nacos_namespace, native_namespace
from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route, in_query

PUBLIC = "public"
QUOTA = 200  # what the original shows of its default; nothing is refused for it
MAX_ID = 128
_ID = re.compile(r"[\w-]+", re.ASCII)
_NAME = re.compile(r"[^@#$%^&*]+")
_WHICH = (Parameter("namespaceId", "form", "which namespace", is_required=True),)
_CREATE = (
    Parameter("namespaceId", "form", f"1 to {MAX_ID} letters, digits, `_` and `-`; one is made if it is blank", is_required=True),
    Parameter("namespaceName", "form", "for people", is_required=True),
    Parameter("namespaceDesc", "form", "for people"),
)


class NacosAdminNamespaces:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._admin = registry.admin

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, is_true = "/nacos/v3/admin/core/namespace", "`data: true`"
        which, check = in_query(_WHICH), answering(self.check)
        return (
            Route("GET", f"{path}/list", answering(self.list_all), "List the namespaces", (), "`data`: array"),
            Route("GET", path, answering(self.show), "Show a namespace", which, "`data`: the namespace"),
            Route("POST", path, answering(self.create), "Describe a namespace", _CREATE, is_true),
            Route("PUT", path, answering(self.update), "Describe a namespace anew", _CREATE, is_true),
            Route("DELETE", path, answering(self.delete), "Delete a namespace in which nothing is", _WHICH, is_true),
            Route("GET", f"{path}/check", check, "Count the namespaces of an id", which, "`data`: 0 or 1"),
        )

    async def list_all(self, _: Request) -> Response:
        """GET list: `public` first, then by name."""
        found = [_view(one) for one in await self._all()]
        return envelope(200, 0, sorted(found, key=lambda one: (one["type"], one["namespace"])))

    async def show(self, request: Request) -> Response:
        """GET."""
        namespace_id = _required(await Parameters.read(request))
        found = await self._find(namespace_id)
        if found is None:
            raise _unknown(namespace_id)
        return envelope(200, 0, _view(found))

    async def check(self, request: Request) -> Response:
        """GET check."""
        found = await self._find(_required(await Parameters.read(request)))
        return envelope(200, 0, 0 if found is None else 1)

    async def create(self, request: Request) -> Response:
        """POST."""
        parameters = await Parameters.read(request)
        if "namespaceId" not in parameters:
            raise _missing("namespaceId")
        said = _said(parameters, parameters.text("namespaceId").strip() or str(uuid.uuid4()))
        try:
            await self._admin.CreateNamespace(admin.CreateNamespaceRequest(namespace=said), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "NAMESPACE_EXISTS":
                raise
            raise RefusedError(400, 22002, f"namespaceId [{nacos_namespace(said.name)}] already exist.") from error
        return envelope(200, 0, data=True)

    async def update(self, request: Request) -> Response:
        """PUT. An unknown one is an error, as nothing is changed."""
        parameters = await Parameters.read(request)
        namespace_id = _required(parameters)
        said = _said(parameters, namespace_id)
        try:
            await self._admin.UpdateNamespace(admin.UpdateNamespaceRequest(namespace=said), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "NAMESPACE_NOT_FOUND":
                raise
            raise _unknown(namespace_id) from error
        return envelope(200, 0, data=True)

    async def delete(self, request: Request) -> Response:
        """DELETE. What is not there is no error; what is not empty, or `public`, is."""
        namespace_id = _required(await Parameters.read(request))
        asked = admin.DeleteNamespaceRequest(name=native_namespace(namespace_id))
        try:
            await self._admin.DeleteNamespace(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            match reason_of(error):
                case "NAMESPACE_NOT_FOUND":
                    pass
                case "NAMESPACE_DEFAULT":
                    raise RefusedError(400, 22000, f"namespaceId [{namespace_id}] cannot be deleted") from error
                case "NAMESPACE_NOT_EMPTY":
                    raise RefusedError(400, 22000, f"namespaceId [{namespace_id}]: {error.details()}") from error
                case _:
                    raise
        return envelope(200, 0, data=True)

    async def _all(self) -> list[admin.Namespace]:
        found: admin.ListNamespacesResponse = await self._admin.ListNamespaces(
            admin.ListNamespacesRequest(), timeout=CALL_TIMEOUT_S
        )
        return list(found.namespaces)

    async def _find(self, namespace_id: str) -> admin.Namespace | None:
        """One that is described, or used."""
        name = native_namespace(namespace_id)
        return next((one for one in await self._all() if one.name == name), None)


def _view(found: admin.Namespace) -> dict[str, str | int]:
    name = nacos_namespace(found.name)
    is_public = name == PUBLIC
    return {
        "namespace": name,
        "namespaceShowName": found.display_name or name,
        "namespaceDesc": found.description or ("Default Namespace" if is_public else ""),
        "quota": QUOTA,
        "configCount": found.config_count,
        "type": 0 if is_public else 1,
    }


def _required(parameters: Parameters) -> str:
    namespace_id = parameters.text("namespaceId").strip()
    if not namespace_id:
        raise _missing("namespaceId")
    return namespace_id


def _said(parameters: Parameters, namespace_id: str) -> admin.Namespace:
    """What a form says of a namespace. Raises RefusedError."""
    name = parameters.text("namespaceName").strip()
    if not name:
        raise _missing("namespaceName")
    if _ID.fullmatch(namespace_id) is None:
        raise RefusedError(400, 22000, f"namespaceId [{namespace_id}] mismatch the pattern")
    if len(namespace_id) > MAX_ID:
        raise RefusedError(400, 22000, f"too long namespaceId, over {MAX_ID}")
    if _NAME.fullmatch(name) is None:
        raise RefusedError(400, 22000, f"namespaceName [{name}] contains illegal char")
    description = parameters.text("namespaceDesc")
    return admin.Namespace(name=native_namespace(namespace_id), display_name=name, description=description)


def _missing(name: str) -> RefusedError:
    return RefusedError(400, 10000, f"required parameter '{name}' is missing")


def _unknown(namespace_id: str) -> RefusedError:
    return RefusedError(404, 22001, f"namespaceId [ {namespace_id} ] not exist")
