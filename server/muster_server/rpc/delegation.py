"""Administering without being an administrator: nobody may give what they have not, nor change who has more than they.

Without it, who may change users could make themselves administrators, or take another's account over by its password. Source: the
same rule of Kubernetes (`escalate` and `bind` in its RBAC).
"""

from collections.abc import Iterable

from muster_server.core.access_model import ADMIN, Permission
from muster_server.core.access_records import role_not_found, user_not_found
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.gate import denied, is_admin


def require_roles(engine: Engine, call: Call, roles: Iterable[str]) -> None:
    """Raises MusterError (PERMISSION_DENIED) unless the caller may do all that these roles allow.

    One that is unknown is refused here (ROLE_NOT_FOUND): it may be on its way to the disk, with what nobody can know yet.
    """
    if is_admin(engine, call):
        return
    for name in roles:
        if name == ADMIN:
            denied(call, f"something with role {ADMIN}")
        role = engine.state.access.roles.get(name)
        if role is None:
            raise role_not_found(name)
        require_permissions(engine, call, role.permissions)


def require_permissions(engine: Engine, call: Call, permissions: Iterable[Permission]) -> None:
    """Raises MusterError (PERMISSION_DENIED) unless the caller may do all that these permissions allow."""
    if not engine.state.access.may_all(call.principal, permissions):
        denied(call, "something with permissions that they have not themselves")


def require_user(engine: Engine, call: Call, name: str) -> None:
    """Raises MusterError (PERMISSION_DENIED) unless the caller may do all that a user may; USER_NOT_FOUND for the same reason."""
    if is_admin(engine, call):
        return
    user = engine.state.access.users.get(name)
    if user is None:
        raise user_not_found(name)
    require_roles(engine, call, user.roles)
