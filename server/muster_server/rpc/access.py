"""AccessService: who the caller is, users, and roles."""

from typing import Any

from google.protobuf.duration_pb2 import Duration
from muster.admin.v1 import access_service_pb2 as wire

from muster_server.access.authenticator import Authenticator
from muster_server.access.login_tokens import LOGIN_TTL_S, SIGNATURE_TTL_S
from muster_server.access.passwords import check_password
from muster_server.core.access_commands import (
    AddPermission,
    CreateRole,
    CreateUser,
    DeleteRole,
    DeleteUser,
    GrantRole,
    RemovePermission,
    RevokeRole,
    SetPassword,
)
from muster_server.core.access_model import ADMIN, MAX_USER_BYTES, Action, Permission, Resource, Role, User
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import DEFAULT_GROUP, DEFAULT_NAMESPACE, checked_text
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.gate import ACCESS, audit_write, is_admin, own_or_admin
from muster_server.rpc.paging import name_page

MAX_SIGNED_BYTES = 64 << 10


class AccessServicer:
    """Each method is documented in access_service.proto."""

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator

    async def login(self, request: wire.LoginRequest, call: Call) -> wire.LoginResponse:
        """A token for a password."""
        user = await self._authenticator.login(request.user, request.password, call.address)
        token = await self._authenticator.login_tokens.issued(user)
        return wire.LoginResponse(token=token, ttl=Duration(seconds=int(LOGIN_TTL_S)), admin=ADMIN in user.roles)

    async def create_first_user(self, request: wire.CreateFirstUserRequest, call: Call) -> wire.CreateFirstUserResponse:
        """The first administrator."""
        if self._engine.state.access.users:  # not worth a hash; the command looks again
            raise MusterError(Reason.USERS_EXIST, "there is a user already: administrators make the others")
        user = User(request.user, await self._hashed(request.password))
        created: User = await perform(self._engine, CreateUser(user, is_first=True))
        audit_write(f"{ACCESS}CreateFirstUser", call, request)
        return wire.CreateFirstUserResponse(user=_user(created))

    async def who_am_i(self, _: wire.WhoAmIRequest, call: Call) -> wire.WhoAmIResponse:
        """The caller."""
        user = self._engine.state.access.users.get(call.principal.name)
        expire_time = call.principal.expire_time
        return wire.WhoAmIResponse(
            user=call.principal.name,
            roles=user.roles if user is not None else (),
            admin=is_admin(self._engine, call),
            expire_time=timestamp(expire_time) if expire_time else None,
            authentication=call.gate is not None,
        )

    async def check_access(self, request: wire.CheckAccessRequest, call: Call) -> wire.CheckAccessResponse:
        """Whether the caller may."""
        require(request, "resource")
        asked = request.resource
        resource = Resource(asked.namespace or DEFAULT_NAMESPACE, asked.group or DEFAULT_GROUP, asked.kind, asked.name)
        return wire.CheckAccessResponse(allowed=self._engine.state.access.may(call.principal, _action(request.action), resource))

    async def verify_signature(self, request: wire.VerifySignatureRequest, call: Call) -> wire.VerifySignatureResponse:
        """A short token for whoever signed."""
        if len(request.signed_text) > MAX_SIGNED_BYTES:
            raise MusterError.invalid("signed_text", f"must not be longer than {MAX_SIGNED_BYTES} bytes")
        address = checked_text("caller_address", request.caller_address, 256) or call.address
        user = self._authenticator.signer(request.access_key_id, request.signed_text, request.signature, address)
        token = await self._authenticator.login_tokens.issued(user, SIGNATURE_TTL_S)
        return wire.VerifySignatureResponse(user=user.name, token=token, ttl=Duration(seconds=int(SIGNATURE_TTL_S)))

    async def create_user(self, request: wire.CreateUserRequest, _: Call) -> wire.CreateUserResponse:
        """A user."""
        require(request, "user")
        user = User(request.user.name, roles=tuple(request.user.roles))
        password_hash = await self._hashed(request.password) if request.password else ""
        created: User = await perform(self._engine, CreateUser(User(user.name, password_hash, user.roles)))
        return wire.CreateUserResponse(user=_user(created))

    async def set_password(self, request: wire.SetPasswordRequest, call: Call) -> wire.SetPasswordResponse:
        """Another password: of anybody if an administrator says so, else the caller's own, who knows the former one."""
        name = request.user or call.principal.name
        if not is_admin(self._engine, call):
            own_or_admin(self._engine, call, name)
            await self._authenticator.login(name, request.former_password, call.address)
        password_hash = await self._hashed(request.password)
        audit_write(f"{ACCESS}SetPassword", call, request)
        changed: User = await perform(self._engine, SetPassword(name, password_hash))
        return wire.SetPasswordResponse(user=_user(changed))

    async def delete_user(self, request: wire.DeleteUserRequest, _: Call) -> wire.DeleteUserResponse:
        """A user goes."""
        await perform(self._engine, DeleteUser(request.user))
        return wire.DeleteUserResponse()

    async def list_users(self, request: wire.ListUsersRequest, _: Call) -> wire.ListUsersResponse:
        """A page of users. O(users)."""
        users = self._engine.state.access.users
        names, token = name_page(users, _prefix(request), request.page_size, request.page_token)
        return wire.ListUsersResponse(users=[_user(users[name]) for name in names], next_page_token=token)

    async def grant_role(self, request: wire.GrantRoleRequest, _: Call) -> wire.GrantRoleResponse:
        """A user gets a role."""
        changed: User = await perform(self._engine, GrantRole(request.user, request.role))
        return wire.GrantRoleResponse(user=_user(changed))

    async def revoke_role(self, request: wire.RevokeRoleRequest, _: Call) -> wire.RevokeRoleResponse:
        """A user loses a role."""
        changed: User = await perform(self._engine, RevokeRole(request.user, request.role))
        return wire.RevokeRoleResponse(user=_user(changed))

    async def create_role(self, request: wire.CreateRoleRequest, _: Call) -> wire.CreateRoleResponse:
        """A role."""
        require(request, "role")
        role = Role(request.role.name, tuple(map(_permission, request.role.permissions)))
        created: Role = await perform(self._engine, CreateRole(role))
        return wire.CreateRoleResponse(role=_role(created))

    async def delete_role(self, request: wire.DeleteRoleRequest, _: Call) -> wire.DeleteRoleResponse:
        """A role goes."""
        await perform(self._engine, DeleteRole(request.role))
        return wire.DeleteRoleResponse()

    async def list_roles(self, request: wire.ListRolesRequest, _: Call) -> wire.ListRolesResponse:
        """A page of roles. O(roles)."""
        roles = self._engine.state.access.roles
        names, token = name_page(roles, _prefix(request), request.page_size, request.page_token)
        return wire.ListRolesResponse(roles=[_role(roles[name]) for name in names], next_page_token=token)

    async def add_permission(self, request: wire.AddPermissionRequest, _: Call) -> wire.AddPermissionResponse:
        """A role may do more."""
        require(request, "permission")
        changed: Role = await perform(self._engine, AddPermission(request.role, _permission(request.permission)))
        return wire.AddPermissionResponse(role=_role(changed))

    async def remove_permission(self, request: wire.RemovePermissionRequest, _: Call) -> wire.RemovePermissionResponse:
        """A role may do less."""
        require(request, "permission")
        changed: Role = await perform(self._engine, RemovePermission(request.role, _permission(request.permission)))
        return wire.RemovePermissionResponse(role=_role(changed))

    async def _hashed(self, password: str) -> str:
        return await self._authenticator.passwords.hashed(check_password("password", password))


def _prefix(request: Any) -> str:
    return checked_text("name_prefix", request.name_prefix, MAX_USER_BYTES)


def _action(number: int) -> Action:
    try:
        return Action(number)
    except ValueError:
        raise MusterError.invalid("action", f"no such action: {number}") from None


def _permission(message: wire.Permission) -> Permission:
    return Permission(message.resource, _action(message.action))


def _user(user: User) -> wire.User:
    return wire.User(name=user.name, roles=user.roles, has_password=bool(user.password_hash), revision=user.revision)


def _role(role: Role) -> wire.Role:
    permissions = [wire.Permission(resource=one.resource, action=int(one.action)) for one in role.permissions]  # type: ignore[arg-type]  # the numbers are the same
    return wire.Role(name=role.name, permissions=permissions, revision=role.revision)
