"""Users, roles and permissions, as the auth plugin of Nacos has them. All of it is for administrators."""

from collections.abc import Callable, Iterable
from typing import Any

import grpc.aio
from muster.admin.v1 import access_service_pb2 as access
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.errors import missing, unreadable
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.nacos.rights import ADMIN, NATIVE_ADMIN, native_permission, native_role, shown_permission, shown_role
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route

MAX_PAGE = 500
_USER = Parameter("username", "form", "name of the user", is_required=True)
_ROLE = Parameter("role", "form", f"name of the role; `{ADMIN}` for everything", is_required=True)
_RESOURCE = Parameter("resource", "form", "`namespace:group:naming/service`, `namespace:group:config/dataId`; `*` for any", True)
_ACTION = Parameter("action", "form", "`r`, `w` or `rw`", is_required=True)
_PAGE = (
    Parameter("pageNo", "query", "from 1", is_required=True),
    Parameter("pageSize", "query", f"1 to {MAX_PAGE}", is_required=True),
    Parameter("search", "query", "`blur`: names that contain the text; else equal ones"),
)


class NacosUsers:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._access = registry.access

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        user, role, permission = (f"/nacos/v3/auth/{name}" for name in ("user", "role", "permission"))
        new = Parameter("newPassword", "form", "the new password", is_required=True)
        password = Parameter("password", "form", "at least 8 bytes", is_required=True)
        right = (_ROLE, _RESOURCE, _ACTION)
        queried = tuple(Parameter(each.name, "query", each.text, each.is_required) for each in right)
        named = Parameter("username", "query", "only these"), Parameter("role", "query", "only these")
        page = "`data`: `totalCount`, `pageNumber`, `pagesAvailable`, `pageItems`"
        return (
            Route("POST", user, answering(self.create_user), "Make a user", (_USER, password), "`data`: text"),
            Route("DELETE", user, answering(self.delete_user), "Take a user away", (_USER,), "`data`: text"),
            Route("PUT", user, answering(self.set_password), "Give a user another password", (_USER, new), "`data`: text"),
            Route("GET", f"{user}/list", answering(self.list_users), "List users", (*_PAGE, named[0]), page),
            Route("GET", f"{user}/search", answering(self.search_users), "Names of users", named[:1], "`data`: array"),
            Route("POST", role, answering(self.grant), "Give a user a role, made if missing", (_ROLE, _USER), "`data`: text"),
            Route("DELETE", role, answering(self.revoke), "Take a role from a user, or from all", (_ROLE,), "`data`: text"),
            Route("GET", f"{role}/list", answering(self.list_roles), "List who has which role", (*_PAGE, *named), page),
            Route("GET", f"{role}/search", answering(self.search_roles), "Names of roles", named[1:], "`data`: array"),
            Route("POST", permission, answering(self.allow), "Permit a role something", right, "`data`: text"),
            Route("DELETE", permission, answering(self.forbid), "Permit it no more", right, "`data`: text"),
            Route("GET", permission, answering(self.is_permitted), "Whether a role has it", queried, "`data`: boolean"),
            Route("GET", f"{permission}/list", answering(self.list_permissions), "List permissions", (*_PAGE, named[1]), page),
        )

    async def create_user(self, request: Request) -> Response:
        """POST user."""
        name, password = await _required(request, "username", "password")
        await self._call(self._access.CreateUser, access.CreateUserRequest(user=access.User(name=name), password=password))
        return envelope(200, 0, "create user ok!")

    async def delete_user(self, request: Request) -> Response:
        """DELETE user. One that is not there is no error."""
        (name,) = await _required(request, "username")
        await self._call(self._access.DeleteUser, access.DeleteUserRequest(user=name), "USER_NOT_FOUND")
        return envelope(200, 0, "delete user ok!")

    async def set_password(self, request: Request) -> Response:
        """PUT user."""
        name, password = await _required(request, "username", "newPassword")
        await self._call(self._access.SetPassword, access.SetPasswordRequest(user=name, password=password))
        return envelope(200, 0, "update user ok!")

    async def list_users(self, request: Request) -> Response:
        """GET user/list. Passwords are not shown, and neither are their hashes. O(users)."""
        parameters = await Parameters.read(request)
        fits = _filter(parameters, "username")
        return _page(parameters, [{"username": user.name, "password": ""} for user in await self._users() if fits(user.name)])

    async def search_users(self, request: Request) -> Response:
        """GET user/search. O(users)."""
        text = (await Parameters.read(request)).first("username")
        return envelope(200, 0, [user.name for user in await self._users() if text in user.name])

    async def grant(self, request: Request) -> Response:
        """POST role."""
        role, user = await _required(request, "role", "username")
        native = native_role(role)
        if native != NATIVE_ADMIN:
            await self._call(self._access.CreateRole, access.CreateRoleRequest(role=access.Role(name=native)), "ROLE_EXISTS")
        await self._call(self._access.GrantRole, access.GrantRoleRequest(user=user, role=native))
        return envelope(200, 0, "add role ok!")

    async def revoke(self, request: Request) -> Response:
        """DELETE role: from one user, or the role itself if none is named."""
        (role,) = await _required(request, "role")
        native, user = native_role(role), (await Parameters.read(request)).text("username")
        if user:
            await self._call(self._access.RevokeRole, access.RevokeRoleRequest(user=user, role=native), "USER_NOT_FOUND")
            return envelope(200, 0, f"delete role of user {user} ok!")
        await self._call(self._access.DeleteRole, access.DeleteRoleRequest(role=native), "ROLE_NOT_FOUND")
        return envelope(200, 0, f"delete role {role} ok!")

    async def list_roles(self, request: Request) -> Response:
        """GET role/list: one entry for each user that has a role. O(users)."""
        parameters = await Parameters.read(request)
        fits_user, fits_role = _filter(parameters, "username"), _filter(parameters, "role")
        held = ((user.name, shown_role(role)) for user in await self._users() if fits_user(user.name) for role in user.roles)
        return _page(parameters, [{"role": role, "username": name} for name, role in held if fits_role(role)])

    async def search_roles(self, request: Request) -> Response:
        """GET role/search. O(roles)."""
        text = (await Parameters.read(request)).first("role")
        names = [ADMIN, *(role.name for role in await self._roles())]
        return envelope(200, 0, [name for name in names if text in name])

    async def allow(self, request: Request) -> Response:
        """POST permission."""
        role, permission = await _right(request)
        await self._call(self._access.AddPermission, access.AddPermissionRequest(role=role, permission=permission))
        return envelope(200, 0, "add permission ok!")

    async def forbid(self, request: Request) -> Response:
        """DELETE permission. One that is not there is no error."""
        role, permission = await _right(request)
        removal = access.RemovePermissionRequest(role=role, permission=permission)
        await self._call(self._access.RemovePermission, removal, "ROLE_NOT_FOUND")
        return envelope(200, 0, "delete permission ok!")

    async def is_permitted(self, request: Request) -> Response:
        """GET permission. O(roles)."""
        role, permission = await _right(request)
        return envelope(200, 0, any(one.name == role and permission in one.permissions for one in await self._roles()))

    async def list_permissions(self, request: Request) -> Response:
        """GET permission/list. O(permissions)."""
        parameters = await Parameters.read(request)
        fits = _filter(parameters, "role")
        permitted = ((role.name, one) for role in await self._roles() if fits(role.name) for one in role.permissions)
        return _page(parameters, [{"role": role, **shown_permission(one)} for role, one in permitted])

    async def _users(self) -> list[access.User]:
        request, found = access.ListUsersRequest(), []
        while True:
            page = await self._call(self._access.ListUsers, request)
            found.extend(page.users)
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def _roles(self) -> list[access.Role]:
        request, found = access.ListRolesRequest(), []
        while True:
            page = await self._call(self._access.ListRoles, request)
            found.extend(page.roles)
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def _call(self, method: Any, request: Any, *harmless: str) -> Any:
        """Make a call; None if it fails for a reason that makes no difference."""
        try:
            return await method(request, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) not in harmless:
                raise
            return None


async def _required(request: Request, *names: str) -> list[str]:
    parameters = await Parameters.read(request)
    values = [parameters.first(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not value.strip():
            raise missing(name, "String")
    return values


async def _right(request: Request) -> tuple[str, access.Permission]:
    role, resource, action = await _required(request, "role", "resource", "action")
    return native_role(role), native_permission(resource, action)


def _filter(parameters: Parameters, name: str) -> Callable[[str], bool]:
    text = parameters.first(name)
    if not text:
        return lambda _: True
    if parameters.first("search") == "blur":
        return lambda value: text.strip("*") in value
    return lambda value: value == text


def _page(parameters: Parameters, items: Iterable[dict[str, str]]) -> Response:
    number, size = (_positive(parameters, name) for name in ("pageNo", "pageSize"))
    if size > MAX_PAGE:
        raise unreadable("pageSize")
    found = list(items)
    shown = found[(number - 1) * size : number * size]
    pages = -(-len(found) // size)
    data = {"totalCount": len(found), "pageNumber": number, "pagesAvailable": pages, "pageItems": shown}
    return envelope(200, 0, data)


def _positive(parameters: Parameters, name: str) -> int:
    text = parameters.first(name).strip()
    if not text:
        raise missing(name, "int")
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise unreadable(name)
    return int(text)
