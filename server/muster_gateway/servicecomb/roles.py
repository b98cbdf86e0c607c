"""Roles: those of the registry, with the permissions that ServiceComb knows."""

import hashlib
from typing import Any

import grpc.aio
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import access_service_pb2 as access
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import permissions, rules
from muster_gateway.servicecomb.calls import answered, answering, body_of, check_permitted, done
from muster_gateway.servicecomb.errors import BUILT_IN_ROLE, NO_ROLE_QUOTA, ROLE_EXISTS, CseError
from muster_gateway.servicecomb.golang import JsonError, decode
from muster_gateway.servicecomb.keeping import DIALECT
from muster_gateway.servicecomb.shapes import ROLE

_PATH = "/v4/roles"
_BUILT_IN = "build-in role can not be operated"


class Roles:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._access = registry, registry.access

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        name = Parameter("role_name", "path", "the role", is_required=True)
        perms = Parameter("perms", "json", "array of `resources`, each of a `type` with `labels`, and `verbs`")
        new = (Parameter("name", "json", "1 to 64 characters", is_required=True), perms)
        table = (
            ("POST", _PATH, self.create, "Create a role", new, ""),
            ("GET", _PATH, self.list_all, "All roles", (), "`total`, `data`: array"),
            ("GET", f"{_PATH}/{{role_name}}", self.get, "A role", (name,), "JSON object"),
            ("PUT", f"{_PATH}/{{role_name}}", self.update, "Give a role other permissions", (name, perms), ""),
            ("DELETE", f"{_PATH}/{{role_name}}", self.delete, "Delete a role that nobody has", (name,), ""),
        )
        return tuple(
            Route(method, path, answering(handler), summary, parameters, answer or "nothing")
            for method, path, handler, summary, parameters, answer in table
        )

    async def create(self, request: Request) -> Response:
        """POST /roles."""
        body = await body_of(request, ROLE)
        name = body.get("name", "")
        rules.check("Role.Name", name)
        if name in permissions.BUILT_IN:
            await check_permitted(self._registry, "role", "create", name)
            raise CseError(ROLE_EXISTS, "role is duplicated")
        try:
            await self._access.CreateRole(access.CreateRoleRequest(role=_native(name, body)), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) == "LIMIT_EXCEEDED":
                raise CseError(NO_ROLE_QUOTA, error.details() or "") from None
            raise
        return done()

    async def list_all(self, _: Request) -> Response:
        """GET /roles."""
        found = {name: _view(access.Role(name=name), perms) for name, perms in permissions.BUILT_IN.items()}
        async for page in pages(self._access.ListRoles, access.ListRolesRequest()):
            found |= {role.name: _view(role, perms_of(role)) for role in page.roles}
        return answered({"total": len(found), "data": list(found.values())})

    async def get(self, request: Request) -> Response:
        """GET /roles/{role_name}."""
        name = request.path_params["role_name"]
        try:
            found: access.GetRoleResponse = await self._access.GetRole(access.GetRoleRequest(role=name), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) in ("ROLE_NOT_FOUND", "ROLE_BUILT_IN") and name in permissions.BUILT_IN:
                return answered(_view(access.Role(name=name), permissions.BUILT_IN[name]))
            raise
        return answered(_view(found.role, perms_of(found.role)))

    async def update(self, request: Request) -> Response:
        """PUT /roles/{role_name}: the name in the body does not matter."""
        body, name = await body_of(request, ROLE), await self._changeable(request, "update")
        change = access.UpdateRoleRequest(role=_native(name, body), update_mask=FieldMask(paths=["permissions", "attributes"]))
        await self._access.UpdateRole(change, timeout=CALL_TIMEOUT_S)
        return done()

    async def delete(self, request: Request) -> Response:
        """DELETE /roles/{role_name}."""
        asked = access.DeleteRoleRequest(role=await self._changeable(request, "delete"), only_unused=True)
        await self._access.DeleteRole(asked, timeout=CALL_TIMEOUT_S)
        return done()

    async def _changeable(self, request: Request, verb: str) -> str:
        """The role that a path names. Raises CseError for one that is built in."""
        name: str = request.path_params["role_name"]
        if name in permissions.BUILT_IN:
            await check_permitted(self._registry, "role", verb, name)
            raise CseError(BUILT_IN_ROLE, _BUILT_IN)
        return name


async def ensure_developer(stub: Any) -> bool:
    """Make the built-in role for developers; False if it is there already. Raises grpc.aio.AioRpcError."""
    role = _native(permissions.DEVELOPER, {"perms": permissions.BUILT_IN[permissions.DEVELOPER]})
    try:
        await stub.CreateRole(access.CreateRoleRequest(role=role), timeout=CALL_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        if reason_of(error) == "ROLE_EXISTS":
            return False
        raise
    return True


def perms_of(role: access.Role) -> permissions.Perms:
    """What a role may do, in the words that were written. One that was made or changed by other means has none."""
    try:
        kept = decode(role.attributes.get(DIALECT, "").encode(), ROLE)
    except JsonError:
        return []
    perms = _perms(kept)
    return perms if permissions.native(perms) == list(role.permissions) else []


def _native(name: str, body: dict[str, Any]) -> access.Role:
    perms = _perms(body)
    attributes = {DIALECT: msgspec.json.encode({"perms": perms}).decode()}
    return access.Role(name=name, permissions=permissions.native(perms), attributes=attributes)


def _perms(body: dict[str, Any]) -> permissions.Perms:
    return [perm or {} for perm in body.get("perms", [])]


def _view(role: access.Role, perms: permissions.Perms) -> dict[str, Any]:
    return {"name": role.name, **({"perms": perms} if perms else {}), **stamps(role)}


def stamps(made: access.User | access.Role) -> dict[str, str]:
    """When a user or a role was made and changed, and an id in the form of the original's, the same for as long as it is there."""
    named = f"{type(made).__name__}/{made.name}/{made.create_time.ToNanoseconds()}"
    return {
        "id": hashlib.blake2b(named.encode(), digest_size=16).hexdigest(),
        "createTime": str(made.create_time.seconds),
        "updateTime": str(made.update_time.seconds),
    }
