"""What can be asked of access, and what can happen to it: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from muster_server.core.access_model import AccessKey, ApiToken, Permission, Role, SigningKey, User


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Make a user. Answers the User. `is_first`: only if there is none yet, and as administrator."""

    user: User
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Give a user another password. Answers the User. Logins with the former one end."""

    name: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """Change what is given of a user; None leaves as it is. Answers the User."""

    name: str
    roles: tuple[str, ...] | None = None
    is_suspended: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """Take a user away, with tokens and access keys. Answers the User."""

    name: str


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Give a user a role. Answers the User."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Take a role from a user. Answers the User."""

    user: str
    role: str


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Make a role. Answers the Role."""

    role: Role


@dataclass(frozen=True, slots=True)
class UpdateRole:
    """Change what is given of a role; None leaves as it is. Answers the Role."""

    name: str
    permissions: tuple[Permission, ...] | None = None
    attributes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DeleteRole:
    """Take a role away, from its holders too. Answers the Role. `only_unused`: only if nobody has it."""

    name: str
    only_unused: bool = False


@dataclass(frozen=True, slots=True)
class AddPermission:
    """Allow a role something. Answers the Role."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class RemovePermission:
    """Do not allow it any more. Answers the Role."""

    role: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class CreateToken:
    """Make an API token. Answers the ApiToken."""

    token: ApiToken


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """Make an API token worthless. Answers the ApiToken that was."""

    token_id: str


@dataclass(frozen=True, slots=True)
class CreateAccessKey:
    """Make an access key. Answers the AccessKey."""

    key: AccessKey


@dataclass(frozen=True, slots=True)
class DeleteAccessKey:
    """Make an access key worthless. Answers the AccessKey that was."""

    key_id: str


@dataclass(frozen=True, slots=True)
class RotateSigningKey:
    """Sign with this key from now on, and forget those that nothing valid is signed with. Answers the SigningKey."""

    key: SigningKey
    forgotten: tuple[str, ...] = ()


UserCommand = CreateUser | SetPassword | UpdateUser | DeleteUser | GrantRole | RevokeRole
RoleCommand = CreateRole | UpdateRole | DeleteRole | AddPermission | RemovePermission
KeyCommand = CreateToken | RevokeToken | CreateAccessKey | DeleteAccessKey | RotateSigningKey
AccessCommand = UserCommand | RoleCommand | KeyCommand
AccessRecord = User | Role | ApiToken | AccessKey | SigningKey


@dataclass(frozen=True, slots=True)
class AccessPut:
    """Something is so from now on."""

    record: AccessRecord


@dataclass(frozen=True, slots=True)
class AccessRemoved:
    """Something is no more."""

    record: AccessRecord
    revision: int


AccessEvent = AccessPut | AccessRemoved
