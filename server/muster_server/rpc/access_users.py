"""AccessService: users, their passwords, and who is locked out."""

from dataclasses import replace

from muster.admin.v1 import access_service_pb2 as wire

from muster_server.access.authenticator import Authenticator
from muster_server.core.access_commands import CreateUser, DeleteUser, GrantRole, RevokeRole, SetPassword
from muster_server.core.access_model import User
from muster_server.core.access_records import user_not_found
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import UPDATE, user_resource
from muster_server.rpc.access_wire import decode_prefix, decode_user, decode_user_change, user_message
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require
from muster_server.rpc.delegation import require_roles, require_user
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.gate import ACCESS, audit_write, is_admin
from muster_server.rpc.paging import MAX_PAGE, name_page, number_token, page_size


class UserServicer:
    """Each method is documented in access_service.proto."""

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator

    async def create_first_user(self, request: wire.CreateFirstUserRequest, call: Call) -> wire.CreateFirstUserResponse:
        """The first administrator."""
        if self._engine.state.access.users:  # not worth a hash; the command looks again
            raise MusterError(Reason.USERS_EXIST, "there is a user already: administrators make the others")
        user = User(request.user, await self._authenticator.passwords.set_hash(request.password))
        created: User = await perform(self._engine, CreateUser(user, is_first=True))
        audit_write(f"{ACCESS}CreateFirstUser", call, request)
        return wire.CreateFirstUserResponse(user=user_message(created))

    async def create_user(self, request: wire.CreateUserRequest, call: Call) -> wire.CreateUserResponse:
        """A user."""
        require(request, "user")
        user = decode_user(request.user)
        if request.password:
            user = replace(user, password_hash=await self._authenticator.passwords.set_hash(request.password))
        require_roles(self._engine, call, user.roles)
        created: User = await perform(self._engine, CreateUser(user))
        self._authenticator.lockouts.end(created.name)
        return wire.CreateUserResponse(user=user_message(created))

    async def get_user(self, request: wire.GetUserRequest, _: Call) -> wire.GetUserResponse:
        """One."""
        user = self._engine.state.access.users.get(request.user)
        if user is None:
            raise user_not_found(request.user)
        return wire.GetUserResponse(user=user_message(user))

    async def list_users(self, request: wire.ListUsersRequest, _: Call) -> wire.ListUsersResponse:
        """A page of users. O(users)."""
        users = self._engine.state.access.users
        names, token = name_page(users, decode_prefix(request), request.page_size, request.page_token)
        return wire.ListUsersResponse(users=[user_message(users[name]) for name in names], next_page_token=token)

    async def update_user(self, request: wire.UpdateUserRequest, call: Call) -> wire.UpdateUserResponse:
        """Change fields."""
        change = decode_user_change(request)
        require_user(self._engine, call, change.name)
        require_roles(self._engine, call, change.roles or ())
        changed: User = await perform(self._engine, change)
        return wire.UpdateUserResponse(user=user_message(changed))

    async def set_password(self, request: wire.SetPasswordRequest, call: Call) -> wire.SetPasswordResponse:
        """Another password: of anybody if the caller administers them, else the caller's own, who knows the former one."""
        name = request.user or call.principal.name
        is_own = name == call.principal.name and not is_admin(self._engine, call)
        if not is_own:
            call.require(UPDATE, user_resource(name))
        if is_own or request.former_password:
            await self._authenticator.login(name, request.former_password, call.address)
        password_hash = await self._authenticator.passwords.set_hash(request.password)
        if not is_own:
            require_user(self._engine, call, name)
        audit_write(f"{ACCESS}SetPassword", call, request)
        changed: User = await perform(self._engine, SetPassword(name, password_hash))
        self._authenticator.lockouts.end(name)
        return wire.SetPasswordResponse(user=user_message(changed))

    async def delete_user(self, request: wire.DeleteUserRequest, call: Call) -> wire.DeleteUserResponse:
        """A user goes."""
        require_user(self._engine, call, request.user)
        await perform(self._engine, DeleteUser(request.user))
        return wire.DeleteUserResponse()

    async def grant_role(self, request: wire.GrantRoleRequest, call: Call) -> wire.GrantRoleResponse:
        """A user gets a role."""
        require_user(self._engine, call, request.user)
        require_roles(self._engine, call, (request.role,))
        changed: User = await perform(self._engine, GrantRole(request.user, request.role))
        return wire.GrantRoleResponse(user=user_message(changed))

    async def revoke_role(self, request: wire.RevokeRoleRequest, call: Call) -> wire.RevokeRoleResponse:
        """A user loses a role."""
        require_user(self._engine, call, request.user)
        changed: User = await perform(self._engine, RevokeRole(request.user, request.role))
        return wire.RevokeRoleResponse(user=user_message(changed))

    async def list_lockouts(self, request: wire.ListLockoutsRequest, _: Call) -> wire.ListLockoutsResponse:
        """A page of those who are locked out. A page token counts the entries before. O(lockouts)."""
        size, start = page_size(request.page_size, MAX_PAGE), number_token(request.page_token)
        found, wall_s = self._authenticator.lockouts.current(), self._engine.wall_s()
        return wire.ListLockoutsResponse(
            lockouts=[
                wire.Lockout(user=one.user, address=one.address, end_time=timestamp(wall_s + one.remaining_s))
                for one in found[start : start + size]
            ],
            next_page_token=str(start + size) if len(found) > start + size else "",
        )

    async def end_lockout(self, request: wire.EndLockoutRequest, call: Call) -> wire.EndLockoutResponse:
        """A user may log in again. Whoever could lift it from an administrator's account could go on guessing at it."""
        if request.user in self._engine.state.access.users:
            require_user(self._engine, call, request.user)
        self._authenticator.lockouts.end(request.user)
        return wire.EndLockoutResponse()
