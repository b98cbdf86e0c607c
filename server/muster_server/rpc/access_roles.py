"""AccessService: roles and their permissions."""

from muster.admin.v1 import access_service_pb2 as wire

from muster_server.core.access_commands import AddPermission, CreateRole, DeleteRole, RemovePermission
from muster_server.core.access_model import ADMIN, Role
from muster_server.core.access_records import role_built_in, role_not_found
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_wire import decode_permission, decode_prefix, decode_role, decode_role_change, role_message
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require
from muster_server.rpc.delegation import require_permissions, require_roles
from muster_server.rpc.paging import name_page


class RoleServicer:
    """Each method is documented in access_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_role(self, request: wire.CreateRoleRequest, call: Call) -> wire.CreateRoleResponse:
        """A role."""
        require(request, "role")
        role = decode_role(request.role)
        require_permissions(self._engine, call, role.permissions)
        created: Role = await perform(self._engine, CreateRole(role))
        return wire.CreateRoleResponse(role=role_message(created))

    async def get_role(self, request: wire.GetRoleRequest, _: Call) -> wire.GetRoleResponse:
        """One."""
        if request.role == ADMIN:
            raise role_built_in()
        role = self._engine.state.access.roles.get(request.role)
        if role is None:
            raise role_not_found(request.role)
        return wire.GetRoleResponse(role=role_message(role))

    async def list_roles(self, request: wire.ListRolesRequest, _: Call) -> wire.ListRolesResponse:
        """A page of roles. O(roles)."""
        roles = self._engine.state.access.roles
        names, token = name_page(roles, decode_prefix(request), request.page_size, request.page_token)
        return wire.ListRolesResponse(roles=[role_message(roles[name]) for name in names], next_page_token=token)

    async def update_role(self, request: wire.UpdateRoleRequest, call: Call) -> wire.UpdateRoleResponse:
        """Change fields."""
        change = decode_role_change(request)
        require_roles(self._engine, call, (change.name,))
        require_permissions(self._engine, call, change.permissions or ())
        changed: Role = await perform(self._engine, change)
        return wire.UpdateRoleResponse(role=role_message(changed))

    async def delete_role(self, request: wire.DeleteRoleRequest, call: Call) -> wire.DeleteRoleResponse:
        """A role goes."""
        require_roles(self._engine, call, (request.role,))
        await perform(self._engine, DeleteRole(request.role, request.only_unused))
        return wire.DeleteRoleResponse()

    async def add_permission(self, request: wire.AddPermissionRequest, call: Call) -> wire.AddPermissionResponse:
        """A role may do more."""
        require(request, "permission")
        permission = decode_permission(request.permission)
        require_roles(self._engine, call, (request.role,))
        require_permissions(self._engine, call, (permission,))
        changed: Role = await perform(self._engine, AddPermission(request.role, permission))
        return wire.AddPermissionResponse(role=role_message(changed))

    async def remove_permission(self, request: wire.RemovePermissionRequest, call: Call) -> wire.RemovePermissionResponse:
        """A role may do less."""
        require(request, "permission")
        require_roles(self._engine, call, (request.role,))
        permission = decode_permission(request.permission)
        changed: Role = await perform(self._engine, RemovePermission(request.role, permission))
        return wire.RemovePermissionResponse(role=role_message(changed))
